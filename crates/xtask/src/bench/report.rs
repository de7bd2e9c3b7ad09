//! A table for a person, JSON for a program.

use std::fs::File;
use std::io::BufWriter;

use anyhow::Context;
use serde::Serialize;

use super::Args;
use super::statistics::Spread;

/// Columns as wide as their widest cell: the first to the left, numbers to the right.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(header: Vec<String>) -> Self {
        Self { rows: vec![header] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn print(&self) {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &self.rows {
            let mut cells = row.iter().zip(&widths);
            if let Some((name, width)) = cells.next() {
                print!("{name:width$}");
            }
            for (cell, width) in cells {
                print!("  {cell:>width$}");
            }
            println!();
        }
    }
}

/// Two cells: median, quartiles.
pub(super) fn spread(spread: Option<Spread>, decimals: usize) -> [String; 2] {
    match spread {
        Some(Spread { median, q1, q3 }) => [format!("{median:.decimals$}"), format!("{q1:.decimals$}–{q3:.decimals$}")],
        None => ["-".to_owned(), "-".to_owned()],
    }
}

/// Writes `report` to the file of `--json`, if there is one.
pub(super) fn write_json(args: &Args, report: &impl Serialize) -> anyhow::Result<()> {
    let Some(path) = &args.json else { return Ok(()) };
    let file = File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    serde_json::to_writer_pretty(BufWriter::new(file), report)?;
    Ok(())
}
