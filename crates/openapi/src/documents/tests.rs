use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// A directory with these files in it, inside another that holds `secret.yaml`.
fn directory(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret.yaml"), "A: {}\n").unwrap();
    let inside = outside.path().join("api");
    fs::create_dir_all(inside.join("s")).unwrap();
    for (name, text) in files {
        fs::write(inside.join(name), text).unwrap();
    }
    let entry = inside.join("shop.yaml");
    (outside, entry)
}

fn load(entry: &Path) -> Documents {
    Documents::load(entry, &Limits::default()).unwrap()
}

const AT: Place = Place { file: FileId(0), line: 7, column: 9 };

/// What the reference names, as text, or what is wrong with it, without the directory.
fn resolved(documents: &Documents, reference: &str) -> String {
    match documents.resolve(FileId(0), reference, AT) {
        Ok(node) => node.as_str().unwrap_or("no text").into(),
        Err(error) => ConfigError { file: Some("shop.yaml".into()), ..error }.to_string(),
    }
}

#[test]
fn pointer_leads_to_any_value_of_the_document() {
    let text = "a: {b/c: x, d~e: y, 'f{g}': z, '': e, list: [p, q]}\n";
    let documents = Documents::parse(Path::new("shop.yaml"), text.as_bytes()).unwrap();
    let cases = [
        ("#/a/b~1c", "x", "contract/O-10: `~1`"),
        ("#/a/d~0e", "y", "contract/O-10: `~0`"),
        ("#/a/f%7Bg%7D", "z", "contract/O-10: `%7B`"),
        ("#/a/", "e", "the empty name"),
        ("#/a/list/1", "q", "an index"),
        ("#", "no text", "the whole"),
        ("#/a/list/01", "leads nowhere", "one spelling"),
        ("#/a/list/+1", "leads nowhere", "one spelling"),
        ("#/a/list/2", "leads nowhere", "behind the end"),
        ("#/a/list/-", "leads nowhere", "nothing is appended"),
        (
            "#/a/b~1d",
            "shop.yaml:7:9: reference `#/a/b~1d` leads nowhere; nearest: `b/c`",
            "contract/O-10: at the reference",
        ),
        ("#a", "has a fragment that is no JSON Pointer", "anchors are not looked up here"),
        ("other.yaml", "names a file that was not read", "a single text"),
    ];
    for (reference, expected, why) in cases {
        let found = resolved(&documents, reference);
        assert!(found.contains(expected), "{reference}: {why}: {found}");
    }
}

#[test]
fn references_lead_to_files_below_the_document() {
    let files = [
        ("shop.yaml", "a: { $ref: 's/order.yaml#/Order' }\nb: { $ref: './s/../s/order.yaml' }\n"),
        ("s/order.yaml", "Order: order\nback: { $ref: '../shop.yaml#/a' }\nline: { $ref: 'line.json' }\n"),
        ("s/line.json", "{\"line\": {\"$ref\": \"order.yaml\"}, \"text\": \"deep\"}"),
    ];
    let (_outside, entry) = directory(&files);
    let documents = load(&entry);
    assert_eq!(resolved(&documents, "s/order.yaml#/Order"), "order", "contract/O-11");
    assert_eq!(documents.files().count(), 3, "one file is read once, whatever its names");
    let order = documents.files().find(|file| documents.file(*file).ends_with("s/order.yaml")).unwrap();
    let found = documents.resolve(order, "line.json#/text", AT).unwrap();
    assert_eq!(found.as_str(), Some("deep"), "contract/O-11: relative to the file that refers");
    assert_eq!(documents.file(found.place.file), entry.with_file_name("s/line.json"));
    let back = documents.resolve(order, "../shop.yaml#/a", AT).unwrap();
    assert_eq!(back.place.file, FileId(0), "the document itself by its name");
}

#[test]
fn reference_that_leads_outside_reads_nothing() {
    let references = [
        ("../secret.yaml#/A", "leads out of the directory of the document", "contract/O-11"),
        ("s/../../secret.yaml#/A", "leads out of the directory of the document", "contract/O-11"),
        ("link.yaml#/A", "leads out of the directory of the document", "contract/O-11: a link to a file"),
        ("linked/secret.yaml#/A", "leads out of the directory of the document", "contract/O-11: a link to a directory"),
        ("/etc/passwd", "is an absolute path", "contract/O-11"),
        ("s", "names no regular file", "a directory"),
        ("none.yaml", "names a file that cannot be read", ""),
        ("http://127.0.0.1:9/s.json", "is an absolute URL, which is never fetched", "contract/O-12"),
        ("file:///etc/passwd", "is an absolute URL, which is never fetched", "contract/O-12"),
    ];
    let text: String = references.iter().map(|(text, ..)| format!("- {{ $ref: '{text}' }}\n")).collect();
    let (outside, entry) = directory(&[("shop.yaml", &text)]);
    symlink(outside.path().join("secret.yaml"), entry.with_file_name("link.yaml")).unwrap();
    symlink(outside.path(), entry.with_file_name("linked")).unwrap();
    let documents = load(&entry);
    assert_eq!(documents.files().count(), 1);
    for (reference, expected, why) in references {
        let found = resolved(&documents, reference);
        let expected = format!("shop.yaml:7:9: reference `{reference}` {expected}");
        assert!(found.starts_with(&expected), "{why}: {found}");
    }
}

/// A link that stays below the directory is a file like any other.
#[test]
fn link_inside_the_directory_is_followed() {
    let (_outside, entry) = directory(&[("shop.yaml", "{ $ref: 'a.yaml' }\n"), ("s/b.yaml", "A: linked\n")]);
    symlink(entry.with_file_name("s/b.yaml"), entry.with_file_name("a.yaml")).unwrap();
    assert_eq!(resolved(&load(&entry), "a.yaml#/A"), "linked");
}

/// A URL is refused without a connection.
#[test]
fn no_socket_is_opened() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/s.json", listener.local_addr().unwrap());
    let (_outside, entry) = directory(&[("shop.yaml", &format!("a: {{ $ref: '{url}' }}\n"))]);
    let found = resolved(&load(&entry), &url);
    assert!(found.contains("is an absolute URL, which is never fetched"), "{found}");
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "contract/O-12");
}

#[test]
fn errors_of_all_files_are_listed_with_their_file() {
    let files = [
        ("shop.yaml", "a: { $ref: 'a.yaml' }\nb: { $ref: 'b.yaml' }\nc: { $ref: 'a.yaml#/x' }\n"),
        ("a.yaml", "a: 1\na: 2\n"),
        ("b.yaml", "a: [\n"),
    ];
    let (_outside, entry) = directory(&files);
    let errors = Documents::load(&entry, &Limits::default()).unwrap_err();
    let mut places: Vec<_> =
        errors.iter().map(|error| (error.file.clone().unwrap(), error.line, error.column)).collect();
    places.sort();
    let expected = [(entry.with_file_name("a.yaml"), 2, 1), (entry.with_file_name("b.yaml"), 1, 4)];
    assert_eq!(places, expected, "contract/O-03");
}

#[test]
fn bounds_hold_for_all_files_together() {
    let files =
        [("shop.yaml", "a: { $ref: 'a.yaml' }\nb: { $ref: 'b.yaml' }\n"), ("a.yaml", "a: aaaa\n"), ("b.yaml", "b\n")];
    let (_outside, entry) = directory(&files);
    let with = |limits: Limits| match Documents::load(&entry, &limits) {
        Ok(documents) => resolved(&documents, "b.yaml") + &resolved(&documents, "a.yaml"),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    let all = Limits::default();
    assert!(with(Limits { max_files: 2, ..all }).contains("is one file more than 2 (`max_files`)"));
    assert!(
        with(Limits { max_bytes: 50, ..all }).contains("is larger than 50 bytes, all files together (`max_bytes`)")
    );
    assert!(with(Limits { max_nodes: 9, ..all }).contains("has more than 9 values (`max_nodes`)"), "contract/O-08");
    assert_eq!(with(all), "bno text");
}

#[test]
fn text_that_is_too_large_is_not_read() {
    let large = vec![b' '; usize::try_from(Limits::default().max_bytes).unwrap() + 1];
    let errors = Documents::parse(Path::new("shop.yaml"), &large).unwrap_err();
    assert!(errors[0].to_string().starts_with("shop.yaml:is larger than 52428800 bytes"), "edge/R2: {}", errors[0]);
}

#[test]
fn file_that_cannot_be_read_is_named() {
    let errors = Documents::load(Path::new("no/such/shop.yaml"), &Limits::default()).unwrap_err();
    assert!(errors[0].to_string().starts_with("no/such/shop.yaml:cannot be read: "), "{}", errors[0]);
}

#[test]
fn places_have_pointers() {
    let files =
        [("shop.yaml", "a:\n  b/c: [x, {d~e: y}]\nf: { $ref: 's/o.yaml' }\n"), ("s/o.yaml", "Order: { id: 1 }\n")];
    let (_outside, entry) = directory(&files);
    let documents = load(&entry);
    let at = |(file, line, column)| Place { file: FileId(file), line, column };
    let cases = [
        ("", vec![[(0, 1, 1), (0, 1, 1)]], "the whole document"),
        ("/a/b~1c", vec![[(0, 2, 3), (0, 2, 8)]], "key and value"),
        ("/a/b~1c/0", vec![[(0, 2, 9), (0, 2, 9)]], "an item has no key"),
        ("/a/b~1c/1/d~0e", vec![[(0, 2, 13), (0, 2, 18)]], ""),
        ("s/o.yaml#/Order/id", vec![[(1, 1, 10), (1, 1, 14)]], "another file"),
        ("/a/*/*", vec![[(0, 2, 9), (0, 2, 9)], [(0, 2, 12), (0, 2, 12)]], "any"),
        ("/*/b~1c/1/*", vec![[(0, 2, 13), (0, 2, 18)]], "any"),
        ("/a/x", vec![], ""),
        ("/a/b~1c/*/x", vec![], ""),
        ("a", vec![], "no pointer"),
        ("s/p.yaml#/a", vec![], "no such file"),
    ];
    for (pointer, expected, why) in cases {
        let expected: Vec<_> = expected.into_iter().map(|places| places.map(at)).collect();
        assert_eq!(documents.places(pointer), expected, "{pointer}: {why}");
        // A block map begins where its first key does, so the key may be found as the map.
        if let ([[_, value]], false) = (&expected[..], pointer.contains('*')) {
            assert_eq!(documents.pointer(*value).as_deref(), Some(pointer), "{why}");
        }
    }
    assert_eq!(documents.pointer(at((0, 9, 9))), None);
}

#[test]
fn place_behind_an_alias_has_a_pointer() {
    let documents = Documents::parse(Path::new("shop.yaml"), b"a: &a { b: 1 }\nc: { d: 2, e: *a, f: 3 }\n").unwrap();
    let pointer = |text: &str| documents.pointer(documents.places(text)[0][1]);
    assert_eq!(pointer("/c/f").as_deref(), Some("/c/f"));
    assert_eq!(pointer("/c/d").as_deref(), Some("/c/d"), "values after it that stand before it");
    assert_eq!(pointer("/c/e/b").as_deref(), Some("/a/b"), "where it is written");
}
