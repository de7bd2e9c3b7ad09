//! What stands in the place of each name of a path template. Routing found the template; this reads the same split again.

/// A path template, as far as its names are concerned.
#[derive(Debug)]
pub(crate) struct Template {
    segments: Box<[Segment]>,
}

#[derive(Debug)]
enum Segment {
    /// Text without a name.
    Literal,
    /// One or more names with text around them.
    Named { prefix: Box<str>, names: Box<[Box<str>]>, between: Box<[Box<str>]>, suffix: Box<str> },
    /// `{path+}`: all that is left.
    Rest(Box<str>),
}

impl Template {
    /// Reads a key of `paths`. `Err` names the segment whose text beside a name needs an escape in a request: its split cannot be
    /// read by length.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<str>> {
        let path = text.strip_prefix('/').unwrap_or(text);
        path.split('/').map(segment).collect::<Result<Box<[Segment]>, _>>().map(|segments| Self { segments })
    }

    /// Adds each name and what stands in its place. `path` is canonical, below the base path, and one that routing gave this
    /// template; false where it is not.
    pub(crate) fn values<'a>(&'a self, path: &'a str, out: &mut Vec<(&'a str, &'a str)>) -> bool {
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        let mut segments = self.segments.iter().peekable();
        while let Some(segment) = segments.next() {
            if let Segment::Rest(name) = segment {
                out.push((name, rest));
                return true;
            }
            let (text, after) = match rest.split_once('/') {
                Some((text, after)) if segments.peek().is_some() => (text, after),
                _ => (rest, ""),
            };
            if let Segment::Named { prefix, names, between, suffix } = segment {
                let inner = text.strip_prefix(&**prefix).and_then(|inner| inner.strip_suffix(&**suffix));
                let Some(mut inner) = inner else { return false };
                let mut separators = between.iter();
                for name in names {
                    let Some(separator) = separators.next() else {
                        out.push((name, inner));
                        break;
                    };
                    let Some((value, after)) = split(inner, separator) else { return false };
                    out.push((name, value));
                    inner = after;
                }
            }
            rest = after;
        }
        true
    }
}

/// At the first place of `separator` that leaves something before it and is not inside an escape, as routing does.
fn split<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 1_usize;
    loop {
        let at = text.get(from..)?.find(separator)?.saturating_add(from);
        let before = text.as_bytes().get(..at).unwrap_or_default();
        if !before.iter().rev().take(2).any(|&octet| octet == b'%') {
            return Some((text.get(..at)?, text.get(at.saturating_add(separator.len())..)?));
        }
        from = at.saturating_add(1);
    }
}

fn segment(text: &str) -> Result<Segment, Box<str>> {
    let Some((prefix, mut rest)) = text.split_once('{') else { return Ok(Segment::Literal) };
    let (mut names, mut between): (Vec<Box<str>>, Vec<Box<str>>) = (Vec::new(), Vec::new());
    let suffix = loop {
        let Some((name, after)) = rest.split_once('}') else { return Err(text.into()) };
        if let Some(name) = name.strip_suffix('+') {
            return Ok(Segment::Rest(name.into()));
        }
        names.push(name.into());
        match after.split_once('{') {
            None => break after,
            Some((separator, more)) => {
                between.push(separator.into());
                rest = more;
            }
        }
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    let texts = between.iter().map(|text| &**text).chain([prefix, suffix]);
    if !texts.flat_map(str::bytes).all(plain) {
        return Err(text.into());
    }
    Ok(Segment::Named { prefix: prefix.into(), names: names.into(), between: between.into(), suffix: suffix.into() })
}

#[cfg(test)]
mod tests;
