"""``python -m shop``: what ``make run`` starts; light, so that what it starts can start at once.

Web is loaded while the database is prepared, and serves when that is done.
"""

import http.client
import os
import socket
import sys
import tempfile
import time

from shop.cli.children import Children

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Hosts that mean every address, and where this machine finds itself then."""

FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
PATIENCE_S = 60.0


def main() -> int:
    """Serve until told to end; 1 when it could not begin, or something ended by itself."""
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    _need_free(host, port)
    base_url = os.environ.get("SHOP_BASE_URL") or _address(host, port)
    given = {"HOST": host, "PORT": str(port), "SHOP_BASE_URL": base_url}
    children = Children(os.environ | given)
    children.start("web", GUNICORN)
    greeting = _prepared(children, host)
    if greeting is not None:
        children.open_gate()
        children.start("worker", [*FLASK, "worker"])
        _wait_for(host, port, children)
        if children.serving:
            _say(greeting)
    culprit = children.wait()
    if culprit:
        print(f"{culprit[0]} ended with {culprit[1]}, so everything was ended", file=sys.stderr)  # noqa: T201
    return 1 if culprit else 0


def _prepared(children: Children, host: str) -> str | None:
    """Have the database migrated and filled; gives what to say when pages are served."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        code = ["--code"] if host in ANYWHERE else []
        children.start("prepare", [*FLASK, "prepare", *code], output=said)
        if not children.finish("prepare"):
            return None
        said.seek(0)
        return said.read()


def _say(text: str) -> None:
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        sys.exit("PORT must be a number from 1 to 65535")
    return int(text)


def _need_free(host: str, port: int) -> None:
    """Say so before anything is started when somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(
                f"cannot listen on {host}:{port} ({error.strerror}); "
                f"try another port: PORT={port + 1} make run"
            )


def _address(host: str, port: int) -> str:
    """What links say: an address that other machines reach too, where they may."""
    if host in ANYWHERE:
        host = _lan_host()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _lan_host() -> str:
    """The address this machine would use to reach others; asking sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _wait_for(host: str, port: int, children: Children) -> None:
    """Until a page is answered, somebody ends it, or a minute has gone."""
    deadline = time.monotonic() + PATIENCE_S
    while not (children.serving or children.stopping) and time.monotonic() < deadline:
        line = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=2)
        try:
            line.request("GET", "/healthz")
            children.serving = line.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            line.close()


if __name__ == "__main__":
    sys.exit(main())
