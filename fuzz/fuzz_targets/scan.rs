#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firstseen_guest_fuzz::check_scan(data));
