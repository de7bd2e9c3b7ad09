//! When a breaker opens, and how it closes again (edge/P8).

use super::*;

/// A breaker and its time, which begins well after 0.
fn breaker() -> (Breaker, Clock) {
    (Breaker::new(BreakerSettings::default()), Clock::manual(1_000_000_000))
}

/// Sends requests, so many of which fail.
fn send(breaker: &Breaker, clock: &Clock, failed: usize, well: usize) -> Option<Change> {
    let outcomes = std::iter::repeat_n(false, well).chain(std::iter::repeat_n(true, failed));
    outcomes.filter_map(|is_failed| breaker.admit(clock).unwrap().settle(is_failed)).last()
}

fn opened() -> (Breaker, Clock) {
    let (breaker, clock) = breaker();
    assert_eq!(send(&breaker, &clock, 20, 0), Some(Change::Opened));
    (breaker, clock)
}

#[test]
fn it_opens_at_half_of_twenty_within_ten_seconds() {
    let cases = [
        // failed, well, seconds in between, opens, why
        (19, 0, 0, false, "fewer than twenty"),
        (20, 0, 0, true, "all of twenty"),
        (10, 10, 0, true, "half of twenty"),
        (10, 11, 0, false, "less than half"),
        (100, 101, 0, false, "less than half of many"),
        (10, 10, 9, true, "the first ones are nine seconds old"),
        (19, 100, 10, false, "what was well ten seconds ago is forgotten, but nineteen are too few"),
        (20, 1000, 10, true, "what was well ten seconds ago is forgotten"),
    ];
    for (failed, well, seconds, opens, why) in cases {
        let (breaker, clock) = breaker();
        assert_eq!(send(&breaker, &clock, 0, well), None, "{why}");
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(send(&breaker, &clock, failed, 0), opens.then_some(Change::Opened), "{why}");
        assert_eq!(breaker.admit(&clock).is_none(), opens, "{why}");
        assert_eq!(breaker.openings(), u64::from(opens), "{why}");
    }
}

#[test]
fn failures_over_longer_than_ten_seconds_open_nothing() {
    let (breaker, clock) = breaker();
    for _ in 0..60 {
        assert_eq!(send(&breaker, &clock, 1, 0), None);
        clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn three_probes_that_are_well_close_it() {
    let (breaker, clock) = opened();
    clock.advance(Duration::from_millis(9999));
    assert!(breaker.admit(&clock).is_none(), "open for ten seconds");
    clock.advance(Duration::from_millis(1));
    let mut probes: Vec<_> = (0..3).map(|_| breaker.admit(&clock).unwrap()).collect();
    assert!(breaker.admit(&clock).is_none(), "three at once");
    assert_eq!((probes[0].settle(false), probes[1].settle(false)), (None, None));
    assert!(breaker.admit(&clock).is_none(), "three, and no more while they run");
    assert_eq!(probes[2].settle(false), Some(Change::Closed));
    assert!(breaker.is_closed());
    assert_eq!(send(&breaker, &clock, 19, 0), None, "what was counted before is forgotten");
}

#[test]
fn one_probe_that_fails_opens_it_again() {
    let (breaker, clock) = opened();
    clock.advance(Duration::from_secs(10));
    let mut probes: Vec<_> = (0..3).map(|_| breaker.admit(&clock).unwrap()).collect();
    assert_eq!(probes[0].settle(false), None);
    assert_eq!(probes[1].settle(true), Some(Change::Opened));
    assert_eq!(breaker.openings(), 2);
    clock.advance(Duration::from_secs(10));
    assert_eq!(probes[2].settle(false), None, "a probe of an earlier opening says nothing");
    let mut probes: Vec<_> = (0..3).map(|_| breaker.admit(&clock).unwrap()).collect();
    let changes: Vec<_> = probes.iter_mut().filter_map(|probe| probe.settle(false)).collect();
    assert_eq!(changes, [Change::Closed]);
}

#[test]
fn a_probe_that_is_given_up_leaves_its_place_to_another() {
    let (breaker, clock) = opened();
    clock.advance(Duration::from_secs(10));
    for _ in 0..100 {
        drop(breaker.admit(&clock).unwrap());
    }
    let probes: Vec<_> = (0..3).map(|_| breaker.admit(&clock).unwrap()).collect();
    assert!(breaker.admit(&clock).is_none());
    drop(probes);
    assert!(breaker.admit(&clock).is_some());
}

#[test]
fn what_was_sent_before_it_opened_neither_closes_nor_prolongs_it() {
    let (breaker, clock) = breaker();
    let mut earlier: Vec<_> = (0..10).map(|_| breaker.admit(&clock).unwrap()).collect();
    assert_eq!(send(&breaker, &clock, 20, 0), Some(Change::Opened));
    clock.advance(Duration::from_secs(5));
    for (number, permit) in earlier.iter_mut().enumerate() {
        assert_eq!(permit.settle(number % 2 == 0), None);
    }
    clock.advance(Duration::from_secs(5));
    assert!(breaker.admit(&clock).is_some());
}

#[test]
fn many_threads_open_it_once() {
    let (breaker, clock) = breaker();
    let opened = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let settle = |_| breaker.admit(&clock)?.settle(true);
                    (0..1000).filter_map(settle).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!((opened, breaker.openings()), (1, 1));
}

#[test]
fn a_second_holds_a_million_requests_and_no_more() {
    let window = Window::default();
    window.0[7].store(7 << 40 | (COUNT - 1), Ordering::Relaxed);
    window.add(7, true);
    window.add(7, true);
    assert_eq!(window.sum(7), (1, COUNT));
}
