//! The judgement of a value: quickly where all is well, in full where it is not.

use super::check::Run;
use super::names;
use super::options::{OneWay, Policy, Undeclared, View};
use super::rule::Rule;
use super::schema::{SchemaId, Schemas};
use super::sink::{DECLARED, DESCRIBED, EXCLUDED, Found, MAX_VIOLATIONS, NAMED, ONE_WAY, Quick, UNEVALUATED, Walk};
use super::verdict::{Removal, Verdict, Violation, pointer};
use portcullis_json::{Bounds, Document, Edits, NodeId, Value};

impl Schemas {
    /// Whether the value is what the schema allows, whatever else may be in it. For request and response bodies: [`Self::judge`].
    #[must_use]
    pub fn is_valid(&self, id: SchemaId, value: Value<'_>) -> bool {
        Run::new(self, value, None, Quick).enter(id, value, None).is_ok()
    }

    /// Judges a value.
    #[must_use]
    pub fn judge(&self, id: SchemaId, value: Value<'_>, policy: &Policy) -> Verdict {
        if self.is_clean(id, value, policy.view) {
            return Verdict::default();
        }
        let mut judged = self.look_closely(id, value, policy);
        if judged.is_fragile && judged.verdict.violations.is_empty() && !judged.verdict.removals.is_empty() {
            let holds = self.holds_without(id, value, policy, &judged.verdict);
            if !holds {
                // Taking it out would break the schema, so it is refused for being there.
                let removals = std::mem::take(&mut judged.verdict.removals);
                let found = removals.into_iter().map(|removal| (removal.node, removal.rule));
                judged.verdict.violations = report(value, found);
            }
        }
        judged.verdict
    }

    /// The quick run. `false` if anything is wrong, or may be.
    pub(super) fn is_clean(&self, id: SchemaId, value: Value<'_>, view: View) -> bool {
        if view == View::Write && value.document().may_mention("proto") {
            return false;
        }
        let mut run = Run::new(self, value, Some(view), Quick);
        run.enter(id, value, None).is_ok() && !run.is_suspect
    }

    pub(super) fn look_closely(&self, id: SchemaId, value: Value<'_>, policy: &Policy) -> Judged {
        let mut run = Run::new(self, value, Some(policy.view), Walk::new(value));
        let outcome = run.enter(id, value, None);
        let is_exhausted = run.is_exhausted;
        let mut walk = run.sink;
        let mut verdict = Verdict::default();
        let mut found = std::mem::take(&mut walk.found);
        if is_exhausted || (outcome.is_err() && found.is_empty()) {
            found = vec![Found { node: value.id(), rule: Rule::Work, name: None }];
        }
        // A run that did not come to its end does not know what is declared.
        let mut extras = if outcome.is_err() { Vec::new() } else { extras(value, &walk, policy.view) };
        let goes = |rule| is_removed(rule, policy);
        drop_inside(&mut extras, goes);
        // What is wrong inside of what goes does not matter.
        found.retain(|found| !extras.iter().any(|extra| goes(extra.rule) && extra.holds(found.node)));
        for extra in extras {
            if goes(extra.rule) && extra.node != value.id() {
                verdict.removals.push(Removal { node: extra.node, rule: extra.rule });
            } else if extra.rule == Rule::Undeclared && policy.undeclared == Undeclared::Allow {
                verdict.undeclared.push(extra.node);
            } else {
                found.push(Found { node: extra.node, rule: extra.rule, name: None });
            }
        }
        found.sort();
        found.truncate(MAX_VIOLATIONS);
        let told =
            |found: &Found| Violation { pointer: pointer(value, found.node, found.name.as_deref()), rule: found.rule };
        verdict.violations = found.iter().map(told).collect();
        Judged { verdict, is_fragile: walk.is_fragile }
    }

    /// Judges what is left of the document, as it will be read.
    fn holds_without(&self, id: SchemaId, value: Value<'_>, policy: &Policy, verdict: &Verdict) -> bool {
        let mut edits = Edits::new();
        verdict.edit(value, &mut edits);
        let text = edits.apply(value.document());
        // It was read within bounds, and is shorter now.
        let bounds = Bounds {
            depth: u32::MAX,
            members: u32::MAX,
            elements: u32::MAX,
            nodes: u32::MAX,
            string_bytes: u32::MAX,
            number_bytes: u32::MAX,
            is_nul_allowed: true,
        };
        let Ok(edited) = Document::parse(text, &bounds) else { return false };
        // A part of a document has no place in the edited one that is known.
        value.id() == value.document().root().id()
            && (self.is_clean(id, edited.root(), policy.view)
                || self.look_closely(id, edited.root(), policy).verdict.holds())
    }
}

pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// Whether taking something out can change the outcome.
    is_fragile: bool,
}

/// A value that should not be where it is.
struct Extra {
    node: NodeId,
    /// The first value behind it and what it holds.
    after: NodeId,
    rule: Rule,
}

impl Extra {
    fn holds(&self, node: NodeId) -> bool {
        (self.node..self.after).contains(&node)
    }
}

fn is_removed(rule: Rule, policy: &Policy) -> bool {
    match rule {
        Rule::ReadOnly | Rule::WriteOnly => policy.one_way == OneWay::Strip,
        Rule::Undeclared | Rule::AdditionalProperties | Rule::UnevaluatedProperties => {
            policy.undeclared == Undeclared::Strip
        }
        _ => false,
    }
}

/// Leaves out what stands inside of what goes; a name that reaches a prototype is told wherever it stands.
fn drop_inside(extras: &mut Vec<Extra>, goes: impl Fn(Rule) -> bool) {
    let mut outer: Option<(NodeId, NodeId)> = None;
    extras.retain(|extra| {
        let is_inside = outer.is_some_and(|(from, to)| (from..to).contains(&extra.node));
        if !is_inside && goes(extra.rule) {
            outer = Some((extra.node, extra.after));
        }
        !is_inside || extra.rule == Rule::Prototype
    });
}

/// What should not be there, in the order of the value, one rule for each.
fn extras(root: Value<'_>, walk: &Walk, view: View) -> Vec<Extra> {
    let one_way = if view == View::Write { Rule::ReadOnly } else { Rule::WriteOnly };
    let mut extras: Vec<Extra> = Vec::new();
    let mut add = |value: Value<'_>, rule| extras.push(Extra { node: value.id(), after: value.after(), rule });
    for value in std::iter::once(root).chain(root.descendants()) {
        if walk.has(value, ONE_WAY) {
            add(value, one_way);
        }
        let is_described = walk.has(value, DESCRIBED);
        let is_named = |member: Value<'_>| walk.has(member, NAMED);
        for member in value.members() {
            if walk.has(member.value, EXCLUDED) {
                add(member.value, Rule::AdditionalProperties);
            } else if walk.has(member.value, UNEVALUATED) {
                add(member.value, Rule::UnevaluatedProperties);
            } else if is_described && !walk.has(member.value, DECLARED) {
                add(member.value, Rule::Undeclared);
            }
            if view == View::Write && !is_named(member.value) && names::reaches_prototype(member) {
                add(member.value, Rule::Prototype);
            }
        }
        if view == View::Write && is_described {
            names::collisions(value, is_named, |member| add(member, Rule::CaseCollision));
        }
    }
    extras.sort_by_key(|extra| (extra.node, extra.rule));
    extras.dedup_by_key(|extra| extra.node);
    extras
}

fn report(root: Value<'_>, found: impl Iterator<Item = (NodeId, Rule)>) -> Vec<Violation> {
    let told = |(node, rule)| Violation { pointer: pointer(root, node, None), rule };
    found.take(MAX_VIOLATIONS).map(told).collect()
}
