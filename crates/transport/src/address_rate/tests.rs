use super::*;
use proptest::prelude::*;

const ALICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn ipv6(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// How many of `count` tokens are given at one moment.
fn given(buckets: &Buckets, address: IpAddr, pace: Pace, count: u32, now: u64) -> u32 {
    (0..count).map(|_| u32::from(buckets.take(address, 0, pace, now))).sum()
}

#[test]
fn a_burst_then_the_rate() {
    let (buckets, pace) = (Buckets::default(), Pace::new(10, 5));
    assert_eq!(given(&buckets, ALICE, pace, 9, 1), 5, "a full bucket");
    assert_eq!(given(&buckets, ALICE, pace, 9, 50_000), 0, "half an interval later");
    assert_eq!(given(&buckets, ALICE, pace, 9, 200_001), 2, "two intervals later");
    assert_eq!(given(&buckets, ALICE, pace, 9, 10_000_000), 5, "never more than full");
}

#[test]
fn addresses_and_purposes_have_buckets_of_their_own() {
    let (buckets, pace) = (Buckets::default(), Pace::new(1, 1));
    assert!(buckets.take(ALICE, 0, pace, 1));
    assert!(!buckets.take(ALICE, 0, pace, 1));
    assert!(buckets.take(ALICE, 1, pace, 1), "another listener");
    assert!(!buckets.take(ipv6("::ffff:192.0.2.1"), 0, pace, 1), "the same address in IPv6 clothing");
    assert!(buckets.take(ipv6("2001:db8::1"), 0, pace, 1));
    assert!(!buckets.take(ipv6("2001:db8::ffff:0:1"), 0, pace, 1), "the same /64");
    assert!(buckets.take(ipv6("2001:db8:0:1::1"), 0, pace, 1), "another /64");
}

#[test]
fn a_full_set_forgets_the_bucket_that_is_nearest_to_full() {
    let (buckets, pace) = (Buckets::with_sets(1), Pace::new(1, 100));
    let address = |n: usize| IpAddr::V4(std::net::Ipv4Addr::from_bits(u32::try_from(n).unwrap()));
    for n in 0..WAYS {
        assert_eq!(given(&buckets, address(n), pace, 100, 1), 100, "{n}");
    }
    assert!(!buckets.take(address(3), 0, pace, 1), "known");
    assert!(buckets.take(address(100), 0, pace, 1), "a new address is served");
    let forgotten = (0..WAYS).filter(|n| buckets.take(address(*n), 0, pace, 1)).count();
    assert!(forgotten <= 2, "at most the one whose place was taken, and the one that its return took: {forgotten}");
}

#[test]
fn moments_that_wrapped_are_full_buckets() {
    let (buckets, pace) = (Buckets::default(), Pace::new(1, 3600));
    let last = MOMENT / PER_MICRO;
    assert_eq!(given(&buckets, ALICE, pace, 4000, last), 3600, "across the wrap");
    assert_eq!(given(&buckets, ALICE, pace, 9, last + 2_000_000), 2, "two seconds after it");
    assert_eq!(given(&buckets, ALICE, pace, 4000, last + 4_000_000_000), 3600, "long after it");
}

#[test]
fn settings_that_say_nothing_useful_are_refused() {
    #[derive(Deserialize)]
    struct File {
        limit: Option<Spanned<ScalarOr<Config>>>,
    }
    let cases = [
        // yaml, what it means, part of the message
        ("limit: ~\n", Some(Pace::new(ADDRESS_RATE, ADDRESS_BURST)), ""),
        ("limit: off\n", None, ""),
        ("limit: { rate: 5/s, burst: 7 }\n", Some(Pace::new(5, 7)), ""),
        ("limit: never\n", None, "`never` is not a rate by address"),
        ("limit: { rate: 5/s, burst: 0 }\n", Some(Pace::new(5, 0)), "a burst of `0`"),
        ("limit: { rate: 1/s, burst: 3601 }\n", Some(Pace::new(1, 3601)), "a burst of `3601`"),
    ];
    for (yaml, expected, message) in cases {
        let file: File = serde_saphyr::from_str(yaml).unwrap();
        let mut findings = Vec::new();
        assert_eq!(compile(file.limit.as_ref(), &mut findings), expected, "{yaml}");
        assert_eq!(findings.iter().map(|finding| finding.message.as_str()).collect::<String>(), message, "{yaml}");
    }
}

proptest! {
    /// Whatever the times of its requests, an address never gets more than `burst + rate × elapsed`.
    #[test]
    fn never_more_than_burst_and_rate(rate in 1_u32..100_000, burst in 1_u32..50, steps in prop::collection::vec(0_u64..100_000, 1..200)) {
        let (buckets, pace) = (Buckets::with_sets(1), Pace::new(rate, burst));
        let (mut now, mut given) = (7_u64, 0_u128);
        for step in steps {
            now = now.saturating_add(step);
            given = given.saturating_add(u128::from(buckets.take(ALICE, 0, pace, now)));
            // The interval is rounded down to a sixteenth of a microsecond.
            let interval = u128::from(PER_SECOND.div_euclid(u64::from(rate)));
            let elapsed = u128::from(now.saturating_sub(7).saturating_mul(PER_MICRO));
            prop_assert!(given.saturating_sub(u128::from(burst)).saturating_mul(interval) <= elapsed.saturating_add(interval));
        }
    }
}
