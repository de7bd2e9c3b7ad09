//! `portcullis_fuzz::schema` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::schema::check(data));
