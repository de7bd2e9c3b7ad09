//! Honest clients beside attackers, on one gateway: what the honest ones notice, and what it costs.
//!
//! **Does**  serves [`DOCUMENT`] through a gateway that somebody else started, first with honest clients alone, then with every
//!           attack of [`attack`] beside them, then alone again; counts answers and closed connections, reads memory.
//! **Never** judges: what must hold is said by who runs it, and durations are for people.
//! **Flow**  [`run`] → [`honest`] on a thread of its own, [`attack`] on another → [`Report`].
//! **Fails** when the gateway is gone or its memory cannot be read.
//! **Source** `edge.md` tables S and W; issue "Front door", must show.

pub mod attack;
pub mod honest;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rustls::ClientConfig;

use self::attack::Counts;
use self::honest::Tally;

/// What [`crate::small_upstream`] serves, as far as it is used here.
pub const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: soak, version: "1" }
paths:
  /count:
    get: { operationId: count, responses: { "200": { description: ok } } }
  /never:
    get: { operationId: getNever, responses: { "200": { description: ok } } }
  /upload:
    post: { operationId: upload, responses: { "200": { description: ok } } }
  /download:
    get: { operationId: download, responses: { "200": { description: ok } } }
"#;

/// A configuration with all its defaults, but for what a gateway on loopback must say: a plain listener and one with TLS.
pub fn configuration(upstream: SocketAddr) -> String {
    format!(
        "version: 1
listeners:
  - {{ address: 127.0.0.1:0, h2c: true }}
  - {{ address: 127.0.0.1:0, tls: {{ certificate: api.pem, key: api.key }} }}
upstreams:
  small: {{ endpoints: [\"http://{upstream}\"] }}
apis:
  soak: {{ openapi: api.yaml, upstream: small, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
"
    )
}

/// What to do, and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The process of the gateway.
    pub gateway: u32,
    /// Its plain listener, which takes HTTP/2 too.
    pub plain: SocketAddr,
    /// Its TLS listener.
    pub tls: SocketAddr,
    /// Trusts its certificate for 127.0.0.1.
    pub client: Arc<ClientConfig>,
    /// Honest clients, every second one over TLS.
    pub honest: usize,
    /// Between two requests of an honest client.
    pub pause: Duration,
    /// Connections that drip, each from an address of its own in 127.0.0.0/16.
    pub slow: u16,
    /// How long honest clients are alone, before and after.
    pub quiet: Duration,
    /// How long they are not.
    pub attack: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Honest requests before the attack.
    pub quiet: Tally,
    /// Beside it.
    pub attacked: Tally,
    /// After it.
    pub after: Tally,
    /// Resident bytes of the gateway before the attack, in its middle, at its end, and after.
    pub resident: [u64; 4],
    /// What the attackers saw.
    pub counts: Counts,
}

/// Runs the plan. Blocks; needs descriptors for all connections, see [`raise_descriptor_limit`].
///
/// # Errors
/// The gateway is gone, or a client thread panicked.
pub fn run(plan: &Plan) -> Result<Report> {
    let wait = || {
        thread::sleep(plan.quiet);
        Ok(())
    };
    let ((), quiet) = beside(plan, wait)?;
    let before = resident(plan.gateway)?;
    let is_stopped = Arc::new(AtomicBool::new(false));
    let attackers = {
        let (plan, is_stopped) = (plan.clone(), Arc::clone(&is_stopped));
        thread::spawn(move || attack::run(&plan, &is_stopped))
    };
    let (during, attacked) = beside(plan, || {
        thread::sleep(plan.attack / 2);
        let middle = resident(plan.gateway)?;
        thread::sleep(plan.attack / 2);
        Ok((middle, resident(plan.gateway)?))
    })?;
    is_stopped.store(true, Ordering::Relaxed);
    let counts = attackers.join().map_err(|_| anyhow!("the attackers panicked"))??;
    let ((), after) = beside(plan, wait)?;
    let resident = [before, during.0, during.1, resident(plan.gateway)?];
    Ok(Report { quiet, attacked, after, resident, counts })
}

/// Honest clients for as long as `work` takes.
fn beside<T>(plan: &Plan, work: impl FnOnce() -> Result<T>) -> Result<(T, Tally)> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    let clients = {
        let (plan, is_stopped) = (plan.clone(), Arc::clone(&is_stopped));
        thread::spawn(move || honest::run(&plan, &is_stopped))
    };
    let outcome = work();
    is_stopped.store(true, Ordering::Relaxed);
    let tally = clients.join().map_err(|_| anyhow!("the honest clients panicked"))??;
    Ok((outcome?, tally))
}

/// Lets this process hold as many connections as the system permits.
pub fn raise_descriptor_limit() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// Address number `index` of 127.`second`.0.0/16.
fn address(second: u8, index: u16) -> Option<IpAddr> {
    let [high, low] = index.saturating_add(1).to_be_bytes();
    Some(Ipv4Addr::new(127, second, high, low).into())
}

fn resident(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).context("the gateway is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

/// Runs `tasks` of one thread until they end.
fn block_on<T>(tasks: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(tokio::task::LocalSet::new().block_on(&runtime, tasks))
}

/// The time that `work` takes.
async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let started = Instant::now();
    let outcome = work.await;
    (started.elapsed(), outcome)
}
