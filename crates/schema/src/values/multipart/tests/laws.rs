use super::*;
use portcullis_json::Document;
use proptest::prelude::*;

fn built(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut content = Vec::new();
    for (name, data) in parts {
        content.extend_from_slice(format!("--B0undary\r\n{}\r\n\r\n", named(name)).as_bytes());
        content.extend_from_slice(data);
        content.extend_from_slice(b"\r\n");
    }
    content.extend_from_slice(b"--B0undary--\r\n");
    content
}

fn any_form() -> FormData {
    let file = PartSpec { is_repeated: true, max_bytes: u64::MAX, ..part("", PartKind::File) };
    FormData::new(Vec::new(), Some(file), Unknown::Refuse, Limits::default(), Bounds::default())
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(
        parts in prop::collection::vec(("[a-z]{1,8}", prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b'-')], 0..60)), 1..6),
        piece in 1..40_usize,
    ) {
        let content = built(&parts);
        let form = any_form();
        let mut reader = form.reader("B0undary");
        for piece in content.chunks(piece) {
            reader.push(piece).unwrap();
        }
        let values = reader.finish().unwrap();
        for (span, (name, data)) in values.parts.iter().zip(&parts) {
            let range = usize::try_from(span.content.start).unwrap()..usize::try_from(span.content.end).unwrap();
            prop_assert_eq!((span.head.name(), &content[range]), (name.as_str(), data.as_slice()));
        }
        prop_assert_eq!(values.parts.len(), parts.len());
        prop_assert_eq!(values.written("B0undary", &content), content);
    }

    #[test]
    fn whatever_arrives_is_refused_or_becomes_json_that_parses(
        at in any::<prop::sample::Index>(),
        instead in "(\r\n|\n|--B|--|[;:=\" \\\\a-z]|é|\0){0,6}",
        cut in 0..8_usize,
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let title = named("title");
        let photo = format!("{}; filename=\"x.png\"\r\nContent-Type: image/png", named("photo"));
        let good = content(&[(&title, "a title"), (&photo, "data"), (&title, "again")]);
        let at = at.index(good.len());
        let end = at.saturating_add(cut).min(good.len());
        let changed = [&good[..at], instead.as_bytes(), &good[end..]].concat();
        for content in [changed, noise] {
            for unknown in [Unknown::Refuse, Unknown::Strip, Unknown::Allow] {
                let form = FormData::new(vec![PartSpec { is_repeated: true, ..part("title", text()) }], None, unknown, Limits::default(), Bounds::default());
                let Ok(values) = form.read("B", &content) else { continue };
                prop_assert!(Document::parse(values.json.clone(), &Bounds::default()).is_ok());
                // What is forwarded reads as what was read, and is written as it stands.
                let written = values.written("B", &content);
                if let Ok(again) = form.read("B", &written) {
                    prop_assert_eq!(&again.json, &values.json);
                    prop_assert_eq!(again.written("B", &written), written);
                } else {
                    prop_assert!(values.parts.iter().all(|part| !part.is_kept), "only a form without parts is none");
                }
            }
        }
    }
}
