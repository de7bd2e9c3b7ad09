//! The parts of a form as one JSON object, each read as the document says.

use super::super::media::{self, MediaType};
use super::super::spec::{Location, Unknown};
use super::super::text;
use super::super::violation::{Report, Rule, Violation};
use super::{Event, FormData, FormDataValues, Head, Multipart, PartKind, PartSpan, PartSpec, files};
use portcullis_json::Bounds;

/// Reads a form while it arrives.
pub struct FormDataReader<'a> {
    parser: Multipart,
    reading: Reading<'a>,
}

impl<'a> FormDataReader<'a> {
    pub(super) fn new(form: &'a FormData, boundary: &str) -> Self {
        let reading = Reading {
            form,
            texts: form.parts.iter().map(|_| Vec::new()).collect(),
            others: Vec::new(),
            text_bytes: 0,
            parts: Vec::new(),
            current: None,
            undeclared: Report::default(),
            violations: Report::default(),
        };
        Self { parser: Multipart::new(boundary, form.limits), reading }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// What ends the reading: broken parts, or one over its bounds. The rest is told at the end.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Vec<Violation>> {
        let reading = &mut self.reading;
        self.parser.push(piece, &mut |offset, event| reading.take(offset, event)).map_err(|violation| vec![violation])
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// What is wrong, at most [`MAX_VIOLATIONS`](crate::values::MAX_VIOLATIONS).
    pub fn finish(self) -> Result<FormDataValues, Vec<Violation>> {
        self.parser.finish().map_err(|violation| vec![violation])?;
        self.reading.finish()
    }
}

/// The part under way.
struct Current {
    /// `None` for one that nobody declared.
    spec: Option<usize>,
    bytes: u64,
    /// All of a value; of a file, what says what it is.
    kept: Vec<u8>,
}

struct Reading<'a> {
    form: &'a FormData,
    /// Of each declared part: the JSON texts that came.
    texts: Vec<Vec<Vec<u8>>>,
    /// Those of other names.
    others: Vec<(Box<str>, Vec<u8>)>,
    text_bytes: u64,
    parts: Vec<PartSpan>,
    current: Option<Current>,
    /// Undeclared parts that passed or were taken out.
    undeclared: Report,
    violations: Report,
}

impl<'a> Reading<'a> {
    fn take(&mut self, offset: u64, event: Event<'_>) -> Result<(), Violation> {
        match event {
            Event::Begin(head) => {
                let spec = self.form.find(head.name()).unwrap_or_else(|rule| {
                    self.refuse(head.name(), rule);
                    None
                });
                let described = self.described(spec);
                if described.is_none() {
                    self.undeclared.add(Location::Form, head.name(), Rule::Undeclared);
                }
                if let Some(Err(rule)) = described.map(|described| check(described, head)) {
                    self.refuse(head.name(), rule);
                }
                let is_kept = described.is_some() || self.form.unknown == Unknown::Allow;
                self.parts.push(PartSpan { head: head.clone(), content: offset..offset, is_kept });
                self.current = Some(Current { spec, bytes: 0, kept: Vec::new() });
                Ok(())
            }
            Event::Data(data) => self.data(data),
            Event::End => {
                if let Some(part) = self.parts.last_mut() {
                    part.content.end = offset;
                }
                self.end();
                Ok(())
            }
        }
    }

    fn described(&self, spec: Option<usize>) -> Option<&'a PartSpec> {
        match spec {
            Some(spec) => self.form.parts.get(spec),
            None => self.form.other.as_ref(),
        }
    }

    fn data(&mut self, data: &[u8]) -> Result<(), Violation> {
        let name = self.parts.last().map_or("", |part| part.head.name());
        let over = || Err(Violation::new(Location::Form, name, Rule::TooLarge));
        let described = self.current.as_ref().map(|current| self.described(current.spec));
        let (Some(current), Some(described)) = (&mut self.current, described) else { return over() };
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        current.bytes = current.bytes.saturating_add(length);
        match described {
            Some(described) if current.bytes > described.max_bytes => return over(),
            Some(described) if described.kind == PartKind::File => {
                let missing = files::SNIFFED_BYTES.saturating_sub(current.kept.len()).min(data.len());
                current.kept.extend_from_slice(data.get(..missing).unwrap_or_default());
            }
            Some(_) => {
                self.text_bytes = self.text_bytes.saturating_add(length);
                if self.text_bytes > self.form.limits.max_text_bytes {
                    return over();
                }
                current.kept.extend_from_slice(data);
            }
            // Taken out, or passed unread.
            None => {}
        }
        Ok(())
    }

    /// A part is whole: it becomes a JSON text.
    fn end(&mut self) {
        let (Some(current), Some(part)) = (self.current.take(), self.parts.last()) else { return };
        let Some(described) = self.described(current.spec) else { return };
        let head = part.head.clone();
        let mut json = Vec::new();
        let written = write(described, &head, &current.kept, &self.form.bounds, &mut json);
        if let Err(rule) = written {
            self.refuse(head.name(), rule);
            return;
        }
        match current.spec.and_then(|spec| self.texts.get_mut(spec)) {
            Some(texts) => {
                texts.push(json);
                if texts.len() > 1 && !described.is_repeated {
                    self.refuse(head.name(), Rule::Duplicate);
                }
            }
            None => self.others.push((head.name().into(), json)),
        }
    }

    fn refuse(&mut self, name: &str, rule: Rule) {
        let is_known = |last: &Violation| last.rule == rule && *last == Violation::new(Location::Form, name, rule);
        if !self.violations.last().is_some_and(is_known) {
            self.violations.add(Location::Form, name, rule);
        }
    }

    fn finish(mut self) -> Result<FormDataValues, Vec<Violation>> {
        let mut members: Vec<(Box<str>, Vec<Vec<u8>>, bool)> = Vec::new();
        for (described, texts) in self.form.parts.iter().zip(std::mem::take(&mut self.texts)) {
            if !texts.is_empty() {
                members.push((described.name.clone(), texts, described.is_repeated));
            }
        }
        let mut others = std::mem::take(&mut self.others);
        others.sort_by(|(one, _), (other, _)| one.cmp(other));
        let is_repeated = self.form.other.as_ref().is_some_and(|other| other.is_repeated);
        for group in others.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((name, _)) = group.first() else { continue };
            if group.len() > 1 && !is_repeated {
                self.refuse(name, Rule::Duplicate);
            }
            members.push((name.clone(), group.iter().map(|(_, text)| text.clone()).collect(), is_repeated));
        }
        let mut json = vec![b'{'];
        for (name, texts, is_repeated) in members {
            if json.len() > 1 {
                json.push(b',');
            }
            if let Err(rule) = text::string(&name, &self.form.bounds, &mut json) {
                self.refuse(&name, rule);
            }
            json.extend_from_slice(if is_repeated { b":[" } else { b":" });
            json.extend_from_slice(&texts.join(&b','));
            json.extend_from_slice(if is_repeated { b"]" } else { b"" });
        }
        json.push(b'}');
        if self.violations.is_empty() {
            Ok(FormDataValues { json, parts: self.parts, undeclared: self.undeclared.into_vec() })
        } else {
            Err(self.violations.into_vec())
        }
    }
}

/// Whether the header of a part is one that its description allows.
fn check(described: &PartSpec, head: &Head) -> Result<(), Rule> {
    if matches!(described.kind, PartKind::Text(_)) && head.file_name().is_some() {
        return Err(Rule::FileName);
    }
    let Some(media) = head.media() else {
        // What is no file is read as the document says; a file without a type may be any.
        let is_undecided = described.kind == PartKind::File && !described.types.is_empty();
        return if is_undecided { Err(Rule::MediaType) } else { Ok(()) };
    };
    let said = MediaType::parse(media).map_err(|_| Rule::PartHeader)?;
    // Servers choose by the type of a part how to read it: a text that says it is XML is one to them (CWE-611).
    let is_declared = match &described.kind {
        _ if !described.types.is_empty() => described.types.has(&said),
        PartKind::Text(_) => said.is("text", "plain"),
        PartKind::Json => said.reading() == media::Reading::Json,
        PartKind::File => true,
    };
    let is_readable = described.kind == PartKind::File || said.check_charset().is_ok();
    if is_declared && is_readable { Ok(()) } else { Err(Rule::MediaType) }
}

fn write(described: &PartSpec, head: &Head, kept: &[u8], bounds: &Bounds, out: &mut Vec<u8>) -> Result<(), Rule> {
    if described.kind == PartKind::File {
        let essence = head.media().and_then(|media| media.split(';').next()).unwrap_or_default().trim();
        // A field of a form that no file was chosen for is empty.
        let is_empty = kept.is_empty() && head.file_name() == Some("");
        if described.sniff && !is_empty && !files::can_be(essence, kept) {
            return Err(Rule::MediaType);
        }
        out.extend_from_slice(b"\"\"");
        return Ok(());
    }
    let value = std::str::from_utf8(kept).ok().filter(|value| !value.contains('\0')).ok_or(Rule::Encoding)?;
    match &described.kind {
        PartKind::Text(shape) => text::write(value, shape, bounds, out),
        PartKind::Json => text::json(value, bounds, out),
        PartKind::File => Ok(()),
    }
}
