//! `portcullis_fuzz::multipart` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::multipart::check(data));
