//! Which endpoint a request goes to (edge/P10).

use super::*;

#[test]
fn the_less_busy_endpoint_gets_more() {
    run(async {
        let fakes = [Fake::new().await, Fake::new().await];
        let gateway = Gateway::to(&[&fakes[0], &fakes[1]]);
        let view = gateway.pools.view(&gateway.upstream);
        let chosen = |tried: &[u16]| gateway.pools.choose(&view, &gateway.upstream, tried).map(|choice| choice.index);
        let _busy: Vec<_> = (0..3).map(|_| view.slots[1].enter()).collect();
        for _ in 0..100 {
            assert_eq!(chosen(&[]), Some(0));
        }
        let _busier: Vec<_> = (0..5).map(|_| view.slots[0].enter()).collect();
        assert_eq!(chosen(&[]), Some(1));
        assert_eq!(chosen(&[1]), Some(0), "tried already");
        assert_eq!(chosen(&[0, 1]), None);
    });
}

/// Sends so many requests, up to `at_once` at a time, to endpoints that take so many microseconds, in the time of the clock;
/// how many each got.
fn simulate(gateway: &Gateway, takes: [u64; 3], at_once: usize, requests: usize) -> [usize; 3] {
    let view = gateway.pools.view(&gateway.upstream);
    let (mut got, mut running, mut left) = ([0_usize; 3], Vec::new(), 0..requests);
    loop {
        while running.len() < at_once && left.next().is_some() {
            let choice = gateway.pools.choose(&view, &gateway.upstream, &[]).unwrap();
            let ends = gateway.upstream.now().saturating_add(takes[choice.index]);
            running.push((ends, choice, view.slots[choice.index].enter()));
            got[choice.index] = got[choice.index].saturating_add(1);
        }
        running.sort_by_key(|(ends, ..)| *ends);
        if running.is_empty() {
            break;
        }
        let (ends, choice, busy) = running.remove(0);
        gateway.clock.advance(Duration::from_micros(ends.saturating_sub(gateway.upstream.now())));
        let now = gateway.upstream.now();
        busy.slot().observe(now.saturating_sub(choice.at), now, true);
    }
    got
}

fn three() -> Gateway {
    Gateway::new(&settings(&[1, 2, 3].map(|host| format!("http://10.0.0.{host}:8000"))))
}

#[test]
fn one_of_three_that_is_ten_times_slower_gets_less_than_a_tenth() {
    for at_once in [1, 2, 8, 64, 256] {
        for slow in 0..3 {
            let mut takes = [1_000; 3];
            takes[slow] = 10_000;
            let got = simulate(&three(), takes, at_once, 10_000);
            assert!(got[slow] < 1_000, "{got:?}, {at_once} at once");
            assert!(got[slow] > 0, "it was tried");
        }
    }
}

#[test]
fn equals_get_equal_shares() {
    for at_once in [1, 8, 64] {
        let got = simulate(&three(), [1_000; 3], at_once, 9_000);
        assert!(got.iter().all(|got| (2_000..4_000).contains(got)), "{got:?}, {at_once} at once");
    }
}

#[test]
fn an_endpoint_that_is_quick_again_gets_its_share_again() {
    let gateway = three();
    simulate(&gateway, [1_000, 1_000, 100_000], 8, 10_000);
    gateway.clock.advance(Duration::from_secs(60));
    let got = simulate(&gateway, [1_000; 3], 8, 9_000);
    assert!(got[2] > 1_500, "{got:?}");
}

#[test]
fn an_endpoint_that_fails_quickly_is_not_preferred() {
    let gateway = three();
    let view = gateway.pools.view(&gateway.upstream);
    view.slots.iter().for_each(|slot| slot.observe(1_000, gateway.upstream.now(), true));
    gateway.clock.advance(Duration::from_secs(1));
    view.slots[2].observe(10, gateway.upstream.now(), false);
    let chosen = |_: &usize| gateway.pools.choose(&view, &gateway.upstream, &[]).unwrap().index == 2;
    let often = (0..1_000).filter(chosen).count();
    assert!(often < 450, "{often} of 1000: a third is its share");
}
