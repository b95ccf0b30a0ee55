#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firstseen_fuzz::plain::check(data));
