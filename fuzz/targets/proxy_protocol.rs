//! `portcullis_fuzz::proxy_protocol` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::proxy_protocol::check(data));
