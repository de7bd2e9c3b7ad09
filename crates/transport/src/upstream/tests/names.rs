//! Endpoints that are names (edge/P11).

use super::*;
use crate::upstream::resolve::{Name, Resolve, follow, is_suspect};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::IpAddr;

/// Answers what the test says.
#[derive(Clone)]
struct Scripted(Rc<RefCell<Result<Vec<IpAddr>, io::ErrorKind>>>, Rc<Cell<usize>>);

impl Scripted {
    fn new(addresses: &[&str]) -> Self {
        let scripted = Self(Rc::new(RefCell::new(Ok(Vec::new()))), Rc::default());
        scripted.says(addresses);
        scripted
    }

    fn says(&self, addresses: &[&str]) {
        *self.0.borrow_mut() = Ok(addresses.iter().map(|address| address.parse().unwrap()).collect());
    }
}

impl Resolve for Scripted {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.1.set(self.1.get().saturating_add(1));
        self.0.borrow().clone().map_err(io::Error::from)
    }
}

/// An upstream at one name, and what looks it up.
fn at_name(settings: &Settings) -> (Gateway, Name) {
    let gateway = Gateway::new(settings);
    let name = Name { upstream: Arc::clone(&gateway.upstream), index: 0, host: "api.internal".into(), last: None };
    (gateway, name)
}

fn named() -> Settings {
    settings(&["http://api.internal:8000".to_owned()])
}

fn addresses(gateway: &Gateway) -> Vec<String> {
    gateway.upstream.addresses(0).iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_name_stands_for_is_followed_and_kept_when_it_cannot_be_told() {
    run(async {
        let (gateway, mut name) = at_name(&named());
        let resolver = Scripted::new(&["10.0.0.2", "10.0.0.1"]);
        name.look_up(&resolver).await;
        assert_eq!(addresses(&gateway), ["10.0.0.1", "10.0.0.2"], "every address is a target");
        resolver.says(&["10.0.0.2", "10.0.0.3"]);
        name.look_up(&resolver).await;
        assert_eq!(addresses(&gateway), ["10.0.0.2", "10.0.0.3"]);
        *resolver.0.borrow_mut() = Err(io::ErrorKind::NotFound);
        name.look_up(&resolver).await;
        for nothing_usable in [&[][..], &["169.254.169.254"], &["127.0.0.1", "::1"]] {
            resolver.says(nothing_usable);
            name.look_up(&resolver).await;
            assert_eq!(addresses(&gateway), ["10.0.0.2", "10.0.0.3"], "the old set is kept: {nothing_usable:?}");
        }
        resolver.says(&["169.254.169.254", "10.0.0.4"]);
        name.look_up(&resolver).await;
        assert_eq!(addresses(&gateway), ["10.0.0.4"], "what is refused spoils no other");
    });
}

#[test]
fn a_name_does_not_stand_for_this_machine_its_link_or_a_metadata_service() {
    let cases = [
        // address, refused
        ("10.0.0.1", false),
        ("192.168.1.1", false),
        ("100.64.0.1", false),
        ("fd00::1", false),
        ("2001:db8::1", false),
        ("64:ff9b::10.0.0.1", false),
        ("127.0.0.1", true),
        ("127.8.8.8", true),
        ("::1", true),
        ("0.0.0.0", true),
        ("0.1.2.3", true),
        ("::", true),
        ("169.254.169.254", true),
        ("169.254.1.1", true),
        ("fe80::1", true),
        ("febf::1", true),
        ("fd00:ec2::254", true),
        ("100.100.100.200", true),
        ("192.0.0.192", true),
        ("168.63.129.16", true),
        ("224.0.0.1", true),
        ("ff02::1", true),
        ("255.255.255.255", true),
        ("::ffff:169.254.169.254", true),
        ("::ffff:127.0.0.1", true),
        ("::127.0.0.1", true),
        ("64:ff9b::169.254.169.254", true),
        ("2002:a9fe:a9fe::1", true),
    ];
    for (address, is_refused) in cases {
        assert_eq!(is_suspect(address.parse().unwrap()), is_refused, "{address}");
    }
}

#[test]
fn what_is_listed_is_allowed_and_nothing_beside_it() {
    run(async {
        let mut settings = named();
        settings.allow_addresses = vec![written("127.0.0.1".to_owned()), written("169.254.7.0/24".to_owned())];
        let (gateway, mut name) = at_name(&settings);
        name.look_up(&Scripted::new(&["127.0.0.1", "127.0.0.2", "169.254.7.9", "169.254.169.254"])).await;
        assert_eq!(addresses(&gateway), ["127.0.0.1", "169.254.7.9"]);
    });
}

#[test]
fn a_name_with_both_families_is_reached_over_ipv4() {
    run(async {
        let (gateway, mut name) = at_name(&named());
        name.look_up(&Scripted::new(&["2001:db8::1", "10.0.0.1", "2001:db8::2"])).await;
        assert_eq!(addresses(&gateway), ["10.0.0.1"]);
        name.look_up(&Scripted::new(&["2001:db8::1"])).await;
        assert_eq!(addresses(&gateway), ["2001:db8::1"]);
    });
}

#[test]
fn a_request_waits_for_the_first_look_up_and_no_other() {
    run(async {
        let fake = Fake::new().await;
        let port = fake.0.local_addr().unwrap().port();
        let mut settings = settings(&[format!("http://api.internal:{port}")]);
        settings.allow_addresses = vec![written("127.0.0.1".to_owned())];
        let (gateway, mut name) = at_name(&settings);
        let resolver = Scripted::new(&["127.0.0.1"]);
        let look_up = async {
            driver_has_looked().await; // the request waits by now
            name.look_up(&resolver).await;
        };
        let (answer, (), ()) = tokio::join!(gateway.get(), look_up, fake.serve(OK, 1));
        assert_eq!(answer.unwrap().0, 200);
        assert_eq!((gateway.get().await.unwrap().0, resolver.1.get()), (200, 1));
    });
}

#[test]
fn a_name_without_an_address_is_a_fault_at_once() {
    run(async {
        let (gateway, mut name) = at_name(&named());
        name.look_up(&Scripted::new(&[])).await;
        let failed = gateway.send(Method::GET, Content::none(), Attempt::default()).await.unwrap_err();
        assert_eq!((failed.stop.reason(), failed.endpoint, failed.attempts), (Reason::UpstreamConnect, None, 0));
    });
}

#[test]
fn requests_go_where_the_name_went_and_old_connections_close() {
    run(async {
        let old = Fake::new().await;
        let port = old.0.local_addr().unwrap().port();
        let new = Fake(TcpListener::bind(("127.0.0.2", port)).await.unwrap());
        let mut settings = settings(&[format!("http://api.internal:{port}")]);
        settings.allow_addresses = vec![written("127.0.0.0/8".to_owned())];
        let (gateway, mut name) = at_name(&settings);
        name.look_up(&Scripted::new(&["127.0.0.1"])).await;
        let (answer, mut peer) = tokio::join!(gateway.get(), async {
            let mut peer = old.accept().await;
            peer.answer(OK).await;
            peer
        });
        answer.unwrap();
        name.look_up(&Scripted::new(&["127.0.0.2"])).await;
        let (answer, ()) = tokio::join!(gateway.get(), new.serve(OK, 1));
        assert_eq!(answer.unwrap().0, 200);
        gateway.pools.sweep();
        assert_eq!(peer.head().await, None, "the old connection carried no more, and is closed");
    });
}

#[test]
fn every_name_is_looked_up_again_and_again() {
    run(async {
        let urls = ["http://a.internal:1".to_owned(), "http://10.0.0.9:1".to_owned(), "http://b.internal:1".to_owned()];
        let gateway = Gateway::new(&settings(&urls));
        let resolver = Scripted::new(&["10.0.0.1"]);
        let followed = follow(Arc::clone(&gateway.upstream), resolver.clone(), Duration::from_millis(1));
        let seen = async {
            let upstream = &gateway.upstream;
            let both = |address: &str| {
                let address = [address.parse::<IpAddr>().unwrap()];
                upstream.addresses(0) == address && upstream.addresses(2) == address
            };
            for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
                resolver.says(&[address]);
                while !both(address) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                assert_eq!(gateway.upstream.look().endpoints, 3);
            }
        };
        tokio::select! { () = followed => panic!("it ends"), () = seen => {} }
    });
}

#[test]
fn what_is_known_of_an_address_stays_with_it() {
    run(async {
        let (gateway, mut name) = at_name(&named());
        name.look_up(&Scripted::new(&["10.0.0.1", "10.0.0.2"])).await;
        let targets = gateway.upstream.targets();
        (0..5).for_each(|_| gateway.upstream.note(&targets, 1, None, crate::upstream::standing::Attempted::Failed));
        name.look_up(&Scripted::new(&["10.0.0.2", "10.0.0.3", "10.0.0.4"])).await;
        let usable = |upstream: &Compiled| {
            let targets = upstream.targets();
            (0..targets.len()).map(|index| Compiled::is_open(&targets, index)).collect::<Vec<_>>()
        };
        assert_eq!(usable(&gateway.upstream), [false, true, true]);
        let mut next = named().compile(&gateway.clock).unwrap();
        next.keep(&gateway.upstream);
        assert_eq!(usable(&next), [false, true, true], "a reload forgets neither addresses nor failures");
        let elsewhere = settings(&["http://other.internal:8000".to_owned()]);
        let mut other = elsewhere.compile(&gateway.clock).unwrap();
        other.keep(&gateway.upstream);
        assert_eq!(usable(&other), [false; 0]);
    });
}

#[test]
fn localhost_is_this_machine_whatever_a_name_server_says() {
    run(async {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else { continue }; // a machine without IPv6
            let fake = Fake(listener);
            let gateway =
                Gateway::new(&settings(&[format!("http://localhost:{}", fake.0.local_addr().unwrap().port())]));
            let (answer, ()) = tokio::join!(gateway.get(), fake.serve(OK, 1));
            assert_eq!(answer.unwrap().0, 200, "{address}");
        }
    });
}

#[test]
fn what_is_no_network_is_refused_at_load() {
    let mut settings = named();
    settings.allow_addresses = vec![written("localhost".to_owned())];
    let errors = settings.compile(&Clock::manual(0)).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "`localhost` is neither an address nor a network; accepted: such as `127.0.0.1` or `169.254.7.0/24`"
    );
}
