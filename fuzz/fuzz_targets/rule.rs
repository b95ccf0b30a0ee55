#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firstseen_fuzz::guest::check_rule(data));
