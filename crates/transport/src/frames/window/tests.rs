use super::*;
use proptest::prelude::*;

#[test]
fn a_span_is_looked_at_whole_and_forgotten_after() {
    let mut window = Window::new();
    for count in 1..=100 {
        assert_eq!(window.count(7), count);
    }
    assert_eq!(window.count(17), 101, "ten seconds later they still count");
    assert_eq!(window.count(18), 2, "then they do not");
    assert_eq!(window.count(1_000_000), 1);
    assert_eq!(window.count(3), 2, "a clock that goes back stands still");
    assert_eq!(window.count(u32::MAX), 1);
}

proptest! {
    #[test]
    fn it_agrees_with_a_list(steps in prop::collection::vec(0_u32..15, 1..200)) {
        let (mut window, mut now, mut seen) = (Window::new(), 0_u32, Vec::new());
        for step in steps {
            now = step.saturating_add(now);
            seen.push(now);
            let recent = seen.iter().filter(|second| now.abs_diff(**second) <= 10).count();
            prop_assert_eq!(window.count(now) as usize, recent.min(255 * SLOTS));
        }
    }
}
