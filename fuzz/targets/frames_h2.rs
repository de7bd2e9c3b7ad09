//! `portcullis_fuzz::frames_h2` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::frames_h2::check(data));
