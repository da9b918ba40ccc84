"""A parcel handed over is subscribed once its label stands, and its story comes by the hook."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.carriers import find
from shop.domain.logistics.couriers.base import CourierDown
from shop.domain.logistics.couriers.doors import open_couriers
from shop.domain.logistics.couriers.kuaidi100 import sign
from shop.domain.logistics.couriers.kuaidi100_subscribe import (
    KuaidiSubscription,
    SubscriptionRefused,
)
from shop.domain.orders.models import Order
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.states import OutboxStatus
from shop.domain.villages.models import Cooperative
from shop.flows import delivering, shipping
from shop.jobs import HANDLERS
from shop.kernel.circuit import CircuitOpen
from shop.tools import tools
from tests.builders import a_cooperative, a_manager, a_sku, a_token, a_user
from tests.conftest import NOON, FixedClock
from tests.paid_orders import a_paid_order
from tests.seen import waiting

TAKEN = b'{"result":true,"returnCode":"200","message":"ok"}'
HOOK = "http://127.0.0.1:8000/api/hooks/kuaidi100"


class Provider(BaseHTTPRequestHandler):
    """Kuaidi100's subscription, answering what the test says."""

    answer: ClassVar[tuple[int, bytes]] = (200, TAKEN)
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {key: each[0] for key, each in parse_qs(body).items()}
        self.asked.append({"path": self.path, **form, "param": json.loads(form["param"])})
        status, text = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def reporter() -> Iterator[KuaidiSubscription]:
    Provider.asked.clear()
    Provider.answer = (200, TAKEN)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}/poll"
    made = KuaidiSubscription(key="KEY", salt="salt", callback_url=HOOK, endpoint=endpoint)
    yield made
    made.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def contract(ctx: Flask, reporter: KuaidiSubscription) -> None:
    """The shop has a key, a salt and a customer number at Kuaidi100."""
    tools().couriers = replace(tools().couriers, salts=("salt",), subscription=reporter)


def a_parcel(carrier: str = "圆通", *, subscribe: bool = True) -> tuple[Order, int]:
    home = a_cooperative()
    order = a_paid_order({a_sku(cooperative=home, on_hand=5): 1})
    made = shipping.hand_over(
        actor=a_manager(home),
        number=order.number,
        carrier=carrier,
        waybill_no=f"YT{order.id:010d}",
        lines=None,
        subscribe=subscribe,
        now=NOON,
    )
    return order, made


def drain(clock: FixedClock, **later: float) -> int:
    return delivering.drain(
        {"courier.subscribe": HANDLERS["courier.subscribe"], "sms": lambda *_: None},
        now=clock.tick(**later),
        limit=50,
    )


def subscriptions() -> list[OutboxStatus]:
    db.session.rollback()
    query = select(OutboxMessage.status).where(OutboxMessage.kind == "courier.subscribe")
    return list(db.session.scalars(query.order_by(OutboxMessage.id)))


def test_a_parcel_is_subscribed_and_what_is_pushed_then_moves_it(
    contract: None, client: FlaskClient, clock: FixedClock
) -> None:
    home = a_cooperative()
    order = a_paid_order({a_sku(cooperative=home, on_hand=5): 1})
    token = a_token(a_user(seat=(Role.KEEPER, home.id)))
    answer = client.post(
        f"/api/v1/orders/{order.number}/shipments",
        json={"carrier": "圆通", "waybill_no": "YT9876543210"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 201
    drain(clock, minutes=9)
    assert Provider.asked == []
    drain(clock, minutes=1)
    (asked,) = Provider.asked
    assert (asked["path"], asked["schema"]) == ("/poll", "json")
    assert asked["param"] == {
        "company": "yuantong",
        "number": "YT9876543210",
        "key": "KEY",
        "parameters": {"callbackurl": HOOK, "salt": "salt", "resultv2": "4"},
    }
    param = json.dumps(
        {
            "status": "polling",
            "lastResult": {
                "nu": asked["param"]["number"],
                "com": asked["param"]["company"],
                "state": "0",
                "data": [{"ftime": "2026-03-02 13:00:00", "context": "在途", "statusCode": "1002"}],
            },
        }
    )
    form = {"param": param, "sign": sign(param, asked["param"]["parameters"]["salt"])}
    assert client.post("/api/hooks/kuaidi100", data=form).status_code == 200
    db.session.rollback()
    assert parcels.of_order(order.id)[0].status == "in_transit"


def test_a_corrected_number_is_the_one_subscribed_and_sf_gets_the_receivers_phone(
    contract: None, clock: FixedClock
) -> None:
    order, made = a_parcel()
    shipping.correct_label(
        actor=a_manager(db.session.get_one(Cooperative, order.parts[0].cooperative_id)),
        number=order.number,
        shipment_id=made,
        carrier="顺丰",
        waybill_no="SF1234567891",
        now=NOON + timedelta(minutes=5),
    )
    drain(clock, minutes=10)
    (asked,) = Provider.asked
    assert (asked["param"]["company"], asked["param"]["number"]) == ("shunfeng", "SF1234567891")
    assert asked["param"]["parameters"]["phone"] == "13800000099"


def test_where_nobody_reports_nothing_is_asked(ctx: Flask, clock: FixedClock) -> None:
    a_parcel(subscribe=False)
    assert waiting("courier.subscribe") == []
    a_parcel()
    drain(clock, minutes=10)
    assert subscriptions() == [OutboxStatus.DONE]
    without = open_couriers(salts=(), customer="C", key="K", hook_url=HOOK)
    assert without.subscription is None
    assert open_couriers(salts=("s",), customer="", key="", hook_url=HOOK).subscription is None
    whole = open_couriers(salts=("new", "old"), customer="C", key="K", hook_url=HOOK)
    assert whole.subscription is not None


def test_an_outage_is_tried_again_and_a_number_nobody_follows_is_let_be(
    contract: None, clock: FixedClock
) -> None:
    a_parcel()
    for answer in ((502, b""), (200, b"<html>"), (200, b'{"returnCode":"600"}')):
        Provider.answer = answer
        drain(clock, minutes=30)
        assert subscriptions() == [OutboxStatus.WAITING]
    Provider.answer = (200, '{"result":false,"returnCode":"501","message":"重复"}'.encode())
    drain(clock, hours=2)
    assert subscriptions() == [OutboxStatus.DONE]
    Provider.answer = (200, b'{"result":false,"returnCode":"700"}')
    a_parcel()
    drain(clock, hours=1)
    assert subscriptions() == [OutboxStatus.DONE] * 2
    assert len(Provider.asked) == 5


def test_what_kuaidi100_answers_is_told_apart(reporter: KuaidiSubscription) -> None:
    def ask(code: str) -> bool:
        Provider.answer = (200, json.dumps({"result": False, "returnCode": code}).encode())
        return reporter.subscribe(find("YTO"), waybill_no="YT1", phone="")

    taken = {code: ask(code) for code in ("200", "501", "700", "701", "702")}
    assert taken == {"200": True, "501": True, "700": False, "701": False, "702": False}
    for code in ("600", "601"):
        with pytest.raises(SubscriptionRefused):
            ask(code)
    for _ in range(3):
        with pytest.raises(CourierDown):
            ask("500")
    with pytest.raises(CircuitOpen):
        ask("200")
