//! PEM and DER files: read under a bound, each refusal with its place.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use portcullis_core::bounds::MAX_PEM_BYTES;
use portcullis_core::config::{ConfigError, Spanned};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Reads a file of `what`, at most `max` bytes of it.
pub(super) fn read(place: &Spanned<PathBuf>, base: &Path, what: &str, max: u64) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    let outcome = fs::File::open(base.join(&place.value))
        .and_then(|file| file.take(max.saturating_add(1)).read_to_end(&mut bytes));
    match outcome {
        Ok(length) if length as u64 > max => {
            let message = format!("{what} file `{}` is over {max} bytes", shown(place));
            Err(ConfigError::at(&place.referenced, message, "a smaller file"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => {
            let message = format!("{what} file `{}` cannot be read ({error})", shown(place));
            Err(ConfigError::at(&place.referenced, message, "a PEM file, relative to the configuration file"))
        }
    }
}

/// The certificates of a PEM file, at least one.
pub(crate) fn certificates(
    place: &Spanned<PathBuf>,
    base: &Path,
    what: &str,
    accepted: &str,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let pem = read(place, base, what, MAX_PEM_BYTES)?;
    let found = |message: String| ConfigError::at(&place.referenced, message, accepted);
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if chain.is_empty() => Err(found(format!("`{}` holds no certificate", shown(place)))),
        Ok(chain) => Ok(chain),
        Err(error) => Err(found(format!("`{}` is not valid PEM ({error})", shown(place)))),
    }
}

/// The private key of a PEM file that not everybody may read.
pub(crate) fn private_key(place: &Spanned<PathBuf>, base: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    refuse_open_key(place, base)?;
    let pem = read(place, base, "key", MAX_PEM_BYTES)?;
    let accepted = "one private key in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted";
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            ConfigError::at(&place.referenced, format!("`{}` holds no private key", shown(place)), accepted)
        }
        error => ConfigError::at(&place.referenced, format!("`{}` is not valid PEM ({error})", shown(place)), accepted),
    })
}

/// A key that every account of the machine can read is not a secret (CWE-732). A file that is missing is reported by [`read`].
#[cfg(unix)]
fn refuse_open_key(place: &Spanned<PathBuf>, base: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::metadata(base.join(&place.value)) {
        Ok(metadata) if metadata.permissions().mode() & 0o007 != 0 => {
            let mode = metadata.permissions().mode() & 0o777;
            let message = format!("key file `{}` is open to everyone (mode {mode:o})", shown(place));
            Err(ConfigError::at(&place.referenced, message, "mode 600 or 640: `chmod o= FILE`"))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn refuse_open_key(_place: &Spanned<PathBuf>, _base: &Path) -> Result<(), ConfigError> {
    Ok(())
}

/// A path as the operator wrote it.
pub(super) fn shown(place: &Spanned<PathBuf>) -> std::path::Display<'_> {
    place.value.display()
}
