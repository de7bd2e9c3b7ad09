//! What it adds that content keeps to its schema: 1 KB of JSON, judged on its way in and on its way out.

use std::fs;

use serde::Serialize;
use serde_json::{Value, json};

use super::Args;
use super::compare::{Series, measure};
use super::load::{Load, Protocol};
use super::machine::Machine;
use super::peer::{Peer, PeerKind, Setup};
use super::profile;
use super::report::{self, Table};
use super::statistics::Spread;
use super::workbench::Workbench;

/// The instances compared; the second is the noise floor.
const INSTANCES: [(&str, bool); 3] = [("without", false), ("without again", false), ("with the contract", true)];

#[derive(Serialize)]
struct Report {
    connections: u32,
    machine: Machine,
    request_bytes: usize,
    instances: Vec<Series>,
    /// Each over the first.
    ratios: Vec<Option<Spread>>,
}

pub(super) fn run(args: &Args, workbench: &Workbench) -> anyhow::Result<()> {
    let machine = Machine::read();
    let content = workbench.path().join("order.json");
    let order = order().to_string();
    fs::write(&content, &order)?;
    let mut peers = Vec::new();
    for (name, is_contract_enforced) in INSTANCES {
        let mut setup = Setup::new(PeerKind::Portcullis, Protocol::Plain);
        setup.name = name.to_owned();
        setup.document = document();
        setup.is_contract_enforced = is_contract_enforced;
        peers.push(Peer::start(workbench, setup)?);
    }
    let load = Load { content: Some(&content), ..Load::new(Protocol::Plain, args.connections) };
    let loads: Vec<Load<'_>> = peers.iter().map(|_| load.clone()).collect();
    let instances = measure(&peers, &loads, args.slices)?;
    let ratios = instances.iter().map(|one| one.ratio(instances.first()?)).collect();
    let report = Report { connections: args.connections, machine, request_bytes: order.len(), instances, ratios };
    show(&report);
    report::write_json(args, &report)?;
    match args.profile_seconds {
        Some(seconds) => profile::run(&peers, &loads, seconds),
        None => Ok(()),
    }
}

fn show(report: &Report) {
    println!("HTTP/1.1, {} connections, POST of {} bytes", report.connections, report.request_bytes);
    println!("{}\n", report.machine.describe());
    let header = ["contract", "CPU µs/request", "quartiles", "× without", "quartiles"];
    let mut table = Table::new(header.map(str::to_owned).to_vec());
    for (one, ratio) in report.instances.iter().zip(&report.ratios) {
        let mut row = vec![one.name.clone()];
        row.extend(report::spread(one.cpu_us_per_request, 2));
        row.extend(report::spread(*ratio, 3));
        table.row(row);
    }
    table.print();
}

/// An order with its lines, as shops send them.
fn order() -> Value {
    let line = |number: u32| {
        json!({
            "sku": format!("SKU-{number:05}"), "name": "Earl Grey, loose leaf, 250 g", "quantity": number,
            "price": 12.95, "gift": number > 3,
        })
    };
    json!({
        "id": 48213, "customer": "0193b0f2-7d1c-7aa0-9f3e-3f1f6d1c2b4a", "email": "alice@example.com",
        "placed_at": "2026-11-25T07:23:15Z", "status": "open", "currency": "EUR",
        "address": { "street": "1 Alice Lane", "city": "Oxford", "postcode": "OX1 1AA", "country": "GB" },
        "lines": (1..=6).map(line).collect::<Vec<_>>(), "note": "Please ring twice; the dog is friendly.",
    })
}

/// `GET /item` for the harness, `POST /item` with the schema of an order both ways: the upstream answers the order too.
fn document() -> Value {
    let text = |max: u32| json!({ "type": "string", "maxLength": max });
    let line = json!({
        "type": "object", "required": ["sku", "quantity", "price"],
        "properties": {
            "sku": { "type": "string", "pattern": "^SKU-[0-9]{5}$" }, "name": text(100),
            "quantity": { "type": "integer", "minimum": 1, "maximum": 100, "format": "int32" },
            "price": { "type": "number", "minimum": 0, "multipleOf": 0.01 }, "gift": { "type": "boolean" },
        },
    });
    let order = json!({
        "type": "object", "required": ["customer", "lines", "currency"],
        "properties": {
            "id": { "type": "integer", "format": "int64" }, "customer": { "type": "string", "format": "uuid" },
            "email": { "type": "string", "format": "email" }, "placed_at": { "type": "string", "format": "date-time" },
            "status": { "enum": ["open", "paid", "shipped"] }, "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
            "address": {
                "type": "object", "required": ["street", "city"],
                "properties": { "street": text(100), "city": text(100), "postcode": text(20), "country": text(2) },
            },
            "lines": { "type": "array", "minItems": 1, "maxItems": 50, "items": line }, "note": text(500),
        },
    });
    let content = |schema: &Value| json!({ "application/json": { "schema": schema } });
    json!({
        "openapi": "3.1.0", "info": { "title": "Bench", "version": "1" },
        "paths": { "/item": {
            "get": { "operationId": "item" },
            "post": {
                "operationId": "order",
                "requestBody": { "required": true, "content": content(&order) },
                "responses": { "200": { "description": "found", "content": content(&order) } },
            },
        } },
    })
}

/// What the upstream answers to a POST.
pub(super) fn answer() -> String {
    order().to_string()
}
