"""Paying from the place the buyer is in: WeChat's browser, a phone, a desk, or a friend's phone."""

import re

import pytest
from flask import Flask

from shop.db import db, transactional
from shop.domain.payments import service as payments
from shop.domain.payments.models import Payment
from tests.builders import a_sku, an_actor
from tests.conftest import FixedClock
from tests.money import a_payment, pay, place
from tests.pages.goods_reader import Reader
from tests.paid_orders import SHIP_TO

AGENTS = {
    "wechat": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148 MicroMessenger/8.0.50",
    "phone": "Mozilla/5.0 (Linux; Android 14; 22081212C) Mobile Safari/537.36",
    "desk": "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36",
}
WAYS = {
    "wechat": ["wechat_pay", "card", "alipay"],
    "phone": ["alipay", "wechat_pay", "card"],
    "desk": ["wechat_pay", "alipay", "card"],
}
FRIEND = re.compile(r"http://127\.0\.0\.1:8000(/pay-for-me/[0-9a-f-]+)")


@transactional
def shows_a_code(payment: Payment) -> None:
    action = {
        "type": "qr",
        "url": "https://pay.example/x",
        "data": "weixin://x",
        "expires_at": None,
    }
    payments.note_provider(payments.locked(payment.id), "pi_code", next_action=action)


class Paying:
    """A buyer with an unpaid order whose payment shows a WeChat code."""

    def __init__(self, app: Flask) -> None:
        buyer = an_actor()
        self.order = place({a_sku(on_hand=5, title="演示香菇"): 2}, buyer=buyer)
        self.payment = a_payment(self.order, provider_id=None)
        shows_a_code(self.payment)
        self.reader, self.stranger = Reader(app, buyer), Reader(app)
        for reader in (self.reader, self.stranger):
            reader.get("/?lang=en")
        db.session.rollback()

    def see(self, path: str, agent: str) -> str:
        answer = self.reader.client.get(path, headers={"User-Agent": AGENTS[agent]})
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def link(self) -> str:
        found = FRIEND.search(self.see(f"/pay/{self.payment.id}", "phone"))
        assert found is not None
        return found[1]


@pytest.fixture
def paying(ctx: Flask) -> Paying:
    return Paying(ctx)


def test_the_first_way_to_pay_is_the_one_that_works_where_the_buyer_is(paying: Paying) -> None:
    """A phone goes to Alipay by a link; a desk shows a code; in WeChat no other wallet opens."""
    where = f"/orders/{paying.order.number}/pay"
    for agent, ways in WAYS.items():
        page = paying.see(where, agent)
        assert re.findall(r'value="sandbox:(\w+)"', page) == ways, agent
        first = re.search(r'<button class="btn block primary"[^>]*value="sandbox:(\w+)"', page)
        assert first is not None
        assert first[1] == ways[0]
        leads_out = "open this order in your own browser" in page
        assert leads_out == (agent == "wechat")
        assert (f"http://127.0.0.1:8000{where}" in page) == leads_out
    assert "The order is kept." in paying.see(where, "wechat")


def test_a_code_on_a_phone_is_for_another_phone_or_for_a_friend(paying: Paying) -> None:
    for agent in AGENTS:
        page = paying.see(f"/pay/{paying.payment.id}", agent)
        assert "<svg" in page.split('class="qr"', 1)[1][:200]
        by_another = "let another phone scan the code" in page
        assert by_another == (FRIEND.search(page) is not None) == (agent != "desk")


def test_a_friend_sees_goods_and_total_and_nothing_of_the_buyer(
    paying: Paying, clock: FixedClock
) -> None:
    link = paying.link()
    answer = paying.stranger.client.get(link)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    for shown in ("演示香菇", "× 2", "¥81.60", 'class="qr"'):
        assert shown in page
    for kept in (paying.order.number, SHIP_TO.street, SHIP_TO.name, "13800000099", "weixin://x"):
        assert kept not in page
    pay(paying.order, payment=paying.payment)
    paid = paying.stranger.get(link)
    assert "This has been paid." in paid
    assert 'class="qr"' not in paid


def test_a_link_that_we_did_not_make_leads_nowhere(paying: Paying) -> None:
    link = paying.link()
    other = place({a_sku(on_hand=1): 1})
    foreign = link.replace(f"/{paying.payment.id}-", f"/{a_payment(other).id}-")
    for forged in (
        foreign,
        link[:-1],
        f"{link}0",
        "/pay-for-me/1-00",
        "/pay-for-me/é",
        "/pay-for-me/-",
    ):
        paying.stranger.get(forged, 404)


def test_a_code_whose_time_is_over_is_not_shown_to_a_friend(
    paying: Paying, clock: FixedClock
) -> None:
    link = paying.link()
    clock.tick(minutes=20)
    page = paying.stranger.get(link)
    assert 'class="qr"' not in page
    assert "This payment is over." in page
