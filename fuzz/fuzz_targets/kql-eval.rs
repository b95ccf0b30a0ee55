//! A program says of an event what its tree says.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstseen_fuzz::kql::eval(text));
