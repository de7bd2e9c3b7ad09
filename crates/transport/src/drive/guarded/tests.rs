use super::*;
use crate::drive::Protocol;
use crate::listener::Facts;
use crate::wheel::Wheel;
use std::time::Duration;

#[test]
fn what_hyper_was_not_given_follows_what_it_held() {
    let address = "127.0.0.1:1".parse().unwrap();
    let facts = Facts {
        id: 0,
        address,
        tls: false,
        internal: false,
        redirect_to_https: false,
        h2c: false,
        proxy_protocol: false,
        requests_per_address: None,
    };
    let timer = Wheel::new(Duration::from_millis(100)).timer();
    let connection = Connection::new(address, facts, std::sync::Arc::default(), Protocol::Http1, None, timer);
    let cases = [
        // held by hyper, in front of the socket, unread in all
        ("", "", ""),
        ("held", "", "held"),
        ("", "first", "first"),
        ("held", "first", "heldfirst"),
    ];
    for (held, prefix, expected) in cases {
        let mut guarded = Guarded::new((), Rc::clone(&connection), prefix.into());
        assert_eq!(guarded.unread(held.into()), expected);
        assert_eq!(guarded.unread(Bytes::new()), "", "taken once");
    }
}
