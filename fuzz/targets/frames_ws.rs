//! `portcullis_fuzz::frames_ws` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::frames_ws::check(data));
