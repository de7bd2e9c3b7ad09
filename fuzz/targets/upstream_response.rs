//! `portcullis_fuzz::upstream_response` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::upstream_response::check(data));
