//! When an endpoint is set aside, for how long, and how it comes back (edge/P7).

use super::*;
use Attempted::{Failed, Refused, Well};
use std::cell::Cell;

/// One endpoint and its time, which begins well after 0.
struct One(Standing, Clock, Cell<Option<Claim>>);

impl One {
    fn new() -> Self {
        Self(Standing::default(), Clock::manual(1_000_000_000), Cell::default())
    }

    fn note(&self, attempted: Attempted) -> Option<Moved> {
        self.0.note(attempted, None, EjectionSettings::default(), &self.1, || true)
    }

    fn probe(&self, attempted: Attempted) -> Option<Moved> {
        self.0.note(attempted, self.2.get(), EjectionSettings::default(), &self.1, || true)
    }

    fn claim(&self) -> bool {
        let claim = self.0.claim(&self.1, Duration::from_secs(16));
        self.2.set(claim.or(self.2.get()));
        claim.is_some()
    }

    fn pass(&self, seconds: u64) {
        self.1.advance(Duration::from_secs(seconds));
    }

    fn ejected(self) -> Self {
        assert_eq!((0..5).find_map(|_| self.note(Failed)), Some(Moved::Ejected(Duration::from_secs(30), 5)));
        self
    }
}

#[test]
fn five_failures_in_a_row_eject_for_thirty_seconds() {
    let one = One::new();
    for attempted in [Failed, Failed, Failed, Failed, Well, Failed, Failed, Failed, Failed] {
        assert_eq!(one.note(attempted), None);
        assert!(one.0.is_open(), "four in a row are too few");
    }
    assert_eq!(one.note(Failed), Some(Moved::Ejected(Duration::from_secs(30), 5)));
    assert!(!one.0.is_open());
    one.pass(29);
    assert!(!one.claim());
    one.pass(1);
    assert!(one.claim() && !one.0.is_open(), "one request finds out");
    assert!(!one.claim(), "the others wait for it");
    assert_eq!(one.probe(Well), Some(Moved::Returned));
    assert!(one.0.is_open());
    assert_eq!(one.0.ejections(), 1);
}

#[test]
fn each_ejection_in_a_row_is_longer() {
    let one = One::new().ejected();
    let mut span = 30;
    for times in 2..=12 {
        one.pass(span);
        assert!(one.claim());
        span = 30 * times.min(10);
        let Some(Moved::Ejected(lasts, _)) = one.probe(Failed) else { panic!("{times}") };
        assert_eq!(lasts.as_secs(), span, "at most ten times the first");
    }
}

#[test]
fn an_endpoint_that_was_well_for_as_long_as_it_was_out_begins_anew() {
    for (well_for, next) in [(29, 60), (30, 30)] {
        let one = One::new().ejected();
        one.pass(30);
        assert!(one.claim());
        one.probe(Well);
        one.pass(well_for);
        let moved = (0..5).find_map(|_| one.note(Failed));
        assert_eq!(moved, Some(Moved::Ejected(Duration::from_secs(next), 5)), "{well_for}");
    }
}

#[test]
fn an_endpoint_that_refuses_rests_for_a_second() {
    let one = One::new();
    for number in 1..5 {
        assert_eq!(if number == 1 { one.note(Refused) } else { one.probe(Refused) }, None);
        assert!(!one.0.is_open() && !one.claim());
        one.pass(1);
        assert!(one.claim());
    }
    assert_eq!(one.probe(Refused), Some(Moved::Ejected(Duration::from_secs(30), 5)), "the fifth time");
    one.pass(30);
    assert!(one.claim());
    assert_eq!(one.probe(Well), Some(Moved::Returned));
}

#[test]
fn a_rest_ends_without_a_word() {
    for attempted in [Well, Failed] {
        let one = One::new();
        one.note(Refused);
        one.pass(1);
        assert!(one.claim());
        assert_eq!((one.probe(attempted), one.0.is_open()), (None, true), "{attempted:?}");
    }
}

#[test]
fn only_a_probe_brings_it_back_or_prolongs_it() {
    let one = One::new().ejected();
    for attempted in [Well, Failed, Refused] {
        assert_eq!((one.note(attempted), one.0.is_open()), (None, false), "sent before: {attempted:?}");
    }
    one.pass(30);
    assert!(one.claim(), "no longer than it was");
}

#[test]
fn a_probe_that_is_given_up_leaves_its_place_to_another() {
    let one = One::new().ejected();
    one.pass(30);
    assert!(one.claim());
    one.pass(15);
    assert!(!one.claim());
    one.pass(1);
    assert!(one.claim());
}

#[test]
fn a_probe_that_another_one_overtook_is_none() {
    for attempted in [Well, Failed, Refused] {
        let one = One::new().ejected();
        one.pass(30);
        assert!(one.claim());
        let late = one.2.get();
        one.pass(16);
        assert!(one.claim(), "given up, for all that is known");
        let settings = EjectionSettings::default();
        assert_eq!(one.0.note(attempted, late, settings, &one.1, || true), None);
        assert!(!one.0.is_open());
        assert_eq!(one.probe(Well), Some(Moved::Returned));
        assert_eq!(one.0.note(attempted, late, settings, &one.1, || false), None);
        assert!(one.0.is_open());
    }
}

#[test]
fn a_fault_of_yesterday_does_not_make_a_rest_of_today_longer() {
    let one = One::new().ejected();
    one.pass(30);
    assert!(one.claim());
    one.probe(Well);
    one.pass(86_400);
    one.note(Refused);
    for moved in [None, None, None, Some(Moved::Ejected(Duration::from_secs(30), 5))] {
        one.pass(1);
        assert!(one.claim());
        assert_eq!(one.probe(Refused), moved);
    }
}

#[test]
fn where_no_other_is_left_it_stays() {
    let one = One::new();
    for attempted in [Refused, Failed, Failed, Failed, Failed, Failed] {
        assert_eq!(one.0.note(attempted, None, EjectionSettings::default(), &one.1, || false), None);
        assert!(one.0.is_open());
    }
    let asked = std::cell::Cell::new(0);
    let then_gone = || {
        asked.set(asked.get() + 1);
        asked.get() == 1
    };
    assert_eq!(one.0.note(Failed, None, EjectionSettings::default(), &one.1, then_gone), None);
    assert!(one.0.is_open(), "another one left in the same moment");
    assert_eq!(one.0.ejections(), 0);
}

#[test]
fn without_ejection_an_endpoint_only_rests() {
    let (one, settings) = (One::new(), EjectionSettings { failures: None, ..EjectionSettings::default() });
    for _ in 0..100 {
        assert_eq!(one.0.note(Failed, None, settings, &one.1, || true), None);
    }
    assert!(one.0.is_open());
    one.0.note(Refused, None, settings, &one.1, || true);
    assert!(!one.0.is_open());
    one.pass(1);
    assert!(one.claim());
}
