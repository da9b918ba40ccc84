"""``flask prepare``: brings the database to where pages can be served, and greets."""

import io
from urllib.parse import urlsplit

import click
import segno
from flask import current_app, url_for
from flask.cli import with_appcontext
from flask_migrate import upgrade

from shop.demo import load, renewal
from shop.demo.signins import PASSWORD, SIGN_INS
from shop.domain.accounts import phones, queries
from shop.domain.live import queries as live
from shop.tools import tools


@click.command()
@click.option("--code", is_flag=True, help="Draw a code that opens the live room on a phone.")
@with_appcontext
def prepare(code: bool) -> None:
    """Migrate, load the demo county into an empty database, and print where the shop is."""
    upgrade()
    if not tools().settings.production:
        _demonstrate()
    click.echo("\n".join(_greeting(code=code)))


def _demonstrate() -> None:
    if not queries.users(limit=1):
        click.echo("loading the demo county, which is done once ...", err=True)
    if not load.load_if_empty():
        for words in renewal.top_up():
            click.echo(f"the demo county, which runs all the same: {words}", err=True)


def _greeting(*, code: bool) -> list[str]:
    """The address, the demo sign-ins, and for a local network a code that opens the live room."""
    address = tools().settings.base_url
    lines = ["", f"  Village Live Shop  {address}"]
    if not tools().settings.production and _has_demo():
        lines += ["", f"  demo sign-ins, password {PASSWORD}:"]
        lines += [f"    {phone}  {who}" for phone, who in SIGN_INS]
    if code:
        room = _room(address)
        lines += ["", f"  on a phone in the same Wi-Fi: {room}", "", _drawn(room)]
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


def _drawn(link: str) -> str:
    drawn = io.StringIO()
    segno.make(link, micro=False).terminal(out=drawn, compact=True)
    return drawn.getvalue().rstrip("\n")
