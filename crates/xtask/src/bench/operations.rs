//! Whether a request costs more when the document has more operations.

use std::fmt::Write;
use std::fs;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Args;
use super::compare::{Series, measure};
use super::load::{Load, Protocol};
use super::machine::Machine;
use super::peer::{Peer, PeerKind, Setup};
use super::profile;
use super::report::{self, Table};
use super::statistics::Spread;
use super::workbench::Workbench;

#[cfg(test)]
mod tests;

/// Operations of the documents compared, and the name of each; the second is the noise floor.
const DOCUMENTS: [(&str, u32); 3] = [("10 operations", 10), ("10 again", 10), ("10000 operations", 10_000)];
/// `GET` and `POST` on a collection, `GET`, `PUT` and `DELETE` on its items.
const OPERATIONS_PER_RESOURCE: u32 = 5;
/// Different targets sent, with either document.
const TARGETS: u32 = 1000;

#[derive(Serialize)]
struct Report {
    connections: u32,
    machine: Machine,
    documents: Vec<Series>,
    /// Each over the first.
    ratios: Vec<Option<Spread>>,
}

pub(super) fn run(args: &Args, workbench: &Workbench) -> anyhow::Result<()> {
    let machine = Machine::read();
    let mut peers = Vec::new();
    let mut loads = Vec::new();
    for (name, operations) in DOCUMENTS {
        let resources = operations.div_ceil(OPERATIONS_PER_RESOURCE);
        let mut setup = Setup::new(PeerKind::Portcullis, Protocol::Plain);
        setup.name = name.to_owned();
        setup.document = document(resources);
        let started = Instant::now();
        peers.push(Peer::start(workbench, setup)?);
        eprintln!("{name}: serving after {:.2} s", started.elapsed().as_secs_f64());
        let targets = workbench.path().join(format!("{operations}.targets"));
        fs::write(&targets, self::targets(resources))?;
        loads.push(targets);
    }
    let loads: Vec<Load<'_>> =
        loads.iter().map(|path| Load { targets: Some(path), ..Load::new(Protocol::Plain, args.connections) }).collect();
    let documents = measure(&peers, &loads, args.slices)?;
    let ratios = documents.iter().map(|one| one.ratio(documents.first()?)).collect();
    let report = Report { connections: args.connections, machine, documents, ratios };
    show(&report);
    report::write_json(args, &report)?;
    match args.profile_seconds {
        Some(seconds) => profile::run(&peers, &loads, seconds),
        None => Ok(()),
    }
}

fn show(report: &Report) {
    println!("HTTP/1.1, {} connections, {TARGETS} different targets", report.connections);
    println!("{}\n", report.machine.describe());
    let header = ["document", "CPU µs/request", "quartiles", "× 10 operations", "quartiles"];
    let mut table = Table::new(header.map(str::to_owned).to_vec());
    for (one, ratio) in report.documents.iter().zip(&report.ratios) {
        let mut row = vec![one.name.clone()];
        row.extend(report::spread(one.cpu_us_per_request, 2));
        row.extend(report::spread(*ratio, 3));
        table.row(row);
    }
    table.print();
}

/// An OpenAPI document of at least so many operations.
pub(super) fn large(operations: u32) -> Value {
    document(operations.div_ceil(OPERATIONS_PER_RESOURCE))
}

/// An OpenAPI document of so many resources, and `/item`, by which the harness sees that it is served.
fn document(resources: u32) -> Value {
    let mut paths = Map::new();
    let operation = |id: String| json!({ "operationId": id });
    for resource in 0..resources {
        let path = resource_path(resource);
        let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
        let on_item = json!({
            "parameters": [id],
            "get": operation(format!("read{resource}")),
            "put": operation(format!("replace{resource}")),
            "delete": operation(format!("delete{resource}")),
        });
        let on_collection = json!({
            "get": operation(format!("list{resource}")),
            "post": operation(format!("create{resource}")),
        });
        paths.insert(format!("{path}/{{id}}"), on_item);
        paths.insert(path, on_collection);
    }
    paths.insert("/item".to_owned(), json!({ "get": operation("item".to_owned()) }));
    json!({ "openapi": "3.1.0", "info": { "title": "Bench", "version": "1" }, "paths": paths })
}

/// Collections and items of all resources in turn, spread over the whole document.
fn targets(resources: u32) -> String {
    let mut text = String::new();
    for number in 0..TARGETS {
        let path = resource_path(number.saturating_mul(resources).div_euclid(TARGETS));
        // Writing to a String does not fail.
        let _ = if number % 2 == 0 {
            writeln!(text, "http://127.0.0.1{path}/{number}")
        } else {
            writeln!(text, "http://127.0.0.1{path}")
        };
    }
    text
}

/// A tree as APIs have it: 40 areas with their resources.
fn resource_path(resource: u32) -> String {
    format!("/v1/area{}/resource{resource}", resource % 40)
}
