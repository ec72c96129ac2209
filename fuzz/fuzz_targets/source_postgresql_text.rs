#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::source_targets::postgresql_text(bytes));
