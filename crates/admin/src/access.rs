//! Who may change anything: the holder of the token in `data_dir/admin.token`.
//!
//! There is no default token. The first start with an admin listener writes a random one that only the owner of the process may
//! read; only its digest stays in memory. Another token takes effect with the next reload.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The file below `data_dir`, and the name of its token in the record.
pub const TOKEN_FILE: &str = "admin.token";
/// Random bytes of a token that we make.
const RANDOM_BYTES: usize = 32;
/// Characters of a token: fewer could be guessed, more are no token.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=256;
/// What is read of the file: enough to see that a token is too long.
const MAX_FILE_BYTES: u64 = 512;
/// Wrong tokens that may be shown at once.
const WRONG_AT_ONCE: u64 = 5;
/// How long until one more may be shown.
const WRONG_EVERY_MICROS: u64 = 12_000_000;

/// Why there is no token. Never holds it.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It cannot be read or written.
    #[error("admin token `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody else may know it.
    #[error("admin token `{path}`: others may read or change the file (mode {mode:04o}); accepted: mode 0600 or 0400")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error(
        "admin token `{path}`: not a token; accepted: one line of 32 to 256 letters, digits and `-._~+/=`, or no file, and \
         a new one is written"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The digest of a token.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Reads the token below `data_dir`, which this process has locked, or writes a new one.
    ///
    /// # Errors
    /// [`TokenError`]: a file that others may read is as bad as none.
    pub fn open(data_dir: &Path) -> Result<Self, TokenError> {
        let path = data_dir.join(TOKEN_FILE);
        let failed = |source| TokenError::File { path: path.clone(), source };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create(&path).map_err(failed)?;
                tracing::info!(path = %path.display(), "admin token written");
                File::open(&path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(TokenError::Exposed { path, mode });
        }
        let mut text = String::new();
        let read = file.take(MAX_FILE_BYTES).read_to_string(&mut text);
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(TokenError::Malformed { path }),
            Err(error) => return Err(failed(error)),
        }
        let token = text.strip_suffix('\n').unwrap_or(&text);
        if !LENGTHS.contains(&token.len()) || !token.bytes().all(is_token68) {
            return Err(TokenError::Malformed { path });
        }
        Ok(Self::of(token))
    }

    /// The digest of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Takes as long for any other token: neither its length nor how much of it is right shows.
    fn is(&self, shown: &str) -> bool {
        verify_slices_are_equal(&self.0, &Self::of(shown).0).is_ok()
    }
}

/// What a Bearer token is made of (RFC 9110 §11.2).
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// Writes a new token beside `path` first: a crash leaves a whole one or none.
fn create(path: &Path) -> io::Result<()> {
    let mut random = [0; RANDOM_BYTES];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
    let mut text = String::with_capacity(RANDOM_BYTES.saturating_mul(2).saturating_add(1));
    for byte in random {
        write!(text, "{byte:02x}").map_err(io::Error::other)?;
    }
    text.push('\n');
    let partial = path.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

/// Why a request may not do what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No token was shown, or none in the one place where it is looked for.
    Absent,
    /// Another token was shown.
    Wrong,
    /// Too many wrong ones were: this one was not looked at.
    TooMany,
}

/// The token, and how often it was guessed wrong.
///
/// One count for all callers: whoever reaches a loopback listener has sixteen million addresses to call from. While it is
/// used up nobody's token is looked at, so it can be kept used up by a program on this machine; SIGHUP reloads all the same.
#[derive(Default)]
pub(crate) struct Access {
    /// `None` lets nobody in.
    pub(crate) token: Option<Token>,
    /// When the last wrong token is forgotten, in microseconds.
    forgotten_at: u64,
}

impl Access {
    /// Judges the `Authorization` field, and nothing else: a token in a query would be in logs and histories.
    pub(crate) fn judge(&mut self, headers: &HeaderMap, now: u64) -> Result<(), Refusal> {
        let Some(shown) = bearer(headers) else { return Err(Refusal::Absent) };
        let remembered = self.forgotten_at.saturating_sub(now);
        if remembered > WRONG_EVERY_MICROS.saturating_mul(WRONG_AT_ONCE.saturating_sub(1)) {
            return Err(Refusal::TooMany);
        }
        if self.token.as_ref().is_some_and(|token| token.is(shown)) {
            return Ok(());
        }
        self.forgotten_at = now.saturating_add(remembered).saturating_add(WRONG_EVERY_MICROS);
        Err(Refusal::Wrong)
    }
}

/// The one Bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// Seconds after which another token is looked at.
pub(crate) const RETRY_AFTER: &str = "12";

#[cfg(test)]
mod tests;
