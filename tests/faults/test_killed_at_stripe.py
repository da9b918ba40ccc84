"""FAULTS 94: the web server dies between an effect at Stripe and its own commit."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
import requests
from sqlalchemy import update

from shop.db import db, transactional
from shop.domain.audit.models import KeptAnswer
from shop.kernel.clock import utc_now
from tests.faults.stalls import Stall, at_once, opened
from tests.lengths import rounds
from tests.servers.databases import Postgres
from tests.servers.ground import Ground, until


@pytest.fixture(scope="module")
def stalls(
    ground: Ground, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Stall]]:
    """One on each database."""
    with opened(ground, postgres, tmp_path_factory.mktemp("killed")) as stalls:
        yield stalls


def test_a_payment_whose_shop_died_while_stripe_had_made_it_is_gone_on_with(
    stalls: list[Stall],
) -> None:
    at_once([partial(die_after_the_effect, stall) for stall in stalls])


def die_after_the_effect(stall: Stall) -> None:
    """The same key goes on where it stopped: Stripe sees one key and makes one thing."""
    for number in range(rounds(1, 10)):
        me = stall.a_buyer()
        order = stall.order(me, key=f"dies-{number}").json()["number"]
        before = made(stall)
        stall.fake.fail("slow_after", times=1, seconds=30)
        at_once([partial(pay_in_vain, stall, me, order), partial(kill_after, stall, before)])
        stall.fake.well()
        stall.server.start_web()
        assert stall.pay(me, order).json()["code"] == "idempotency-in-progress"
        with stall.app.app_context():
            let_leases_lapse()
        again = stall.pay(me, order)
        assert again.status_code == 201, again.text
        assert again.json()["next_action"] is not None
        assert made(stall) == before + 1, "asked twice, and Stripe made two"
        shown = stall.get(f"/api/v1/orders/{order}", me).json()
        assert (shown["status"], len(shown["payments"])) == ("pending_payment", 1)
        stall.assert_sound()


def made(stall: Stall) -> int:
    """What Stripe has made so far for somebody to pay."""
    return sum(len(stall.fake.made(kind)) for kind in ("checkout.session", "payment_intent"))


def pay_in_vain(stall: Stall, me: dict[str, str], order: str) -> None:
    with pytest.raises(requests.RequestException):
        stall.pay(me, order)


def kill_after(stall: Stall, before: int) -> None:
    """End the web server as soon as Stripe has done its part."""
    until(lambda: made(stall) > before, within_s=15, what="the effect at Stripe")
    assert stall.server.web is not None
    stall.server.signal(stall.server.web, signal.SIGKILL)
    stall.server.web.wait()


@transactional
def let_leases_lapse() -> None:
    """Half a minute passes."""
    db.session.execute(
        update(KeptAnswer)
        .where(KeptAnswer.status.is_(None))
        .values(leased_until=utc_now() - timedelta(seconds=1))
    )
