use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use super::{Outcome, Stop, Verdict, attacks, run};
use crate::demo::shop;

fn failures(outcome: &Outcome) -> Vec<String> {
    let attacks = outcome.rows.iter().filter(|row| !row.bare_succeeds);
    let attacks = attacks.map(|row| format!("{} {}: {}", row.section, row.name, row.bare_reason));
    let honest = outcome.honest.iter().filter_map(|row| Some(format!("{}: {}", row.name, row.bare.as_ref().err()?)));
    attacks.chain(honest).collect()
}

#[test]
fn every_attack_and_every_honest_use_works_against_the_bare_shop() {
    let shop = shop::start().unwrap();
    let outcome = run(shop.address(), None, &[]);
    assert_eq!(failures(&outcome), Vec::<String>::new());
    assert!(outcome.passed());
    assert!(outcome.rows.len() >= 16);
    let hits = shop.canary_hits();
    for asked in ["http://169.254.169.254/latest/meta-data/iam/shop", "http://localhost:6379/keys"] {
        assert!(hits.iter().any(|hit| hit == asked), "{asked} was not fetched from the canary: {hits:?}");
    }
}

#[test]
fn a_gateway_without_effect_is_told_apart() {
    let shop = shop::start().unwrap();
    let unclaimed = run(shop.address(), Some(shop.address()), &[]);
    assert!(unclaimed.passed());
    assert!(verdicts(&unclaimed).iter().all(|verdict| *verdict == Verdict::NotYetStopped));
    let controls: Vec<&str> = attacks().map(|attack| attack.control).collect();
    let claimed = run(shop.address(), Some(shop.address()), &controls);
    assert!(!claimed.passed());
    assert!(verdicts(&claimed).iter().all(|verdict| *verdict == Verdict::Succeeds));
}

/// One that answers everything alike, as `404 problem+json`, as 502, or by closing.
fn constant(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1 << 16]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_gateway_that_refuses_everything_or_is_broken_fails() {
    let shop = shop::start().unwrap();
    let controls: Vec<&str> = attacks().map(|attack| attack.control).collect();
    let cases = [
        ("HTTP/1.1 404 N\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}", "refuses all"),
        ("HTTP/1.1 502 B\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}", "has no upstream"),
        ("", "closes everything"),
    ];
    for (answer, why) in cases {
        let outcome = run(shop.address(), Some(constant(answer)), &controls);
        assert!(!outcome.passed(), "a gateway that {why}");
        assert!(outcome.honest.iter().all(|row| row.guarded.as_ref().unwrap().is_err()), "a gateway that {why}");
        let setups = outcome.rows.iter().filter(|row| row.name == "read another's order");
        assert!(setups.map(|row| row.guarded.as_ref().unwrap()).all(|it| it.verdict == Verdict::Unexpected), "{why}");
    }
}

#[test]
fn the_table_fits_a_hundred_columns() {
    let shop = shop::start().unwrap();
    for guarded in [None, Some(shop.address()), Some(constant("HTTP/1.1 502 Bad Gateway\r\n\r\nlong"))] {
        let outcome = run(shop.address(), guarded, &["routing.operation"]);
        for line in outcome.to_string().lines() {
            assert!(line.chars().count() <= 100, "{line}");
            assert!(!line.contains('\x1b'), "colours only where asked for");
        }
    }
}

#[test]
fn attacks_are_well_formed() {
    for attack in attacks() {
        assert!(attack.name.chars().count() <= 28, "{} is cut in the table", attack.name);
        let planned = portcullis_core::control::PLANNED.contains(&attack.control);
        let known = portcullis_core::Control::from_id(attack.control).is_some();
        assert!(planned || known, "`{}` is no control: its attack would stay NOT YET STOPPED", attack.control);
        if let Stop::Refused(statuses) = attack.stop {
            assert!(!statuses.is_empty() && statuses.iter().all(|status| (400..600).contains(status)));
        }
    }
}

fn verdicts(outcome: &Outcome) -> Vec<Verdict> {
    outcome.rows.iter().filter_map(|row| Some(row.guarded.as_ref()?.verdict)).collect()
}
