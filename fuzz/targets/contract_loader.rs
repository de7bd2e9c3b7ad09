//! `portcullis_fuzz::contract_loader` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_fuzz::contract_loader::check(data));
