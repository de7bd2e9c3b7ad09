use super::*;
use std::net::Ipv6Addr;

const MAX: u64 = HELD_STEP * HELD_SHARE * 4;

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

#[test]
fn what_is_held_is_given_back() {
    let budget = Budget::new(MAX);
    let mut share = budget.share(address(1));
    share.cover(0).unwrap();
    assert_eq!(budget.used(), 0, "nothing held, nothing charged");
    share.cover(1).unwrap();
    share.cover(HELD_STEP).unwrap();
    assert_eq!(budget.used(), HELD_STEP, "one step covers both");
    share.cover(HELD_STEP + 1).unwrap();
    assert_eq!(budget.used(), 2 * HELD_STEP);
    drop(share);
    assert_eq!(budget.used(), 0);
    assert!(budget.addresses.iter().all(|table| table.lock().unwrap().is_empty()), "no address is kept");
}

#[test]
fn one_address_never_gets_more_than_its_part() {
    let budget = Budget::new(MAX);
    let mut shares: Vec<Share> = (0..5).map(|_| budget.share(address(1))).collect();
    let granted = shares.iter_mut().filter_map(|share| share.cover(1).ok()).count();
    assert_eq!(granted, 4, "a twentieth of the budget is four steps");
    budget.share(address(2)).cover(1).unwrap();
    shares.pop();
    shares.pop();
    shares.push(budget.share(address(1)));
    shares.last_mut().unwrap().cover(1).unwrap();
}

#[test]
fn all_addresses_together_never_get_more_than_the_budget() {
    let budget = Budget::new(MAX);
    let mut shares: Vec<Share> = (0..=200).map(|last| budget.share(address(last))).collect();
    let granted = shares.iter_mut().filter_map(|share| share.cover(HELD_STEP).ok()).count();
    assert_eq!(granted as u64, MAX / HELD_STEP);
    assert_eq!(budget.used(), MAX);
    drop(shares);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_network_of_ipv6_is_one_client() {
    let client = |low: u64| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | u128::from(low)));
    assert_eq!(network(client(1)), network(client(u64::MAX)));
    assert_ne!(network(client(1)), network(IpAddr::V6(Ipv6Addr::LOCALHOST)));
}
