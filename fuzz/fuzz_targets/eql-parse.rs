//! Any text parses to a tree whose places are right or fails, and a failure can be shown.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstseen_fuzz::eql::parse(text));
