use super::*;

#[test]
fn one_address_block_holds_its_share_and_gives_it_back() {
    let connections = Connections::bounded(100, 2);
    let cases = [
        // first, same block, other block
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"),
    ];
    for (first, same, other) in cases {
        let [first, same, other] = [first, same, other].map(|text| text.parse::<IpAddr>().unwrap());
        let held = [connections.admit(first, false), connections.admit(same, false)];
        assert!(held.iter().all(Option::is_some));
        assert!(connections.admit(first, false).is_none(), "edge/S9: {first}");
        assert!(connections.admit(first, true).is_some(), "edge/S9: a trusted proxy is exempt");
        assert!(connections.admit(other, false).is_some(), "{other} is another block");
        drop(held);
        assert!(connections.admit(first, false).is_some());
    }
    assert_eq!(connections.counts(), Counts { accepted: 12, closed: [2, 0, 0, 0, 0], ..Counts::default() });
    assert!(connections.shards.iter().all(|shard| shard.lock().unwrap().is_empty()), "no entry stays");
}

#[test]
fn the_whole_process_has_a_cap() {
    let connections = Connections::bounded(1, 10);
    assert!(connections.has_room());
    let permit = connections.admit("192.0.2.1".parse().unwrap(), false);
    assert!(!connections.has_room(), "edge/S9");
    drop(permit);
    assert!(connections.has_room());
}
