//! The sample shop of `portcullis demo`: an API with the weaknesses that the guide describes, on purpose.
//!
//! **Does**  serves users, log-in, orders, products, checkout, reviews, reports and administration from an in-memory
//! database, over real HTTP/1.1, from one thread.
//! **Never** listens beyond 127.0.0.1; answers for another Host than its literal address; fetches from anywhere but its own
//! canary; touches a file.
//! **Fails** a port that cannot be bound or a database that cannot be made: [`start`] says so. It stops on drop.
//! **Source** the guide's sections 2 to 6; `examples/shop/shop.openapi.yaml` holds what it admits to serve.

mod accounts;
mod api;
mod call;
mod canary;
mod catalogue;
mod orders;
mod server;
mod store;

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::rc::Rc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use canary::{Canary, Hits};
use store::Store;

/// What every handler works on. One thread owns it, and no borrow of the store lives across an await.
struct State {
    store: RefCell<Store>,
    canary: SocketAddr,
}

/// A running shop.
pub(crate) struct Shop {
    address: SocketAddr,
    hits: Hits,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Shop {
    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URLs that the avatar fetch was sent to, as asked for; all of them ended at the canary. The last 256.
    pub(crate) fn canary_hits(&self) -> Vec<String> {
        self.hits.lock().map(|hits| hits.iter().cloned().collect()).unwrap_or_default()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the toy was printed by its own thread; there is nothing left to undo.
            drop(thread.join());
        }
    }
}

/// Starts the shop on a free port of 127.0.0.1.
///
/// # Errors
/// When a port, the thread or the database is not to be had.
pub(crate) fn start() -> anyhow::Result<Shop> {
    let listener = listen().context("the sample shop found no port")?;
    let canary_listener = listen().context("the canary found no port")?;
    let address = listener.local_addr()?;
    let canary = canary_listener.local_addr()?;
    let hits = Hits::default();
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = Store::open().context("the sample shop's database did not start")?;
    let canary_hits = Hits::clone(&hits);
    let thread = std::thread::Builder::new().name("demo-shop".to_owned()).spawn(move || {
        let local = LocalSet::new();
        runtime.block_on(local.run_until(async move {
            let state = Rc::new(State { store: RefCell::new(store), canary });
            let watch = server::serve(canary_listener, Canary { address: canary, hits: canary_hits });
            let shop = server::serve(listener, api::Api { address, state });
            tokio::select! {
                _ = stopped => {}
                () = async { tokio::join!(watch, shop); } => {}
            }
        }));
    })?;
    Ok(Shop { address, hits, stop: Some(stop), thread: Some(thread) })
}

fn listen() -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests;
