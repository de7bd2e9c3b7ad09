//! W3C Trace Context: a valid parent is continued, everything else begins a new trace.

#[cfg(test)]
mod tests;

use crate::fields::{TRACEPARENT, TRACESTATE};
use http::{HeaderMap, HeaderValue};
use portcullis_core::{Fault, Reason, Stop};

/// Members of `tracestate` that are handed on (W3C Trace Context §3.3.1.1).
const MAX_MEMBERS: usize = 32;
/// Bytes of `tracestate` that are handed on (§3.3.1.5).
const MAX_STATE_BYTES: usize = 512;
/// `00-<32 hex>-<16 hex>-<2 hex>`
const PARENT_BYTES: usize = 55;

/// The trace of one exchange as the upstream is told.
#[derive(Clone, Debug)]
pub struct TraceContext {
    /// The field for the upstream: the client's trace with our span, or a trace of our own.
    pub traceparent: HeaderValue,
    /// What becomes of the client's `tracestate`.
    pub tracestate: Tracestate,
    /// The trace id.
    pub trace_id: u128,
    /// Our span, the parent of what the upstream records.
    pub span_id: u64,
}

/// What becomes of the client's `tracestate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tracestate {
    /// It goes on as it came, also when there was none.
    Kept,
    /// It belongs to a trace that is not continued.
    Dropped,
    /// It was over its bounds, or on several lines.
    Cut(HeaderValue),
}

/// Continues the client's trace or begins one. The sampled flag is believed from trusted proxies only: whoever sets it
/// decides what the operator's tracing stores and pays for.
pub fn context(headers: &HeaderMap, is_trusted: bool, mut random: impl FnMut() -> u64) -> Result<TraceContext, Stop> {
    let mut lines = headers.get_all(TRACEPARENT).iter();
    let parent = match (lines.next(), lines.next()) {
        (Some(line), None) => Parent::read(line.as_bytes()),
        _ => None,
    };
    let span_id = non_zero(&mut random);
    let (trace_id, is_sampled) = match &parent {
        Some(parent) => (parent.trace_id, parent.is_sampled && is_trusted),
        None => (u128::from(non_zero(&mut random)) << 64 | u128::from(random()), false),
    };
    let tracestate = match parent {
        Some(_) => tracestate(headers),
        None => Tracestate::Dropped,
    };
    let text = written(trace_id, span_id, is_sampled);
    let traceparent = HeaderValue::from_bytes(&text).map_err(|error| Fault::new(Reason::Internal, error))?;
    Ok(TraceContext { traceparent, tracestate, trace_id, span_id })
}

/// An id of nothing but zeros is invalid (§3.2.2.3).
fn non_zero(random: &mut impl FnMut() -> u64) -> u64 {
    match random() {
        0 => 1,
        id => id,
    }
}

struct Parent {
    trace_id: u128,
    is_sampled: bool,
}

impl Parent {
    fn read(line: &[u8]) -> Option<Self> {
        let (fixed, rest) = line.split_at_checked(PARENT_BYTES)?;
        let [v1, v0, b'-', rest_of_parent @ ..] = fixed else { return None };
        let version = hex(&[*v1, *v0])?;
        // A later version may append fields after a dash; version 00 has none, ff is forbidden (§3.2.2.1, §4.3).
        if version == 0xFF || !(rest.is_empty() || version > 0 && rest.starts_with(b"-")) {
            return None;
        }
        let (trace, rest) = rest_of_parent.split_at_checked(32)?;
        let (span, rest) = rest.strip_prefix(b"-")?.split_at_checked(16)?;
        let flags = hex(rest.strip_prefix(b"-")?)?;
        let trace_id = hex(trace).filter(|id| *id != 0)?;
        hex(span).filter(|id| *id != 0)?;
        Some(Self { trace_id, is_sampled: flags & 1 == 1 })
    }
}

/// Lower-case digits only: upper case makes the field invalid (§3.2.2).
fn hex(digits: &[u8]) -> Option<u128> {
    let mut value = 0_u128;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit.wrapping_sub(b'0'),
            b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
            _ => return None,
        };
        value = value << 4 | u128::from(digit);
    }
    Some(value)
}

fn written(trace_id: u128, span_id: u64, is_sampled: bool) -> [u8; PARENT_BYTES] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    let (head, tail) = text.split_at_mut(36);
    let (span, flags) = tail.split_at_mut(16);
    put_hex(head.get_mut(3..35), &trace_id.to_be_bytes());
    put_hex(Some(span), &span_id.to_be_bytes());
    put_hex(flags.get_mut(1..), &[u8::from(is_sampled)]);
    text
}

fn put_hex(place: Option<&mut [u8]>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    for (pair, byte) in place.into_iter().flat_map(|place| place.chunks_exact_mut(2)).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xF)]);
    }
}

/// Whole members from the left, as many as fit.
fn tracestate(headers: &HeaderMap) -> Tracestate {
    let mut lines = headers.get_all(TRACESTATE).iter();
    let (Some(first), second) = (lines.next(), lines.next()) else { return Tracestate::Kept };
    if second.is_none() && fits(first.as_bytes()) {
        return Tracestate::Kept;
    }
    let mut kept = Vec::with_capacity(MAX_STATE_BYTES);
    let lines = headers.get_all(TRACESTATE).iter();
    let members = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    for member in members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty()).take(MAX_MEMBERS) {
        if kept.len().saturating_add(member.len()).saturating_add(1) > MAX_STATE_BYTES {
            break;
        }
        if !kept.is_empty() {
            kept.push(b',');
        }
        kept.extend_from_slice(member);
    }
    match HeaderValue::from_bytes(&kept) {
        Ok(value) if kept.is_ascii() && !kept.is_empty() => Tracestate::Cut(value),
        _ => Tracestate::Dropped,
    }
}

fn fits(line: &[u8]) -> bool {
    line.len() <= MAX_STATE_BYTES && line.is_ascii() && line.split(|byte| *byte == b',').count() <= MAX_MEMBERS
}
