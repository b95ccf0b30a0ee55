//! A condition says the same of an event in whatever way it is answered.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstseen_fuzz::eql::eval(text));
