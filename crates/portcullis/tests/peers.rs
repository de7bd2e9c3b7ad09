//! Programs that we did not write, as clients and upstreams of the real binary: curl, h2load, nginx, HAProxy and Node
//! from Debian, gRPC from PyPI.
//!
//! Each test starts its own gateway on free ports in its own folder. Nothing here judges a duration.

#[path = "peers/aborts.rs"]
mod aborts;
#[path = "peers/clients.rs"]
mod clients;
#[path = "peers/differential.rs"]
mod differential;
#[path = "peers/drains.rs"]
mod drains;
#[path = "peers/failures.rs"]
mod failures;
#[path = "peers/grpc.rs"]
mod grpc;
#[path = "peers/nginx.rs"]
mod nginx;
#[path = "peers/reloads.rs"]
mod reloads;
#[path = "peers/setup.rs"]
mod setup;
#[path = "peers/slow.rs"]
mod slow;
#[path = "peers/soak.rs"]
mod soak;
#[path = "peers/streams.rs"]
mod streams;
#[path = "peers/tls.rs"]
mod tls;
#[path = "peers/websocket.rs"]
mod websocket;

#[test]
#[ignore = "no test: what other tests start as a process of its own"]
fn small_upstream() {
    portcullis_testkit::small_upstream::serve().expect("serves");
}
