//! WebSockets between a client and a server of the Python library `websockets`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use portcullis_testkit::process::{Process, until};

use crate::setup::Gateway;

/// Says where it listens, sends back what comes, and says how each connection closed.
const SERVER: &str = r#"
import asyncio
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

async def answer(socket):
    try:
        async for message in socket:
            await socket.send("x" * 2_000_000 if message == "large" else message)
    except ConnectionClosed:
        pass
    print("closed", socket.request.path, socket.close_code, flush=True)

async def main():
    async with serve(answer, "127.0.0.1", 0, max_size=None, subprotocols=["chat"]) as server:
        print("upstream on port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)

asyncio.run(main())
"#;

/// What a client may do, and what it may not.
const CLIENT: &str = r#"
import asyncio, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

URL = "ws://" + sys.argv[1]

async def honest():
    async with connect(URL + "/chat", origin="http://" + sys.argv[1], subprotocols=["other", "chat"], max_size=None) as socket:
        print("extensions", socket.response.headers.get("Sec-WebSocket-Extensions"), "subprotocol", socket.subprotocol)
        async def pieces():
            for piece in range(20):
                yield "x" * piece
        big = bytes(range(256)) * 4000
        for sent, expected in [("hello", "hello"), (big, big), (pieces(), "x" * 190), ("", "")]:
            await socket.send(sent)
            assert await socket.recv() == expected
        await (await socket.ping())
    print("honest", socket.close_code)

async def closed(name, path, *messages):
    async with connect(URL + path, subprotocols=["chat"], max_size=None) as socket:
        try:
            for message in messages:
                await socket.send(message)
            while True:
                await socket.recv()
        except ConnectionClosed as end:
            print(name, end.rcvd.code if end.rcvd else end)

async def main():
    await honest()
    try:
        await connect(URL + "/chat", origin="https://evil.example", subprotocols=["chat"])
    except InvalidStatus as refused:
        print("foreign page", refused.response.status_code)
    await closed("large up", "/chat", bytes(1_500_000))
    await closed("large down", "/chat", "large")
    await closed("fast", "/slow", *["x"] * 100)

asyncio.run(main())
"#;

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: sockets, version: "1" }
paths:
  /chat:
    get: { operationId: chat, responses: { "101": { description: switching } } }
  /slow:
    get: { operationId: slow, responses: { "101": { description: switching } } }
"#;

/// edge/P13: who is no part of this project opens, speaks and closes as before, and learns with which status it was cut.
#[test]
fn a_library_on_both_sides_speaks_through_the_gateway() -> Result<()> {
    let Some(python) = python() else {
        println!(
            "left out: the Python library `websockets` is not installed (`cargo xtask test` tries to, with venv and pip)"
        );
        return Ok(());
    };
    let mut server = Process::start(Command::new(&python).args(["-c", SERVER]))?;
    let port: u16 = server.wait_for("the server to listen", |lines| {
        lines.iter().find_map(|line| line.strip_prefix("upstream on port ")?.parse().ok())
    })?;
    let config = format!(
        "version: 1
cores: 1
listeners: [{{ address: 127.0.0.1:0 }}]
upstreams:
  sockets: {{ endpoints: [\"http://127.0.0.1:{port}\"] }}
apis:
  sockets:
    openapi: sockets.yaml
    upstream: sockets
    identity: public
    controls: {{ contract.request: off, contract.response: off }}
    operations:
      chat: {{ websocket: true }}
      slow: {{ websocket: {{ messages: 5/s }} }}
"
    );
    let mut gateway = Gateway::start(&config, &[("sockets.yaml", DOCUMENT)])?;
    let client = Command::new(&python).args(["-c", CLIENT]).arg(gateway.address("http", 0)?.to_string()).output()?;
    let said = String::from_utf8_lossy(&client.stdout);
    assert!(client.status.success(), "{said}{}", String::from_utf8_lossy(&client.stderr));
    let expected = "extensions None subprotocol chat
honest 1000
foreign page 403
large up 1009
large down 1009
fast 1008
";
    assert_eq!(said, expected, "edge/P13");
    let closed = ["closed /chat 1000", "closed /chat 1009", "closed /chat 1009", "closed /slow 1008"];
    until("the server to learn of each end", || {
        Ok(server.output().lines().filter(|line| closed.contains(line)).nth(3).map(drop))
    })?;
    let records = until("five records", || Ok(Some(gateway.records()?).filter(|records| records.len() == 5)))?;
    for reason in ["websocket_origin", "websocket_too_large", "upstream_malformed", "websocket_rate"] {
        let found = records.iter().filter(|record| record.contains(reason)).count();
        assert_eq!(found, 1, "{reason}: {records:?}");
    }
    gateway.expect_well()
}

/// One that has the library: that of the path, or where `cargo xtask test` puts it.
fn python() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/websockets/bin/python");
    let has_library = |python: &PathBuf| {
        let output = Command::new(python).args(["-c", "import websockets.asyncio.server"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    [PathBuf::from("python3"), own].into_iter().find(has_library)
}
