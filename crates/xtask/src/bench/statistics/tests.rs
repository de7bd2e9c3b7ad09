use super::{Spread, quantile};

#[test]
fn quartiles_lie_between_neighbours() {
    let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
    assert_eq!(spread, Spread { median: 2.5, q1: 1.75, q3: 3.25 });
}

#[test]
fn one_value_is_its_own_spread() {
    assert_eq!(Spread::of([7.0]).unwrap(), Spread { median: 7.0, q1: 7.0, q3: 7.0 });
}

#[test]
fn nothing_has_no_spread() {
    assert_eq!(Spread::of([]), None);
}

#[test]
fn the_last_quantile_is_the_maximum() {
    assert_eq!(quantile(&[1.0, 2.0, 9.0], 1.0), Some(9.0));
}
