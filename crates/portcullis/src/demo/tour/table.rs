//! The table of a tour, at most 100 columns wide.

use std::fmt::{self, Display, Formatter};

use super::{HonestRow, Outcome, Row, Verdict};

/// Widths of section, attack, bare, guarded, control and reason; with the gaps between them 100.
const SECTION: usize = 3;
const ATTACK: usize = 28;
const BARE: usize = 8;
const GUARDED: usize = 15;
const CONTROL: usize = 26;
const REASON: usize = 15;

#[derive(Clone, Copy)]
enum Colour {
    Green,
    Yellow,
    Red,
    None,
}

impl Verdict {
    const fn words(self) -> (&'static str, Colour) {
        match self {
            Self::Stopped => ("stopped", Colour::Green),
            Self::NotYetStopped => ("NOT YET STOPPED", Colour::Yellow),
            Self::StoppedByChance => ("no effect", Colour::None),
            Self::Succeeds => ("STILL SUCCEEDS", Colour::Red),
            Self::Unexpected => ("UNEXPECTED", Colour::Red),
        }
    }
}

impl Outcome {
    fn paint(&self, text: &str, width: usize, colour: Colour) -> String {
        let cell = cell(text, width);
        let code = match colour {
            Colour::Green => "32",
            Colour::Yellow => "33",
            Colour::Red => "1;31",
            Colour::None => return cell,
        };
        if self.colours { format!("\x1b[{code}m{cell}\x1b[0m") } else { cell }
    }

    fn line(&self, out: &mut Formatter<'_>, row: &Row) -> fmt::Result {
        let (bare, colour) = if row.bare_succeeds { ("succeeds", Colour::None) } else { ("FAILS", Colour::Red) };
        let start = [cell(row.section, SECTION), cell(row.name, ATTACK), self.paint(bare, BARE, colour)].join(" ");
        let Some(guarded) = &row.guarded else {
            return writeln!(out, "{} {}", start, cell(&row.bare_reason, CONTROL).trim_end());
        };
        let (verdict, colour) = guarded.verdict.words();
        // A later build's Control is named as what is missing; why the request passed is no news.
        let reason = match guarded.verdict {
            Verdict::NotYetStopped => "",
            _ if !row.bare_succeeds => &row.bare_reason,
            _ => &guarded.reason,
        };
        let line =
            [start, self.paint(verdict, GUARDED, colour), cell(row.control, CONTROL), cell(reason, REASON)].join(" ");
        writeln!(out, "{}", line.trim_end())
    }

    fn honest_use(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let all = self.honest.len();
        let bare = self.honest.iter().filter(|row| row.bare.is_ok()).count();
        let guarded: Vec<_> = self.honest.iter().filter_map(|row| row.guarded.as_ref()).collect();
        write!(out, "Honest use: {bare} of {all} requests work against the bare API")?;
        if guarded.is_empty() {
            writeln!(out, ".")?;
        } else {
            writeln!(out, ", {} of {all} through the gateway.", guarded.iter().filter(|works| works.is_ok()).count())?;
        }
        for HonestRow { name, bare, guarded } in &self.honest {
            let failures =
                [("bare", bare.as_ref().err()), ("guarded", guarded.as_ref().and_then(|it| it.as_ref().err()))];
            for (where_, reason) in failures {
                if let Some(reason) = reason {
                    writeln!(out, "  {} {name}, {where_}: {}", self.paint("BROKEN", 6, Colour::Red), cut(reason, 50))?;
                }
            }
        }
        Ok(())
    }
}

impl Display for Outcome {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let head = [cell("§", SECTION), cell("attack", ATTACK), cell("bare", BARE)].join(" ");
        let guarded = self.rows.iter().any(|row| row.guarded.is_some());
        let rest = [cell("guarded", GUARDED), cell("control", CONTROL), cell("reason", REASON)].join(" ");
        let head = if guarded { format!("{head} {rest}") } else { head };
        writeln!(out, "{}", head.trim_end())?;
        for row in &self.rows {
            self.line(out, row)?;
        }
        writeln!(out)?;
        self.honest_use(out)?;
        let count = |wanted: Verdict| {
            self.rows.iter().filter_map(|row| row.guarded.as_ref()).filter(|it| it.verdict == wanted).count()
        };
        let bare = self.rows.iter().filter(|row| row.bare_succeeds).count();
        write!(out, "Attacks: {bare} of {} succeed against the bare API", self.rows.len())?;
        if guarded {
            let stopped = count(Verdict::Stopped);
            let failed = count(Verdict::Succeeds).saturating_add(count(Verdict::Unexpected));
            let later = count(Verdict::NotYetStopped).saturating_add(count(Verdict::StoppedByChance));
            write!(
                out,
                ".\nGateway: {stopped} stopped, {failed} not stopped as promised, {later} await later controls"
            )?;
        }
        writeln!(out, ". {:.1} s.", self.took.as_secs_f32())
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn cell(text: &str, width: usize) -> String {
    format!("{:width$}", cut(text, width))
}
