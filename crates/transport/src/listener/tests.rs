use super::*;
use std::net::TcpListener;

fn compile(yaml: &str) -> (Option<Compiled>, Vec<ConfigError>) {
    let config: Config = serde_saphyr::from_str(yaml).unwrap();
    let mut findings = Vec::new();
    (config.compile(3, Path::new("/nowhere"), 0, &mut findings), findings)
}

#[test]
fn settings_that_contradict_are_refused_at_their_place() {
    let tls = "tls: { certificate: a.pem, key: a.key }\n";
    let cases = [
        // yaml, line, part of the message
        ("address: localhost:80\n".to_owned(), 1, "`localhost:80` is not an address with a port"),
        ("address: 127.0.0.1\n".to_owned(), 1, "`127.0.0.1` is not an address with a port"),
        (
            format!("address: 127.0.0.1:0\n{tls}redirect_to_https: true\n"),
            3,
            "`redirect_to_https` on a listener with `tls`",
        ),
        (format!("address: 127.0.0.1:0\n{tls}h2c: true\n"), 3, "`h2c` on a listener with `tls`"),
    ];
    for (yaml, line, message) in cases {
        let (compiled, findings) = compile(&yaml);
        assert!(compiled.is_none(), "{yaml}");
        assert!(findings[0].message.contains(message), "{}", findings[0]);
        assert_eq!(findings[0].line, line, "{}", findings[0]);
    }
}

#[test]
fn the_short_form_is_plain_public_and_http_1_1() {
    let (compiled, findings) = compile("address: '[::1]:0'\n");
    let facts = compiled.unwrap().facts;
    assert_eq!(findings, []);
    let expected = Facts {
        id: 3,
        address: "[::1]:0".parse().unwrap(),
        tls: false,
        internal: false,
        redirect_to_https: false,
        h2c: false,
        proxy_protocol: false,
        requests_per_address: Some(Pace::new(2000, 4000)),
    };
    assert_eq!(facts, expected);
}

#[test]
fn unknown_settings_are_refused() {
    assert!(serde_saphyr::from_str::<Config>("address: 127.0.0.1:0\nclient_cas: ca.pem\n").is_err());
}

#[test]
fn every_core_gets_a_socket_on_the_port_that_was_picked() {
    let bound = bind("127.0.0.1:0".parse().unwrap(), 3).unwrap();
    assert_ne!(bound.address.port(), 0);
    assert_eq!(bound.sockets.len(), 3);
    for socket in &bound.sockets {
        assert_eq!(socket.local_addr().unwrap(), bound.address);
    }
}

#[test]
fn an_occupied_port_is_refused_also_when_its_owner_would_share_it() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = bind(plain.local_addr().unwrap(), 1).unwrap_err();
    assert!(error.to_string().ends_with("the port is in use by another process"), "edge/R17: {error}");
    let shared = bind("127.0.0.1:0".parse().unwrap(), 1).unwrap();
    assert!(bind(shared.address, 1).is_err(), "SO_REUSEPORT alone would have shared it");
}

#[test]
fn an_address_of_another_machine_is_refused() {
    let error = bind("192.0.2.1:0".parse().unwrap(), 1).unwrap_err();
    assert!(error.to_string().contains("this machine does not have the address"), "edge/R17: {error}");
}

/// edge/S7: without it a client that reads a byte now and then moves the kernel to take megabytes at once, and then nothing for
/// minutes: a deadline could not tell it from one that reads nothing, nor from an honest slow one.
#[cfg(target_os = "linux")]
#[test]
fn accepted_connections_hold_little_that_is_unsent() {
    let bound = bind("127.0.0.1:0".parse().unwrap(), 1).unwrap();
    bound.sockets[0].set_nonblocking(false).unwrap();
    let _client = std::net::TcpStream::connect(bound.address).unwrap();
    let (accepted, _) = bound.sockets[0].accept().unwrap();
    let unsent = socket2::SockRef::from(&accepted).tcp_notsent_lowat().unwrap();
    assert_eq!(unsent, portcullis_core::bounds::UNSENT_BYTES);
}
