use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::call::lenient_path;
use super::start;

fn status(address: SocketAddr, target: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn answers_only_to_its_literal_address() {
    let shop = start().unwrap();
    let address = shop.address();
    assert!(address.ip().is_loopback());
    let cases = [
        (address.to_string(), "200"),
        (format!("localhost:{}", address.port()), "421"),
        ("rebound.example".to_owned(), "421"),
        ("127.0.0.1".to_owned(), "421"),
    ];
    for (host, expected) in cases {
        assert_eq!(status(address, "/products/1", &host), expected, "{host}");
    }
}

#[test]
fn stops_on_drop() {
    let shop = start().unwrap();
    let mut open = TcpStream::connect(shop.address()).unwrap();
    assert_eq!(status(shop.address(), "/products/1", &shop.address().to_string()), "200");
    drop(shop);
    assert!(matches!(open.read(&mut [0; 1]), Ok(0) | Err(_)), "connections end with it");
}

#[test]
fn paths_have_more_spellings_than_they_should() {
    for raw in [
        "/a/../management/users",
        "/a/..%2fmanagement%2fusers",
        "/a/%2e%2e/management/./users",
        "/a/..;x/management//users",
    ] {
        assert_eq!(lenient_path(raw), "management/users", "{raw}");
    }
}
