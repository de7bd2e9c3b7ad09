//! What reading and changing a document costs: `cargo bench -p portcullis-json`.

use std::hint::black_box;
use std::time::Instant;

use portcullis_json::{Bounds, Document, Edits, Pointer};

const ROUNDS: u32 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = order();
    let document = Document::parse(text.clone().into_bytes(), &Bounds::default())?;
    let pointer = Pointer::parse("/items/7/price")?;
    println!("{} bytes", text.len());
    let bounds = Bounds::default();
    println!(
        "copy and parse      {:7.0} ns",
        nanos(|| _ = black_box(Document::parse(text.clone().into_bytes(), &bounds)))
    );
    println!(
        "serde_json::Value   {:7.0} ns",
        nanos(|| _ = black_box(serde_json::from_str::<serde_json::Value>(&text)))
    );
    println!("find by pointer     {:7.0} ns", nanos(|| _ = black_box(pointer.find(document.root()))));
    println!(
        "take a member out   {:7.0} ns",
        nanos(|| {
            let mut edits = Edits::new();
            pointer.find(document.root()).into_iter().for_each(|value| edits.remove(value));
            _ = black_box(edits.apply(&document));
        })
    );
    Ok(())
}

/// About 1 KB, as an API might send it.
fn order() -> String {
    let item = |count: u32| {
        format!(
            r#"{{"id":1{count:03},"name":"Product number {count}","price":{count}.99,"tags":["a","bcd"],"isActive":true}}"#
        )
    };
    let items: Vec<_> = (0..9).map(item).collect();
    format!(
        r#"{{"orderId":"550e8400-e29b-41d4-a716-446655440000","customer":{{"name":"Ada Lovelace","email":"ada@example.com","note":"line one\nline two"}},"items":[{}],"total":123.45,"currency":"EUR","comment":null,"isGift":false}}"#,
        items.join(",")
    )
}

/// The best of five rounds: what disturbs only adds.
fn nanos(mut step: impl FnMut()) -> f64 {
    let round = |step: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| step());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    (0..5).map(|_| round(&mut step)).fold(f64::INFINITY, f64::min)
}
