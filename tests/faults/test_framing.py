"""FAULTS 83: requests whose frame is ambiguous or endless are refused, and never a 500."""

import socket
from collections.abc import Iterator

import pytest

from tests.servers.ground import Ground
from tests.servers.shop import ShopServer

START = b"POST /api/v1/quotes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
BODY = b'{"items": []}'

BAD = {
    "both-lengths": START + b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two-lengths": START + b"Content-Length: 13\r\nContent-Length: 5\r\n\r\n" + BODY,
    "signed-length": START + b"Content-Length: +13\r\n\r\n" + BODY,
    "negative-length": START + b"Content-Length: -1\r\n\r\n" + BODY,
    "bad-chunk": START + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "odd-coding": START + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "space-before-colon": START + b"X-Odd : 1\r\nContent-Length: 13\r\n\r\n" + BODY,
    "no-colon": START + b"X-Odd\r\n\r\n",
    "nul-in-header": START + b"X-Odd: a\x00b\r\nContent-Length: 13\r\n\r\n" + BODY,
    "long-header": START + b"X-Long: " + b"a" * 9000 + b"\r\n\r\n",
    "many-headers": START + b"".join(b"X-%d: 1\r\n" % n for n in range(100)) + b"\r\n",
    "long-line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "no-version": b"GET /healthz\r\n\r\n",
    "odd-method": b"G@T /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "too-large": START + b"Content-Length: 2000000\r\n\r\n" + b" " * 100_000,
}


@pytest.fixture(scope="module")
def shop(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    """One web process for the whole file."""
    server = ShopServer(ground, tmp_path_factory.mktemp("framing") / "shop")
    server.start(worker=False)
    yield server
    server.stop()


def talk(shop: ShopServer, raw: bytes, *, finish: bool = True) -> bytes:
    """Send bytes as they are; gives all that came back until the server closed."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=10) as line:
        try:
            line.sendall(raw)
            if finish:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        found = b""
        try:
            while chunk := line.recv(65536):
                found += chunk
        except ConnectionResetError:
            pass
        return found


@pytest.mark.parametrize("name", BAD)
def test_a_bad_frame_is_4xx_and_the_line_is_closed(shop: ShopServer, name: str) -> None:
    answer = talk(shop, BAD[name])
    status = answer.split(b" ", 2)[1:2]
    assert not status or status[0] in (b"400", b"405", b"413", b"414", b"431", b"501"), answer[:300]
    assert shop.answers()


def test_a_body_that_stops_arriving_is_408_and_the_line_is_closed(shop: ShopServer) -> None:
    answer = talk(shop, START + b"Content-Length: 100\r\n\r\n{", finish=False)
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
    assert b"request-timeout" in answer


def test_a_chunked_body_is_bounded_too(shop: ShopServer) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = START + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = talk(shop, head + chunk * 20 + b"0\r\n\r\n")
    assert answer.split(b" ", 2)[1] == b"413", answer


def test_a_good_frame_is_answered(shop: ShopServer) -> None:
    good = START + b"Connection: close\r\nContent-Length: 13\r\n\r\n" + BODY
    assert talk(shop, good).split(b" ", 2)[1] == b"422"
