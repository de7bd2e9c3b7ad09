use super::*;

fn verdict(status: u16, fields: &[(&'static str, &'static str)], upgrade: bool) -> Option<Reason> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    judge(StatusCode::from_u16(status).unwrap(), &headers, upgrade).err().map(|(reason, _)| reason)
}

#[test]
fn only_one_reading_of_the_length_passes() {
    let malformed = Some(Reason::UpstreamMalformed);
    type Case = (&'static [(&'static str, &'static str)], Option<Reason>);
    let cases: [Case; 12] = [
        (&[], None),
        (&[("content-length", "0")], None),
        (&[("content-length", "9999999999999999999")], None),
        (&[("transfer-encoding", "chunked")], None),
        (&[("transfer-encoding", "CHUNKED")], None),
        (&[("content-length", "")], malformed),
        (&[("content-length", "99999999999999999999")], malformed),
        (&[("content-length", "0x10")], malformed),
        (&[("content-length", "2"), ("transfer-encoding", "chunked")], malformed), // edge/HR1
        (&[("content-length", "2"), ("content-length", "2")], malformed),          // edge/HR2
        (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], malformed),
        (&[("transfer-encoding", "identity")], malformed), // edge/HR11
    ];
    for (fields, expected) in cases {
        for status in [200, 204, 304, 500] {
            assert_eq!(verdict(status, fields, false), expected, "{status} {fields:?}");
        }
    }
}

#[test]
fn only_final_responses_and_a_wanted_101_pass() {
    let malformed = Some(Reason::UpstreamMalformed);
    let cases = [
        (200, false, None),
        (599, false, None),
        (101, true, None),
        (101, false, Some(Reason::UpstreamInterim)), // edge/HR6
        (407, false, malformed),                     // edge/P20
        (600, false, malformed),                     // edge/HR8
        (999, false, malformed),
        (100, false, malformed),
    ];
    for (status, upgrade, expected) in cases {
        assert_eq!(verdict(status, &[], upgrade), expected, "{status}");
    }
}
