//! What the byte guard and a token bucket cost: `cargo bench -p portcullis-transport --bench guard`.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use portcullis_transport::address_rate::{Buckets, Pace};
use portcullis_transport::guard::Guard;

const ROUNDS: u32 = 2_000_000;

const LOAD_GENERATOR: &[u8] =
    b"GET /items/17 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: h2load nghttp2/1.52.0\r\n\r\n";
const CLIENT: &[u8] = b"POST /v1/orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: okhttp/4.12.0\r\nAccept: application/json\r\n\
    Authorization: Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiI1NTBlODQwMCIsImF1ZCI6InNob3AifQ.c2lnbmF0dXJl\r\n\
    Content-Type: application/json\r\nContent-Length: 33\r\nAccept-Encoding: gzip\r\n\r\n{\"item\":17,\"count\":2,\"note\":null}";
const BROWSER: &[u8] = b"GET /v1/orders?page=2&size=50 HTTP/1.1\r\nHost: api.example.com\r\nConnection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"148\", \"Not?A_Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36\r\n\
    Accept: application/json, text/plain, */*\r\nOrigin: https://app.example.com\r\nSec-Fetch-Site: same-site\r\n\
    Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://app.example.com/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9\r\nCookie: sid=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";
const CHUNKED: &[u8] = b"POST /v1/orders HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n\
    10\r\n0123456789abcdef\r\n8\r\n01234567\r\n0\r\n\r\n";

fn main() {
    for (name, request) in
        [("load generator", LOAD_GENERATOR), ("client", CLIENT), ("browser", BROWSER), ("chunked", CHUNKED)]
    {
        let mut guard = Guard::new();
        let nanos = nanos(|| {
            assert_eq!(guard.inspect(black_box(request)), request.len());
        });
        println!("guard, {name:14} {:4} bytes {nanos:6.1} ns", request.len());
    }
    let (buckets, pace) = (Buckets::default(), Pace::new(1_000_000_000, 1_000_000));
    let mut count: u32 = 0;
    let one = IpAddr::V4(Ipv4Addr::LOCALHOST);
    println!("bucket, one address            {:6.1} ns", nanos(|| _ = black_box(buckets.take(one, 0, pace, 1))));
    let many = nanos(|| {
        count = count.wrapping_add(1);
        _ = black_box(buckets.take(IpAddr::V4(Ipv4Addr::from_bits(count & 0xfff)), 0, pace, 1));
    });
    println!("bucket, 4,096 addresses        {many:6.1} ns");
}

/// The best of five rounds: what disturbs only adds.
fn nanos(mut step: impl FnMut()) -> f64 {
    let round = |step: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| step());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    (0..5).map(|_| round(&mut step)).fold(f64::INFINITY, f64::min)
}
