//! Any pattern is a regular expression or is refused, and no text is too much for it.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstseen_fuzz::eql::regex(text));
