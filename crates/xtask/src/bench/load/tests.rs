use super::{Outcome, parse};

const SUMMARY: &str = "\
TLS Protocol: TLSv1.3
Cipher: TLS_AES_256_GCM_SHA384
Server Temp Key: X25519 253 bits
Application protocol: h2

finished in 1.00s, 66130.00 req/s, 11.79MB/s
requests: 66130 total, 66194 started, 66130 done, 66128 succeeded, 2 failed, 2 errored, 0 timeout
status codes: 66128 2xx, 0 3xx, 0 4xx, 2 5xx
traffic: 11.79MB (12366310) total, 7.25MB (7605870) headers (space savings 0.00%), 2.08MB (2182554) data
";

#[test]
fn a_summary_is_read() {
    let expected = Outcome {
        answered: 66128,
        failed: 2,
        content_bytes: 2_182_554,
        protocol: "h2".to_owned(),
        cipher: Some("TLSv1.3 TLS_AES_256_GCM_SHA384".to_owned()),
    };
    assert_eq!(parse(SUMMARY), Some(expected));
}

#[test]
fn requests_that_got_no_answer_count_as_failed() {
    let text = SUMMARY.replace("66130 done, 66128 succeeded, 2 failed", "66130 done, 66128 succeeded, 9 failed");
    assert_eq!(parse(&text).map(|outcome| outcome.failed), Some(9));
}

#[test]
fn a_summary_cut_short_is_none() {
    let (head, _) = SUMMARY.split_once("traffic").unwrap();
    assert_eq!(parse(head), None);
}
