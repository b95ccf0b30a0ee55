#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| firstseen_state_file::fuzzing::check(data));
