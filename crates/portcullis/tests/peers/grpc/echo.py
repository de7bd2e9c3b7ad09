"""A server of gRPC and its client, both as grpcio has them. Messages are plain bytes: nothing is generated.

    echo.py serve               prints where it listens
    echo.py call ADDRESS        every kind of call; what differs from what is expected ends it with 1
    echo.py status ADDRESS      the status of one call, and what is said of it
"""

import sys
from concurrent import futures

import grpc

SERVICE = "demo.Echo"


def say(request, context):
    context.set_trailing_metadata((("x-detail", "1"), ("x-saw-user", dict(context.invocation_metadata()).get("x-user-id", "nobody"))))
    if request == b"fail":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "100 % no: \u00e4")
    return request.upper()


def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number
    context.set_trailing_metadata((("x-detail", "counted"),))


def total(requests, context):
    return b"%d" % sum(int(number) for number in requests)


def chat(requests, context):
    for request in requests:
        yield request[::-1]


def serve():
    handlers = {
        "Say": grpc.unary_unary_rpc_method_handler(say),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Total": grpc.stream_unary_rpc_method_handler(total),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"serving 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")


def failed(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    sys.exit("the call succeeded")


def call(address):
    with grpc.insecure_channel(address) as channel:
        say = channel.unary_unary(f"/{SERVICE}/Say")
        answer, made = say.with_call(b"hello", metadata=(("x-user-id", "mallory"),), timeout=20)
        trailers = dict(made.trailing_metadata())
        expect("unary", answer, b"HELLO")
        expect("trailers", (trailers.get("x-detail"), trailers.get("x-saw-user")), ("1", "nobody"))
        error = failed(lambda: say(b"fail", timeout=20))
        expect("status", (error.code(), error.details()), (grpc.StatusCode.FAILED_PRECONDITION, "100 % no: \u00e4"))

        counted = list(channel.unary_stream(f"/{SERVICE}/Count")(b"500", timeout=20))
        expect("server stream", counted, [b"%d" % number for number in range(500)])
        numbers = (b"%d" % number for number in range(500))
        expect("client stream", channel.stream_unary(f"/{SERVICE}/Total")(numbers, timeout=20), b"124750")
        # Each message waits for the answer to the one before: nothing may be held back.
        asked, answers = [b"abc"], []

        def ask():
            while asked:
                yield asked.pop()

        for answer in channel.stream_stream(f"/{SERVICE}/Chat")(ask(), timeout=20):
            answers.append(answer)
            if len(answers) < 5:
                asked.append(b"%d-next" % len(answers))
        expect("chat begins", answers[:1], [b"cba"])

        big = b"x" * 300_000
        expect("big message", say(big, timeout=20), big.upper())
        error = failed(lambda: say(b"x" * 2_000_000, timeout=20))
        expect("too large", (error.code(), error.details()), (grpc.StatusCode.RESOURCE_EXHAUSTED, "The content is too large"))
        error = failed(lambda: channel.unary_unary(f"/{SERVICE}/Nothing")(b"", timeout=20))
        expect("unknown", (error.code(), error.details()), (grpc.StatusCode.UNIMPLEMENTED, "Nothing is served here"))
        with futures.ThreadPoolExecutor(max_workers=50) as pool:
            together = list(pool.map(lambda number: say(b"m%d" % number, timeout=20), range(500)))
        expect("many at once", together, [b"M%d" % number for number in range(500)])
    print("every call went as expected")


def status(address):
    with grpc.insecure_channel(address) as channel:
        error = failed(lambda: channel.unary_unary(f"/{SERVICE}/Say")(b"hello", timeout=20))
        print(error.code().name, error.details())


if __name__ == "__main__":
    {"serve": serve, "call": call, "status": status}[sys.argv[1]](*sys.argv[2:])
