//! `portcullis_fuzz::guard_h1` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::guard_h1::check(data));
