//! Any text parses or fails, and a failure can be shown.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstseen_fuzz::kql::parse(text));
