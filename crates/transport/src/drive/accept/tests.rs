use super::*;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use portcullis_core::Reason;
use portcullis_core::bounds::WHEEL_TICK;
use std::net::IpAddr;

struct Large;

impl Handler for Large {
    type Body = Full<Bytes>;

    async fn handle(self: Rc<Self>, _: Rc<Connection>, _: Request<Incoming>) -> Response<Full<Bytes>> {
        let held = [0_u8; 8192];
        tokio::task::yield_now().await;
        Response::new(Full::new(held.to_vec().into()))
    }

    fn refuse(&self, _: &Connection, _: Reason) -> Bytes {
        Bytes::new()
    }

    fn cut(&self, _: &Connection, _: Reason, _: &'static str) {}

    fn is_trusted_proxy(&self, _: IpAddr) -> bool {
        false
    }
}

/// Every idle connection holds one of these, whatever the gateway's exchanges need.
#[tokio::test]
async fn the_task_of_a_connection_is_small() {
    let wheel = Wheel::new(WHEEL_TICK);
    let address = "127.0.0.1:1".parse().unwrap();
    let facts = Facts {
        id: 0,
        address,
        tls: false,
        internal: false,
        redirect_to_https: false,
        h2c: false,
        proxy_protocol: false,
        requests_per_address: None,
    };
    let accept = Accept {
        settings: Box::new(move || Settings { facts, tls: None, timeouts: std::sync::Arc::default() }),
        handler: Rc::new(Large),
        connections: Connections::new(),
        wheel: Rc::clone(&wheel),
        roster: Roster::new(&wheel),
        share: Rc::new(Share::new(|| 0)),
        clock: Clock::manual(0),
        drain: Drain::new(),
    };
    let shared = Rc::new(Shared { accept, http1: http1::builder() });
    let arrival = || {
        let permit = shared.accept.connections.admit(address.ip(), false).unwrap();
        let (watch, timer) = (shared.accept.drain.watch(), wheel.timer());
        Arrival {
            shared: Rc::clone(&shared),
            peer: address,
            facts,
            timeouts: std::sync::Arc::default(),
            permit,
            watch,
            timer,
        }
    };
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = || async { TcpStream::connect(socket.local_addr().unwrap()).await.unwrap() };
    let config = crate::drive::tests::tls::server("a.test");
    let plain = size_of_val(&arrival().drive_plain(stream().await));
    let tls = size_of_val(&arrival().drive_tls(stream().await, config));
    assert!(plain <= 1408, "{plain}");
    assert!(tls <= 1408, "{tls}");
}
