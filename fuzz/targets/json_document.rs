//! `portcullis_fuzz::json_document` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::json_document::check(data));
