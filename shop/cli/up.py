"""``flask up``: what ``make run`` starts."""

import http.client
import io
import logging
import os
import socket
import sys
import time
from urllib.parse import urlsplit

import click
import segno
from flask import current_app, url_for
from flask.cli import with_appcontext
from flask_migrate import upgrade

from shop.cli.children import Children
from shop.db import db
from shop.demo import load
from shop.demo.signins import PASSWORD, SIGN_INS
from shop.domain.accounts import phones, queries
from shop.domain.live import queries as live
from shop.tools import tools

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Hosts that mean every address, and where this machine finds itself then."""

PATIENCE_S = 60.0


@click.command()
@with_appcontext
def up() -> None:
    """Migrate, load the demo county into an empty database, start web and worker."""
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    _need_free(host, port)
    address = _address(host, port)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade()
    if not tools().settings.production:
        _demonstrate()
    lines = _greeting(address, host in ANYWHERE)
    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()
    given = {"HOST": host, "PORT": str(port), "SHOP_BASE_URL": address}
    raise SystemExit(_serve(dict(os.environ) | given, host, port, lines))


def _serve(environment: dict[str, str], host: str, port: int, lines: list[str]) -> int:
    children = Children(environment)
    children.start("web", [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"])
    children.start("worker", [sys.executable, "-m", "flask", "--app", "wsgi", "worker"])
    _wait_for(host, port, children)
    if children.serving:
        click.echo("\n".join(lines))
        sys.stdout.flush()
    culprit = children.wait()
    if culprit:
        click.echo(f"{culprit[0]} ended with {culprit[1]}, so everything was ended", err=True)
        return 1
    return 0


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise click.ClickException("PORT must be a number from 1 to 65535")
    return int(text)


def _need_free(host: str, port: int) -> None:
    """Say so before anything is started when somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {host}:{port} ({error.strerror}); "
                f"try another port: PORT={port + 1} make run"
            ) from error


def _address(host: str, port: int) -> str:
    """What links say: the given base URL, else an address that other machines reach too."""
    if os.environ.get("SHOP_BASE_URL"):
        return tools().settings.base_url
    if host in ANYWHERE:
        return f"http://{_lan_host()}:{port}"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _lan_host() -> str:
    """The address this machine would use to reach others; asking sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _demonstrate() -> None:
    if load.load_if_empty():
        click.echo("the demo county is loaded")
    else:
        load.top_up()


def _greeting(address: str, in_lan: bool) -> list[str]:
    """The address, the demo sign-ins, and in a local network a code that opens the live room."""
    lines = ["", f"  Village Live Shop  {address}"]
    if not tools().settings.production and _has_demo():
        lines += ["", f"  demo sign-ins, password {PASSWORD}:"]
        lines += [f"    {phone}  {who}" for phone, who in SIGN_INS]
    if in_lan:
        room = _room(address)
        lines += ["", f"  on a phone in the same Wi-Fi: {room}", "", _code(room)]
    return [*lines, "", "  Ctrl-C ends it", ""]


def _has_demo() -> bool:
    return queries.user_by_phone(phones.parse(SIGN_INS[0][0])) is not None


def _room(address: str) -> str:
    on_air = live.on_air()
    if not on_air:
        return address
    parts = urlsplit(address)
    with current_app.test_request_context(base_url=f"{parts.scheme}://{parts.netloc}"):
        return address + url_for("rooms.show", session_id=on_air[0])


def _code(link: str) -> str:
    drawn = io.StringIO()
    segno.make(link, micro=False).terminal(out=drawn, compact=True)
    return drawn.getvalue()


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
