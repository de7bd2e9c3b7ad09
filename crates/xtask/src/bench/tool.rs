//! The programs that a measurement needs, and where they are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::What;
use super::peer::PeerKind;

/// Programs and the Debian packages that hold them.
const PACKAGES: [(&str, &str); 7] = [
    ("nginx", "nginx-light"),
    ("h2load", "nghttp2-client"),
    ("haproxy", "haproxy"),
    ("openssl", "openssl"),
    ("taskset", "util-linux"),
    ("setpriv", "util-linux"),
    ("perf", "linux-perf"),
];

/// Fails with the packages to install when one of the programs is missing.
pub(super) fn require(what: What, peers: &[PeerKind], profiled: bool) -> anyhow::Result<()> {
    if peers.is_empty() {
        bail!("none of the proxies in `--only` can be measured this way");
    }
    let needed = |name: &str| match name {
        "haproxy" => peers.contains(&PeerKind::Haproxy),
        "openssl" => matches!(what, What::Tls | What::H2 | What::Idle),
        "perf" => profiled,
        _ => true,
    };
    let mut packages: Vec<&str> =
        PACKAGES.iter().filter(|(name, _)| needed(name) && path(name).is_none()).map(|(_, package)| *package).collect();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    bail!("install what is missing first: apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Where `name` is. Debian keeps daemons in `/usr/sbin`, which is not in every user's PATH.
pub(super) fn path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned(), Path::new("/sbin").to_owned()])
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}
