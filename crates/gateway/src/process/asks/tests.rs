use super::*;

fn asked(port: u16) -> (Asked, oneshot::Receiver<Outcome>) {
    let (answer, outcome) = oneshot::channel();
    (Asked { peer: ([127, 0, 0, 1], port).into(), answer }, outcome)
}

fn outcome(snapshot: u64) -> Outcome {
    Outcome::Refused { snapshot, errors: "".into() }
}

/// edge/R13: a hundred in ten seconds, each of which would take 50 ms.
#[tokio::test(start_paused = true)]
async fn a_storm_is_coalesced_and_everybody_is_answered() {
    let (sender, receiver) = Asks::channel();
    let mut asks = Asks::new(receiver);
    let storm = async move {
        let mut outcomes = Vec::new();
        for port in 0..100 {
            let (asked, outcome) = asked(port);
            assert!(sender.try_send(asked).is_ok(), "nobody is turned away");
            outcomes.push(outcome);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(sender);
        let mut answered = Vec::new();
        for outcome in outcomes {
            answered.push(outcome.await.expect("answered"));
        }
        answered
    };
    let serve = async {
        let (mut reloads, mut askers) = (0, 0);
        while askers < 100 {
            let batch = asks.next().await;
            reloads += 1;
            askers += batch.by.len();
            tokio::time::sleep(Duration::from_millis(50)).await;
            batch.answer(&outcome(reloads));
            asks.rest();
        }
        reloads
    };
    let (answered, reloads) = tokio::join!(storm, serve);
    assert_eq!(answered.len(), 100);
    assert!((30..=36).contains(&reloads), "one in 300 ms of the paused clock, not 100: {reloads}");
}

#[tokio::test(start_paused = true)]
async fn the_first_is_served_at_once_and_signals_count_once() {
    let (_sender, receiver) = Asks::channel();
    let mut asks = Asks::new(receiver);
    for by in [By::Signal, By::File, By::Signal, By::File] {
        asks.note(by);
    }
    let before = Instant::now();
    assert_eq!(asks.next().await.by, [By::Signal, By::File]);
    assert_eq!(Instant::now(), before, "nothing has to be waited for");
}

#[tokio::test(start_paused = true)]
async fn who_waits_while_next_is_dropped_is_not_forgotten() {
    let (sender, receiver) = Asks::channel();
    let mut asks = Asks::new(receiver);
    asks.rest();
    let (asked, answered) = asked(1);
    assert!(sender.try_send(asked).is_ok());
    assert!(tokio::time::timeout(REST / 2, asks.next()).await.is_err(), "still resting");
    asks.next().await.answer(&outcome(1));
    assert!(answered.await.is_ok());
}

#[tokio::test]
async fn whoever_asks_a_process_that_stops_is_told() {
    let (sender, receiver) = Asks::channel();
    let mut asks = Asks::new(receiver);
    let (asked, answered) = asked(1);
    assert!(sender.try_send(asked).is_ok());
    asks.close();
    assert!(answered.await.is_err());
    assert!(sender.is_closed());
}
