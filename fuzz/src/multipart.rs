//! multipart/form-data: parts and refusal do not depend on the cuts, parts are those that a plain reader finds, and what is
//! forwarded reads as what was read. The first byte is what becomes of undeclared parts; the boundary is `B`.

use portcullis_json::{Bounds, Document};
use portcullis_schema::values::media::Ranges;
use portcullis_schema::values::multipart::{FormData, FormDataValues, Limits, PartKind, PartSpec};
use portcullis_schema::values::{MAX_VIOLATIONS, Unknown, Violation};
use portcullis_schema::{Shape, Types};

use crate::cuts::cuttings;

const BOUNDARY: &str = "B";

/// All of it.
pub fn check(data: &[u8]) {
    let Some((mode, content)) = data.split_first() else { return };
    let unknown = [Unknown::Refuse, Unknown::Strip, Unknown::Allow][usize::from(mode % 3)];
    let form = form(unknown);
    let [whole, single, odd] = cuttings(content);
    let read = in_pieces(&form, &whole);
    for pieces in [single, odd] {
        assert_eq!(shown(&in_pieces(&form, &pieces)), shown(&read), "the parts depend on the cuts");
    }
    assert_eq!(shown(&form.read(BOUNDARY, content)), shown(&read));
    match read {
        Ok(values) => taken(&form, &values, content, unknown),
        Err(violations) => assert!((1..=MAX_VIOLATIONS).contains(&violations.len()), "refused without a reason"),
    }
}

fn form(unknown: Unknown) -> FormData {
    let part = |name: &str, kind| PartSpec {
        name: name.into(),
        kind,
        is_repeated: false,
        types: Ranges::default(),
        max_bytes: 60,
        sniff: false,
    };
    let parts = vec![
        part("title", PartKind::Text(Shape::STRING)),
        part("count", PartKind::Text(Shape::Scalar(Types::INTEGER))),
        PartSpec { is_repeated: true, ..part("tags", PartKind::Text(Shape::STRING)) },
        part("address", PartKind::Json),
        PartSpec {
            types: Ranges::compile(["image/png", "text/*"]).expect("media types"),
            sniff: true,
            ..part("photo", PartKind::File)
        },
    ];
    let limits = Limits { max_parts: 6, max_head_bytes: 300, max_text_bytes: 100 };
    FormData::new(parts, None, unknown, limits, Bounds::default())
}

type Read = Result<FormDataValues, Vec<Violation>>;

fn in_pieces(form: &FormData, pieces: &[&[u8]]) -> Read {
    let mut reader = form.reader(BOUNDARY);
    pieces.iter().try_for_each(|piece| reader.push(piece))?;
    reader.finish()
}

/// All that was read, as text. Of content that is wrong twice, the cuts say which is found first.
fn shown(read: &Read) -> String {
    match read {
        Ok(values) => format!("{} {:?} {:?}", values.json.escape_ascii(), heads(values), values.undeclared),
        Err(_) => "refused".to_owned(),
    }
}

type Part<'a> = (&'a str, Option<&'a str>, Option<&'a str>, std::ops::Range<usize>, bool);

fn heads(values: &FormDataValues) -> Vec<Part<'_>> {
    let place = |at: u64| usize::try_from(at).expect("a place in the content");
    let parts = values.parts.iter().map(|part| {
        let range = place(part.content.start)..place(part.content.end);
        (part.head.name(), part.head.file_name(), part.head.media(), range, part.is_kept)
    });
    parts.collect()
}

fn taken(form: &FormData, values: &FormDataValues, content: &[u8], unknown: Unknown) {
    let document = Document::parse(values.json.clone(), &Bounds::default()).expect("the form is JSON");
    let parts = heads(values);
    assert_eq!(plain(content), parts.iter().map(|(.., range, _)| range.clone()).collect::<Vec<_>>(), "other parts");
    for (name, _, _, range, is_kept) in &parts {
        let member = document.root().get(name);
        assert!(member.is_some() || unknown != Unknown::Refuse, "a part is lost");
        assert_eq!(*is_kept, member.is_some() || unknown == Unknown::Allow, "what is taken out is not forwarded");
        if *name == "title" {
            let text = std::str::from_utf8(&content[range.clone()]).expect("what is text is UTF-8");
            assert_eq!(member.and_then(|member| member.as_str()), Some(text));
        }
    }
    let written = values.written(BOUNDARY, content);
    let kept: Vec<_> = parts.iter().filter(|(.., is_kept)| *is_kept).collect();
    let Ok(again) = form.read(BOUNDARY, &written) else {
        return assert!(kept.is_empty(), "what is forwarded is refused");
    };
    assert_eq!(again.json, values.json, "what is forwarded says something else");
    let others = heads(&again);
    assert_eq!(others.len(), kept.len());
    for (one, other) in kept.into_iter().zip(&others) {
        assert_eq!((one.0, one.1, one.2), (other.0, other.1, other.2));
        assert_eq!(content[one.3.clone()], written[other.3.clone()]);
    }
    assert_eq!(again.written(BOUNDARY, &written), written, "not the same the second time");
}

/// Where the content of each part lies: between the blank line and the next boundary that begins a line.
fn plain(content: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut parts = Vec::new();
    let mut at = find(content, 0, b"--B\r\n").map_or(content.len(), |at| at + 3);
    while content[at..].starts_with(b"\r\n") {
        let start = find(content, at, b"\r\n\r\n").expect("a blank line") + 4;
        // The line end before a boundary may be the second half of the blank line only where our reader is wrong.
        let end = find(content, start, b"\r\n--B").expect("a boundary");
        parts.push(start..end);
        at = end + 5;
    }
    parts
}

fn find(content: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    content[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
}
