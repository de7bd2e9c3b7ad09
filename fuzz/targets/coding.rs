//! `portcullis_fuzz::coding` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::coding::check(data));
