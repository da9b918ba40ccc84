"""Commands of the demo county; there is none in production."""

import click
from flask.cli import with_appcontext

from shop.demo import load, renewal
from shop.flows import people
from shop.kernel.errors import DomainError
from shop.tools import tools


@click.group()
def demo() -> None:
    """The demo county and its buyers."""


def _refuse_production() -> None:
    if tools().settings.production:
        raise click.ClickException("there are no demonstrations in production")


@demo.command("load")
@with_appcontext
def load_county() -> None:
    """Load the demo county into an empty database."""
    _refuse_production()
    click.echo("loaded" if load.load_if_empty() else "the database is not empty: nothing loaded")


@demo.command("top-up")
@with_appcontext
def top_up() -> None:
    """See to it that the demo county has fresh stock, a room on air and a show to come."""
    _refuse_production()
    for words in renewal.top_up():
        click.echo(words, err=True)


@demo.command("buyers")
@click.option("--count", type=click.IntRange(1, 100_000), required=True)
@with_appcontext
def buyers(count: int) -> None:
    """Make buyers for a load test and print one API token a line."""
    _refuse_production()
    try:
        tokens = people.make_demo_buyers(count, now=tools().clock())
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    click.echo("\n".join(tokens))
