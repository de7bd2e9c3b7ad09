use super::*;

thread_local! {
    static CPU: Cell<u64> = const { Cell::new(0) };
}

fn handshake(share: &Share, now: u64, micros: u64) {
    share.spend(now, || CPU.set(CPU.get().saturating_add(micros)));
}

#[test]
fn handshakes_get_their_share_of_a_core_after_a_burst() {
    let share = Share::new(|| CPU.get());
    let at_once = (0..10_000).take_while(|_| share.has_room(0)).map(|_| handshake(&share, 0, 300)).count();
    assert_eq!(at_once, 2001, "edge/S2: 600 ms of CPU, and the one that passes it");
    // Ten seconds of a flood: whatever is let in takes 60 % of the time.
    let mut spent = 0;
    for now in (0..10_000_000).step_by(100) {
        if share.has_room(now) {
            handshake(&share, now, 300);
            spent += 300;
        }
    }
    assert!((5_990_000..6_010_000).contains(&spent), "edge/S2: {spent} of 10,000,000 µs");
    assert!(share.has_room(20_000_000));
}
