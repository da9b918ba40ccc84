"""FAULTS 2, 17, 31 and 35 at served shops: crowds, lost replies, Stripe early or hanging."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import pytest
import requests

from shop.reads.pricing import Wish
from tests.faults.stalls import Stall, at_once, opened
from tests.lengths import rounds
from tests.servers.databases import Postgres
from tests.servers.ground import Ground
from tests.servers.proxy import LossyLine

HANGING = 6
IN_TIME_S = 10.5
"""The shop's own deadline of 10 s, and the way to it on a busy machine."""


@pytest.fixture(scope="module")
def stalls(
    ground: Ground, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Stall]]:
    """Both for the whole file; their pool is smaller than the number of payments that hang."""
    folder = tmp_path_factory.mktemp("stalls")
    with opened(ground, postgres, folder, SHOP_DB_POOL_SIZE="2") as stalls:
        yield stalls


def test_an_order_whose_reply_was_lost_is_answered_again_also_after_a_kill(
    stalls: list[Stall],
) -> None:
    at_once([partial(lose_replies, stall) for stall in stalls])


def lose_replies(stall: Stall) -> None:
    me = stall.a_buyer()
    with LossyLine(stall.server.port) as line:
        assert stall.order(me, key="heard", url=line.url).status_code == 201
        line.loses = True
        for key in ("first", "second"):
            with pytest.raises(requests.ConnectionError):
                stall.order(me, key=key, url=line.url)
        assert all(reply.startswith(b"HTTP/1.1 201") for reply in line.lost)
    assert stall.stock() == (90, 3, 0)
    first = stall.order(me, key="first")
    assert_replayed(first, line.lost[0])
    assert stall.server.web is not None
    stall.server.signal(stall.server.web, signal.SIGKILL)
    stall.server.web.wait()
    stall.server.start_web()
    assert_replayed(stall.order(me, key="first"), line.lost[0])
    assert_replayed(stall.order(me, key="second"), line.lost[1])
    found = stall.get("/api/v1/orders", me).json()["items"]
    assert len({order["number"] for order in found}) == 3
    assert stall.stock() == (90, 3, 0)
    stall.assert_sound()


def assert_replayed(answer: requests.Response, lost: bytes) -> None:
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert answer.content == lost.partition(b"\r\n\r\n")[2]


def test_money_told_of_inside_the_create_call_pays_the_order_at_once(stalls: list[Stall]) -> None:
    for stall in stalls:
        me = stall.a_buyer()
        number = stall.order(me, key="early").json()["number"]
        stall.fake.inside_create = stall.fake.paid_inside_create = True
        began = time.monotonic()
        started = stall.pay(me, number)
        stall.fake.inside_create = stall.fake.paid_inside_create = False
        assert (started.status_code, started.json()["status"]) == (201, "captured")
        assert stall.get(f"/api/v1/orders/{number}", me).json()["status"] == "paid"
        assert time.monotonic() - began < 10
        stall.assert_sound()


def test_a_room_full_of_people_buys_what_was_allotted_and_not_one_more(
    stalls: list[Stall],
) -> None:
    """FAULTS 2; in full, 500 people ask 10,000 times for 100 units."""
    people, times, units = rounds(16, 500), rounds(2, 20), rounds(10, 100)
    for stall in stalls:
        deal = stall.a_deal(units)
        buyers = [stall.a_buyer() for _ in range(people)]
        found = at_once([partial(insist, stall, me, deal, times=times) for me in buyers])
        told = Counter(code for codes in found for code in codes)
        assert told == {"placed": units, "insufficient-stock": people * times - units}
        assert stall.sold(deal) == (units, 0)
        stall.assert_sound()


def insist(stall: Stall, me: dict[str, str], deal: Wish, *, times: int) -> list[str]:
    """Ask ``times`` for one unit; a shop that is too busy is asked again with the same key."""
    codes = []
    for number in range(times):
        while (code := asked(stall, me, deal, key=f"wish-{number}")) is None:
            time.sleep(0.5)
        codes.append(code)
    return codes


def asked(stall: Stall, me: dict[str, str], deal: Wish, *, key: str) -> str | None:
    """``placed``, or why not; ``None``: it may be sent again."""
    try:
        answer = stall.order(me, key=key, wish=deal)
    except requests.RequestException:
        return None
    if answer.status_code == 201:
        return "placed"
    told = answer.json()
    return None if told["retryable"] else str(told["code"])


def test_while_stripe_hangs_buyers_are_answered_in_time_and_others_do_not_notice(
    stalls: list[Stall],
) -> None:
    at_once([partial(hang, stall) for stall in stalls])


def hang(stall: Stall) -> None:
    people = [stall.a_buyer() for _ in range(HANGING)]
    numbers = [stall.order(me, key="slow").json()["number"] for me in people]
    stall.fake.fail("slow_before", times=99)
    wishes = [partial(timed, partial(stall.pay, *who)) for who in zip(people, numbers, strict=True)]
    *answers, others = at_once([*wishes, partial(go_on, stall)])
    for took, answer in answers:
        assert took < IN_TIME_S
        assert answer.status_code in (202, 503), answer.text
        if answer.status_code == 202:
            assert answer.json()["status"] == "processing"
            assert answer.headers["Location"] == f"/api/v1/payments/{answer.json()['id']}"
        else:
            assert answer.json()["retryable"] is True
            assert int(answer.headers["Retry-After"]) >= 1
    assert len(others) >= 10
    assert median(others) < 1
    assert max(others) < 4
    stall.fake.well()
    for me, number in zip(people, numbers, strict=True):
        assert stall.get(f"/api/v1/orders/{number}", me).json()["status"] == "pending_payment"
    stall.assert_sound()


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    given = act()
    return time.monotonic() - began, given


def go_on(stall: Stall) -> list[float]:
    """What others wait for while the payments hang: seconds of each answer."""
    quote = {"items": [{"sku": stall.sku, "quantity": 1}]}
    until, took = time.monotonic() + 7, []
    while time.monotonic() < until:
        for ask in (
            partial(stall.get, "/healthz"),
            partial(stall.post, "/api/v1/quotes", quote, {}),
        ):
            seconds, answer = timed(ask)
            assert answer.status_code == 200, answer.text
            took.append(seconds)
        time.sleep(0.2)
    return took
