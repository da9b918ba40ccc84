"""Commands that keep the shop: audit, one job by hand, the first operator."""

import secrets
from datetime import timedelta

import click
from flask.cli import with_appcontext

from shop.domain.accounts import passwords, phones, queries
from shop.domain.accounts.states import Role
from shop.flows import people
from shop.jobs import JOBS
from shop.kernel.errors import DomainError
from shop.tools import tools

SHOWN_ROWS = 20


@click.command()
@with_appcontext
def audit() -> None:
    """Check the invariants of the database; print each violation and end with 1."""
    from shop.reads import audit as reads

    grace = timedelta(days=tools().settings.ship_grace_days)
    found = reads.violations(tools().clock(), ship_grace=grace)
    for broken in found:
        click.echo(f"{broken.name}: {broken.statement}: broken by {len(broken.rows)} row(s)")
        for row in broken.rows[:SHOWN_ROWS]:
            click.echo(f"    {dict(row)}")
    if found:
        raise SystemExit(1)
    click.echo("every invariant holds")


@click.group()
def jobs() -> None:
    """Periodic work, run by hand or by cron."""


@jobs.command("run")
@click.argument("name", type=click.Choice(sorted(JOBS)))
@with_appcontext
def run_job(name: str) -> None:
    """Run one job once and say how much it did."""
    click.echo(f"{name}: {JOBS[name].run()}")


@jobs.command("list")
def list_jobs() -> None:
    """Print every job and when it runs."""
    for name, job in sorted(JOBS.items()):
        click.echo(f"{name:30} {job.when}")


@click.group()
def operator() -> None:
    """People who run the platform."""


@operator.command("create")
@click.option("--phone", required=True, help="A mainland mobile number.")
@click.option("--name", default="平台运营", help="How the operator is called.")
@click.option("--password", help="Made and printed once where there is none yet.")
@with_appcontext
def create_operator(phone: str, name: str, password: str | None) -> None:
    """Make an operator, or give a known number the operator's hat.

    A password that is given is set. Without one a known number keeps its own, unless the number
    was never proven: then whoever signed up with it may be a stranger, and loses the account.
    """
    try:
        keeps = password is None and _has_own_password(phone)
        secret = password or secrets.token_urlsafe(12)
        people.make_user(
            phone=phone,
            name=name,
            password_hash=None if keeps else passwords.hashed(passwords.checked(secret)),
            proven=True,
            roles=(Role.OPERATOR,),
            now=tools().clock(),
        )
    except DomainError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"{phone} is an operator")
    if not keeps and password is None:
        click.echo(f"password, shown this once: {secret}")


def _has_own_password(phone: str) -> bool:
    user = queries.user_by_phone(phones.parse(phone))
    return user is not None and user.phone_proven_at is not None and user.password_hash is not None
