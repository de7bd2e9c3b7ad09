//! `portcullis_fuzz::chunks` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::chunks::check(data));
