use super::*;
use std::path::Path;

fn documents() -> Documents {
    Documents::parse(Path::new("shop.yaml"), b"a:\n  b: 1\nc: [x]\n").unwrap()
}

fn configs(text: &str) -> Vec<WaiverConfig> {
    serde_saphyr::from_str(text).unwrap()
}

fn lines(errors: impl IntoIterator<Item = ConfigError>) -> String {
    errors.into_iter().map(|error| format!("{:?} {error}", error.severity)).collect::<Vec<_>>().join("\n")
}

#[test]
fn waived_construct_is_a_warning_and_any_other_an_error_with_its_pointer() {
    let documents = documents();
    let waivers = Waivers::new(&documents, &configs("- { pointer: /a/b, because: nobody sends it }\n")).unwrap();
    let [_, b] = documents.places("/a/b")[0];
    let [_, c] = documents.places("/c/0")[0];
    assert_eq!(
        lines(waivers.unused()),
        "Warning 1:14: `/a/b` is enforced without this waiver; accepted: the list without it"
    );
    let found = waivers.unenforced(&documents, b, "`b` cannot be checked", "another");
    assert_eq!(lines([found]), "Warning shop.yaml:2:6: `b` cannot be checked: waived because nobody sends it");
    assert_eq!(lines(waivers.unused()), "");
    let found = waivers.unenforced(&documents, c, "`x` cannot be checked", "another");
    let expected =
        "Error shop.yaml:3:5: `x` cannot be checked; accepted: another, or `/c/0` under `contract: { waive }`";
    assert_eq!(lines([found]), expected);
    let found = waivers.unenforced(&documents, c, "`x` cannot be checked", "");
    assert!(found.accepted.starts_with("`/c/0` under"), "{}", found.accepted);
}

#[test]
fn one_waiver_may_stand_for_many_constructs() {
    let documents = documents();
    let waivers = Waivers::new(&documents, &configs("- { pointer: '/*/*', because: all }\n")).unwrap();
    for pointer in ["/a/b", "/c/0"] {
        let [_, at] = documents.places(pointer)[0];
        assert!(lines([waivers.unenforced(&documents, at, "it", "")]).starts_with("Warning"), "{pointer}");
    }
    let [_, at] = documents.places("/c")[0];
    assert!(lines([waivers.unenforced(&documents, at, "it", "")]).starts_with("Error"), "one level up");
}

#[test]
fn waiver_that_cannot_be_meant_is_refused() {
    let configs = configs(
        "- { pointer: /a/c, because: gone }\n- { pointer: /a, because: ' ' }\n- { pointer: /a, because: again }\n",
    );
    let expected = "Error 1:14: `/a/c` leads nowhere in the document; accepted: a JSON Pointer such as \
                    `/paths/~1orders/get/parameters/0`, or `file.yaml#/Order`\n\
                    Error 2:27: a waiver without a reason; accepted: why this may stay unenforced\n\
                    Error 3:14: `/a` is waived twice; accepted: each pointer once";
    assert_eq!(lines(Waivers::new(&documents(), &configs).unwrap_err()), expected);
}
