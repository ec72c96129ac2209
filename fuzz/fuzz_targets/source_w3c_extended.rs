#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::source_targets::w3c_extended(bytes));
