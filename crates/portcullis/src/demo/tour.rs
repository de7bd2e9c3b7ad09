//! The tour: attacks of the guide as data, each run against the bare API and through the gateway, then honest use.
//!
//! **Does**  sends each [`Attack`]'s steps, lets its oracle decide from the responses alone whether it succeeded, and
//! compares what stopped it with the Control that should have.
//! **Never** counts a broken gateway as a stop: a setup step that fails, a 5xx or a refusal by the API itself is `UNEXPECTED`.
//! **Flow**  reset of the shop → steps → oracle → [`Verdict`] → [`Outcome`], which prints itself in 100 columns.
//! **Fails** [`Outcome::passed`] is false when a bare attack fails (its oracle is wrong), when a Control that exists did not
//! stop its attack, or when honest use breaks.

mod access;
mod client;
mod honest;
mod input;
mod step;
mod surface;
mod table;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use client::Answer;
use honest::Honest;
use step::Step;

/// One attack. Each starts from a fresh shop.
pub(super) struct Attack {
    /// Of the guide.
    section: &'static str,
    /// At most 28 characters, or the table cuts it.
    name: &'static str,
    /// The Control expected to stop it.
    control: &'static str,
    stop: Stop,
    steps: &'static [Step],
    /// Did it succeed? Sees the answers of all steps, in order.
    success: fn(&[Answer]) -> bool,
}

/// What a stopped attack looks like from outside.
#[derive(Clone, Copy)]
enum Stop {
    /// The gateway refuses with one of these statuses, or closes the connection without an answer.
    Refused(&'static [u16]),
    /// The request passes without its sting: what made the attack was removed, or the answer was hardened.
    Harmless,
}

/// What became of one attack through the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As its Control promises.
    Stopped,
    /// It succeeds, and this build has no such Control.
    NotYetStopped,
    /// Did not succeed although this build lacks its Control: welcome, not counted.
    StoppedByChance,
    /// It succeeds although the Control exists.
    Succeeds,
    /// It did not succeed, but not by the Control either.
    Unexpected,
}

struct Guarded {
    verdict: Verdict,
    reason: String,
}

struct Row {
    section: &'static str,
    name: &'static str,
    control: &'static str,
    bare_succeeds: bool,
    /// Why a bare attack did not succeed.
    bare_reason: String,
    guarded: Option<Guarded>,
}

struct HonestRow {
    name: &'static str,
    bare: Result<(), String>,
    guarded: Option<Result<(), String>>,
}

/// The result of a tour. Displays as the table.
pub(super) struct Outcome {
    rows: Vec<Row>,
    honest: Vec<HonestRow>,
    took: Duration,
    /// Whether `Display` may use colours.
    pub(super) colours: bool,
}

impl Outcome {
    /// Whether every attack succeeds bare, every Control that exists stops its attacks, and all honest use works.
    pub(super) fn passed(&self) -> bool {
        let attacks = self.rows.iter().all(|row| {
            let guarded = row.guarded.as_ref().map(|guarded| guarded.verdict);
            row.bare_succeeds && !matches!(guarded, Some(Verdict::Succeeds | Verdict::Unexpected))
        });
        attacks && self.honest.iter().all(|row| row.bare.is_ok() && row.guarded.as_ref().is_none_or(Result::is_ok))
    }
}

fn attacks() -> impl Iterator<Item = &'static Attack> {
    access::ATTACKS.iter().chain(input::ATTACKS).chain(surface::ATTACKS)
}

/// Runs the whole tour. `known_controls` holds the ids of the Controls that this build has and the configuration enforces;
/// without `guarded` only the bare column is filled.
pub(super) fn run(bare: SocketAddr, guarded: Option<SocketAddr>, known_controls: &[&str]) -> Outcome {
    let begun = Instant::now();
    let mut rows: Vec<Row> = attacks()
        .map(|attack| {
            let answers = from_fresh_shop(bare, bare, attack.steps);
            let bare_succeeds = answers.as_ref().is_ok_and(|answers| (attack.success)(answers));
            let guarded = guarded.map(|guarded| {
                let known = known_controls.contains(&attack.control);
                judge(attack, from_fresh_shop(bare, guarded, attack.steps), known)
            });
            let bare_reason = if bare_succeeds { String::new() } else { reason(answers.as_deref()) };
            let Attack { section, name, control, .. } = *attack;
            Row { section, name, control, bare_succeeds, bare_reason, guarded }
        })
        .collect();
    // By the guide's order; within a section as written.
    rows.sort_by_key(|row| {
        let mut numbers = row.section.split('.').map(|number| number.parse::<u8>().unwrap_or(u8::MAX));
        (numbers.next(), numbers.next())
    });
    let honest = honest::USES
        .iter()
        .map(|use_| HonestRow {
            name: use_.name,
            bare: works(use_, bare, bare),
            guarded: guarded.map(|guarded| works(use_, bare, guarded)),
        })
        .collect();
    Outcome { rows, honest, took: begun.elapsed(), colours: false }
}

/// The shop's data as seeded, then the steps against `target`. The reset goes to the bare address: the gateway hides it.
fn from_fresh_shop(bare: SocketAddr, target: SocketAddr, steps: &[Step]) -> Result<Vec<Answer>, String> {
    step::play(bare, &[step::RESET])?;
    step::play(target, steps)
}

fn judge(attack: &Attack, answers: Result<Vec<Answer>, String>, known: bool) -> Guarded {
    let answers = match answers {
        Ok(answers) => answers,
        Err(reason) => return Guarded { verdict: Verdict::Unexpected, reason },
    };
    let (succeeded, as_promised) = ((attack.success)(&answers), stopping(attack.stop, &answers).is_some());
    let verdict = match (known, succeeded) {
        (true, true) => Verdict::Succeeds,
        (true, false) if as_promised => Verdict::Stopped,
        (true, false) => Verdict::Unexpected,
        (false, true) => Verdict::NotYetStopped,
        (false, false) => Verdict::StoppedByChance,
    };
    let telling = stopping(attack.stop, &answers).or_else(|| answers.last());
    Guarded { verdict, reason: telling.map_or_else(|| "no answer".to_owned(), Answer::reason) }
}

/// The answer that shows the stop, if there is one.
fn stopping(stop: Stop, answers: &[Answer]) -> Option<&Answer> {
    match stop {
        // The API's own refusals are plain JSON: they are no proof of a Control.
        Stop::Refused(statuses) => answers
            .iter()
            .find(|answer| answer.is_closed() || (statuses.contains(&answer.status) && !answer.is_plain_json())),
        Stop::Harmless => answers.last().filter(|answer| answer.status < 500 && !answer.is_closed()),
    }
}

fn works(honest: &Honest, bare: SocketAddr, target: SocketAddr) -> Result<(), String> {
    let answers = from_fresh_shop(bare, target, honest.steps)?;
    if (honest.works)(&answers) { Ok(()) } else { Err(reason(Ok(&answers))) }
}

fn reason(answers: Result<&[Answer], &String>) -> String {
    match answers {
        Ok(answers) => answers.last().map_or_else(|| "no answer".to_owned(), Answer::reason),
        Err(error) => error.clone(),
    }
}

#[cfg(test)]
mod tests;
