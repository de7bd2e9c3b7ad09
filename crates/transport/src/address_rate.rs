//! Token buckets by client address, in constant memory.
//!
//! **Does**  says whether an address may do one thing more now; shared by all cores, without a lock.
//! **Never** grows: a full set of buckets forgets the one that is nearest to being full again.
//! **Fails** open for an address that was forgotten: it begins with a full bucket.
//!
//! A bucket is one word: a tag that tells addresses of one set apart, and the moment at which it will be full again. Taking a
//! token moves that moment on by one interval (the generic cell rate algorithm); a bucket whose moment has passed is full,
//! and its place is free for another address. So only addresses that are active right now take a place.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_core::bounds::{ADDRESS_BURST, ADDRESS_RATE};
use portcullis_core::config::{ConfigError, Rate, ScalarOr, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block::Block;

/// Buckets of one set: one cache line.
const WAYS: usize = 8;
/// Sets, a power of two: 16,384 buckets in 128 KiB. At the default rate that many are taken only by as many addresses that each
/// sent within the last half millisecond.
const SETS: usize = 2048;
/// Time is kept in sixteenths of a microsecond.
const PER_MICRO: u64 = 16;
const PER_SECOND: u64 = 1_000_000 * PER_MICRO;
/// Bits of a word that hold a moment; it wraps every 12 days, and [`FURTHEST`] makes the wrap harmless.
const MOMENT_BITS: u32 = 44;
const MOMENT: u64 = (1 << MOMENT_BITS) - 1;
/// The longest that a bucket may take to fill: a moment that is further ahead is one that passed long ago.
const LONGEST_FILL_SECONDS: u32 = 3600;
const FURTHEST: u64 = LONGEST_FILL_SECONDS as u64 * PER_SECOND;

/// The long form of a rate by address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AddressRate")]
pub struct Config {
    /// Tokens that come back: `2000/s`.
    #[schemars(with = "Rate")]
    pub rate: Spanned<Rate>,
    /// Tokens that a full bucket holds.
    #[schemars(with = "u32", range(min = 1))]
    pub burst: Spanned<u32>,
}

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    interval: u64,
    window: u64,
}

impl Pace {
    /// `rate` tokens a second (at least one), at most `burst` at once.
    pub const fn new(rate: u32, burst: u32) -> Self {
        let interval = match PER_SECOND.checked_div(rate as u64) {
            Some(interval) => interval,
            None => PER_SECOND,
        };
        Self { interval, window: interval.saturating_mul(burst as u64) }
    }
}

/// Judges `requests_per_address`; `None` is off. Absent, it is [`ADDRESS_RATE`] and [`ADDRESS_BURST`].
pub(crate) fn compile(written: Option<&Spanned<ScalarOr<Config>>>, findings: &mut Vec<ConfigError>) -> Option<Pace> {
    let Some(written) = written else { return Some(Pace::new(ADDRESS_RATE, ADDRESS_BURST)) };
    let Config { rate, burst } = match &written.value {
        ScalarOr::Long(config) => config,
        ScalarOr::Scalar(word) if word == "off" || word == "false" => return None,
        ScalarOr::Scalar(word) => {
            let accepted = "`off`, or a map such as `{ rate: 2000/s, burst: 4000 }`";
            let message = format!("`{word}` is not a rate by address");
            findings.push(ConfigError::at(&written.referenced, message, accepted));
            return None;
        }
    };
    let longest = rate.value.0.saturating_mul(LONGEST_FILL_SECONDS);
    if !(1..=longest).contains(&burst.value) {
        let message = format!("a burst of `{}`", burst.value);
        let accepted = format!("1 to {longest}, what {}/s gives back within an hour", rate.value.0);
        findings.push(ConfigError::at(&burst.referenced, message, accepted));
    }
    Some(Pace::new(rate.value.0, burst.value))
}

#[derive(Default)]
#[repr(align(64))]
struct Set([AtomicU64; WAYS]);

/// Buckets of all addresses of one process. Bound: [`SETS`] × [`WAYS`] words, made once.
pub struct Buckets {
    sets: Box<[Set]>,
    hasher: RandomState,
}

impl Default for Buckets {
    fn default() -> Self {
        Self::with_sets(SETS)
    }
}

impl Buckets {
    fn with_sets(sets: usize) -> Self {
        Self { sets: (0..sets).map(|_| Set::default()).collect(), hasher: RandomState::new() }
    }

    /// Takes a token out of the bucket that `address` has for `purpose`; false when none is left. `now_micros` is monotonic
    /// and the same for all cores to within one interval.
    pub fn take(&self, address: IpAddr, purpose: u16, pace: Pace, now_micros: u64) -> bool {
        let hash = self.hasher.hash_one((Block::of(address), purpose));
        // The top bits are the tag, the low ones the set: no bit says both. A tag is never 0, which marks an unused word.
        let tag = (hash >> MOMENT_BITS).max(1) << MOMENT_BITS;
        let place = usize::try_from(hash & MOMENT).unwrap_or(0) & self.sets.len().saturating_sub(1);
        let Some(Set(words)) = self.sets.get(place) else { return true };
        let now = now_micros.wrapping_mul(PER_MICRO) & MOMENT;
        loop {
            let Some(found) = find(words, tag, now) else { return true };
            let ahead = if found.is_own { found.ahead.min(pace.window) } else { 0 };
            let next = ahead.saturating_add(pace.interval);
            if next > pace.window {
                return false;
            }
            let word = tag | (now.wrapping_add(next) & MOMENT);
            if found.place.compare_exchange_weak(found.word, word, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return true;
            }
            // Another core was faster, and so made progress.
        }
    }
}

struct Found<'a> {
    place: &'a AtomicU64,
    word: u64,
    /// How long until the bucket is full, 0 where it is.
    ahead: u64,
    is_own: bool,
}

/// The bucket with this tag, or the place that is the least loss to take.
fn find(words: &[AtomicU64; WAYS], tag: u64, now: u64) -> Option<Found<'_>> {
    let mut best: Option<Found<'_>> = None;
    for place in words {
        let word = place.load(Ordering::Relaxed);
        let ahead = (word & MOMENT).wrapping_sub(now) & MOMENT;
        let ahead = if word == 0 || ahead > FURTHEST { 0 } else { ahead };
        if word & !MOMENT == tag {
            return Some(Found { place, word, ahead, is_own: true });
        }
        if best.as_ref().is_none_or(|best| ahead < best.ahead) {
            best = Some(Found { place, word, ahead, is_own: false });
        }
    }
    best
}

#[cfg(test)]
mod tests;
