"""Kuaidi100's hook: signed, stored, applied once, answered as it wants to hear."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy import select

from shop.db import db
from shop.domain.logistics import queries as parcels
from shop.domain.logistics.couriers.kuaidi100 import sign
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.flows import shipping
from tests.builders import a_cooperative, a_manager, a_sku
from tests.conftest import NOON, Race
from tests.paid_orders import a_paid_order

SALT, OLD_SALT = "salt-of-the-tests", "salt-before"
WAYBILL = "YT9876543210"
ACCEPTED = {"result": True, "returnCode": "200", "message": "成功"}
salted = pytest.mark.settings(kuaidi100_salts=(SALT, OLD_SALT))


def param(code: str = "3", *, waybill: str = WAYBILL, hour: int = 14, **more: object) -> str:
    line = {"ftime": f"2026-03-02 {hour}:00:00", "context": "您的快件", "statusCode": code}
    result = {"nu": waybill, "com": "yuantong", "state": code, "data": [line], **more}
    return json.dumps({"status": "polling", "lastResult": result}, ensure_ascii=False)


def post(client: FlaskClient, text: str, *, salt: str = SALT, mark: str | None = None) -> Any:
    form = {"param": text, "sign": sign(text, salt) if mark is None else mark}
    return client.post("/api/hooks/kuaidi100", data=form)


def a_shipped_order() -> int:
    home = a_cooperative()
    order = a_paid_order({a_sku(cooperative=home, on_hand=3): 1})
    shipping.hand_over(
        actor=a_manager(home),
        number=order.number,
        carrier="圆通",
        waybill_no=WAYBILL,
        lines=None,
        now=NOON,
    )
    return order.id


def inbox() -> list[InboxStatus]:
    db.session.rollback()
    return list(db.session.scalars(select(InboxEvent.status).order_by(InboxEvent.id)))


def refused() -> float:
    name = "shop_hook_signatures_refused_total"
    return REGISTRY.get_sample_value(name, {"provider": "kuaidi100"}) or 0.0


def state(order_id: int) -> str:
    db.session.rollback()
    return str(parcels.of_order(order_id)[0].status)


def test_without_a_salt_nobody_is_believed(ctx: Flask, client: FlaskClient) -> None:
    answer = post(client, param())
    assert (answer.status_code, answer.json["code"]) == (503, "dependency-unavailable")
    assert "Retry-After" in answer.headers
    assert inbox() == []


@salted
def test_a_report_is_applied_and_accepted(ctx: Flask, client: FlaskClient) -> None:
    order_id = a_shipped_order()
    for salt in (SALT, OLD_SALT):
        answer = post(client, param("1002"), salt=salt)
        assert (answer.status_code, answer.json) == (200, ACCEPTED)
    assert state(order_id) == "in_transit"
    assert inbox() == [InboxStatus.APPLIED]
    assert post(client, param("301", hour=15)).json == ACCEPTED
    assert state(order_id) == "delivered"


@salted
@pytest.mark.parametrize("mark", ["", "0" * 32, sign(param(), "another shop"), "签名", "A" * 5000])
def test_a_wrong_signature_leaves_nothing(ctx: Flask, client: FlaskClient, mark: str) -> None:
    """FAULTS 63: unsigned, forged, another's secret: the same answer to all."""
    order_id, before = a_shipped_order(), refused()
    answer = post(client, param(), mark=mark)
    assert (answer.status_code, answer.json["code"]) == (400, "webhook-signature-invalid")
    assert (inbox(), refused()) == ([], before + 1)
    assert state(order_id) == "label_created"


@salted
@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "5",
        "{",
        '{"lastResult": 5}',
        '{"lastResult": {"data": 5}}',
        '{"lastResult": {"nu": NaN}}',
        '{"lastResult": {"nu": 1, "nu": 2}}',
        '{"a":' * 100 + "1" + "}" * 100,
    ],
)
def test_signed_junk_is_malformed_and_never_an_accident(
    ctx: Flask, client: FlaskClient, text: str
) -> None:
    answer = post(client, text)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed-body")
    assert inbox() == []


@salted
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"param", b"param=%ff&sign=%ff", b"x" * 100_000]
)
def test_bodies_that_are_no_form_are_refused(ctx: Flask, client: FlaskClient, body: bytes) -> None:
    kind = "application/x-www-form-urlencoded"
    answer = client.post("/api/hooks/kuaidi100", data=body, content_type=kind)
    assert answer.status_code == 400


@salted
def test_unknown_parcels_and_codes_are_accepted_and_kept(ctx: Flask, client: FlaskClient) -> None:
    order_id = a_shipped_order()
    assert post(client, param(waybill="YT0000000001")).json == ACCEPTED
    assert post(client, param("4711")).json == ACCEPTED
    assert post(client, json.dumps({"lastResult": {"message": "no parcel"}})).json == ACCEPTED
    assert inbox() == [InboxStatus.PARKED, InboxStatus.APPLIED, InboxStatus.IGNORED]
    assert state(order_id) == "label_created"
    (event,) = parcels.of_order(order_id)[0].events
    assert (event.code, event.status, event.text) == ("4711", None, "您的快件")


@salted
def test_a_burst_of_the_same_and_other_reports_ends_right(
    ctx: Flask, app: Flask, race: Race
) -> None:
    """FAULTS 62: fifty posts of five reports at once, all answered 200, each heard once."""
    order_id = a_shipped_order()
    codes = ["103", "1002", "5", "501", "301"]
    texts = [param(code, hour=13 + place) for place, code in enumerate(codes)]
    answers = race(50, lambda i: post(app.test_client(), texts[i % 5]).status_code)
    assert answers == [200] * 50
    assert state(order_id) == "delivered"
    assert [event.code for event in parcels.of_order(order_id)[0].events] == codes
    assert inbox() == [InboxStatus.APPLIED] * 5
    arrived = parcels.of_order(order_id)[0].delivered_at
    assert arrived == NOON.replace(hour=9) + timedelta(0)


@salted
def test_scripts_in_a_report_are_kept_as_text(ctx: Flask, client: FlaskClient) -> None:
    """FAULTS 106: what a carrier's clerk typed is text on every page."""
    order_id = a_shipped_order()
    text = param("1002").replace("您的快件", "<script>alert(1)</script>")
    assert post(client, text).json == ACCEPTED
    assert parcels.of_order(order_id)[0].events[0].text == "<script>alert(1)</script>"


@pytest.mark.settings(kuaidi100_salts=(SALT,), limits=True)
def test_a_carriers_backlog_is_not_throttled_like_a_visitor(
    ctx: Flask, client: FlaskClient
) -> None:
    """FAULTS 66: after an outage thousands of reports come from one address within seconds."""
    statuses = {post(client, param(), mark="0" * 32).status_code for _ in range(1300)}
    assert statuses == {400}
