use super::*;
use proptest::prelude::*;

const TICK: Duration = Duration::from_millis(100);

fn expired(timer: &Timer) -> bool {
    timer.poll_expired(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn a_deadline_is_never_early_and_at_most_two_ticks_late() {
    let wheel = Wheel::new(TICK);
    let timer = wheel.timer();
    timer.arm(Duration::from_secs(1));
    wheel.advance(Duration::from_secs(1));
    assert!(!expired(&timer), "the tick in which it was armed had partly passed");
    wheel.advance(TICK);
    assert!(expired(&timer));
}

#[test]
fn a_timer_that_is_not_armed_never_expires() {
    let wheel = Wheel::new(TICK);
    let timer = wheel.timer();
    wheel.advance(Duration::from_secs(1000));
    assert!(!expired(&timer));
    timer.arm(TICK);
    timer.disarm();
    wheel.advance(Duration::from_secs(1000));
    assert!(!expired(&timer) && !timer.is_expired());
}

#[test]
fn a_deadline_over_the_horizon_waits_its_time() {
    let wheel = Wheel::new(TICK);
    let timer = wheel.timer();
    timer.arm(Duration::from_secs(1000)); // ten times round
    for _ in 0..9 {
        wheel.advance(Duration::from_secs(111));
        assert!(!expired(&timer));
    }
    wheel.advance(Duration::from_secs(2));
    assert!(expired(&timer));
}

proptest! {
    /// Against a plain model: whatever the order of arming, disarming, dropping and turning, the same timers are expired.
    #[test]
    fn agrees_with_a_plain_model(steps in proptest::collection::vec((0_u8..4, 0_usize..8, 0_u64..3000), 1..300)) {
        let wheel = Wheel::new(TICK);
        let mut timers: Vec<Timer> = (0..8).map(|_| wheel.timer()).collect();
        let mut model: Vec<Option<u64>> = vec![None; 8];
        let mut now = 0_u64;
        for (kind, which, ticks) in steps {
            match kind {
                0 => {
                    timers[which].arm(TICK.saturating_mul(u32::try_from(ticks).unwrap()));
                    model[which] = Some(now.saturating_add(ticks).saturating_add(1));
                }
                1 => { timers[which].disarm(); model[which] = None; }
                2 => { timers[which] = wheel.timer(); model[which] = None; }
                _ => { now = now.saturating_add(ticks); wheel.advance_to(now); }
            }
            for (timer, deadline) in timers.iter().zip(&model) {
                prop_assert_eq!(expired(timer), deadline.is_some_and(|deadline| deadline <= now));
            }
        }
    }
}
