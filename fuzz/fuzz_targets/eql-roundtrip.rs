//! A tree is printed as text that parses to the same tree.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstseen_fuzz::eql::roundtrip(text));
