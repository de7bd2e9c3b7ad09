//! `portcullis_fuzz::forwarded` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::forwarded::check(data));
