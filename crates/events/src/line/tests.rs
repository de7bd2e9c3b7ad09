use super::*;
use portcullis_core::record::Finding;
use portcullis_core::{ApiId, Control, Mode, Operation, OperationId, Reason, RequestId, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

fn record() -> Record {
    Record::open(RequestId(uuid::Uuid::nil()), 1_764_055_395_000_042, http::Method::GET)
}

fn line(record: &Record, names: &Names<'_>) -> Value {
    let mut out = Vec::new();
    write(&mut out, record, names, &mut Second::default());
    assert_eq!(out.pop(), Some(b'\n'));
    assert!(!out.contains(&b'\n'), "one exchange, one line");
    serde_json::from_slice(&out).expect("JSON")
}

#[test]
fn a_denied_exchange_names_control_reason_and_mode() {
    let operation = Operation {
        id: OperationId(0),
        api: ApiId(0),
        name: "getOrder".into(),
        method: http::Method::GET,
        template: "/orders/{orderId}".into(),
    };
    let mut denied = record();
    denied.verdict = Verdict::Deny;
    denied.reason = Some(Reason::TargetAmbiguous);
    denied.mode = Mode::Enforce;
    denied.status = 400;
    denied.client = "192.0.2.7".parse().expect("address");
    denied.note(Finding { control: Control::RoutingOperation, reason: Reason::OperationUnknown });
    let found = line(&denied, &Names { api: Some("shop"), operation: Some(&operation), upstream: None });
    assert_eq!(
        found,
        json!({
            "time": "2025-11-25T07:23:15.000042Z", "id": "00000000-0000-0000-0000-000000000000", "api": "shop",
            "operation": "getOrder", "template": "/orders/{orderId}", "client": "192.0.2.7", "method": "GET", "http": 1,
            "status": 400, "verdict": "deny", "control": "transport.target", "reason": "transport.target_ambiguous",
            "mode": "enforce", "monitored": [{"control": "routing.operation", "reason": "routing.operation_unknown"}],
            "attempts": 0, "bytes_in": 0, "bytes_out": 0, "micros": {"decided": 0, "answered": 0, "ended": 0}, "snapshot": 0
        })
    );
}

proptest! {
    /// Whatever a document or a peer names, the line stays one line of JSON that says the same.
    #[test]
    fn any_text_survives(api in ".*", detail in "(?s).*", micros in 0_u64..4_000_000_000_000_000) {
        let mut some = record();
        some.detail = Some(detail.clone().into());
        some.started_at = micros;
        let found = line(&some, &Names { api: Some(&api), operation: None, upstream: None });
        prop_assert_eq!(&found["api"], &json!(api));
        prop_assert_eq!(&found["detail"], &json!(detail));
        let time: jiff::Timestamp = found["time"].as_str().expect("time").parse().expect("RFC 3339");
        prop_assert_eq!(u64::try_from(time.as_microsecond()).expect("after the epoch"), micros);
    }
}
