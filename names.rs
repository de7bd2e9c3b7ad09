//! Names that mean something else to those who read the value behind us.

use icu_normalizer::ComposingNormalizerBorrowed;
use portcullis_json::{Kind, Member, Value};
use std::borrow::Cow;

/// Whether a JavaScript program that copies the member into an object reaches what all its objects share (CVE-2019-10744).
pub(crate) fn reaches_prototype(member: Member<'_>) -> bool {
    match member.name {
        "__proto__" => true,
        "constructor" => member.value.kind() == Kind::Object && member.value.get("prototype").is_some(),
        _ => false,
    }
}

/// Members that are not named by a schema, but that some readers take for one that is, and that is there as well: Go's
/// `encoding/json` matches without case.
pub(crate) fn collisions<'v>(
    object: Value<'v>,
    is_named: impl Fn(Value<'v>) -> bool,
    mut found: impl FnMut(Value<'v>),
) {
    let mut named: Vec<_> =
        object.members().filter(|member| is_named(member.value)).map(|member| folded(member.name)).collect();
    if named.is_empty() || named.len() == object.len() {
        return;
    }
    named.sort_unstable();
    for member in object.members().filter(|member| !is_named(member.value)) {
        if named.binary_search(&folded(member.name)).is_ok() {
            found(member.value);
        }
    }
}

/// The same for names that differ in case or in how characters are composed.
fn folded(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        };
    }
    const NORMALIZER: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    // Upper case first: `ſ` and `s` have one upper case, and two lower ones.
    NORMALIZER.normalize(&name.to_uppercase().to_lowercase()).into_owned().into()
}
