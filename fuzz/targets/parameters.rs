//! `portcullis_fuzz::parameters` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::parameters::check(data));
