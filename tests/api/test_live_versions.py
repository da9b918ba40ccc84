"""A room is changed as it was read: the tag of a snapshot opens one change, an old one none."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.live.states import SessionStatus
from shop.kernel.actor import Actor
from tests import builders as a
from tests.api.test_live import ROOT, Bearer, bearer
from tests.conftest import FixedClock
from tests.live_builders import a_host, a_live_show, put_in

pytestmark = pytest.mark.usefixtures("ctx")

S = SessionStatus


@pytest.fixture
def host(ctx: Flask) -> Actor:
    return a_host(name="演示主播")


def matching(who: Bearer, tag: str) -> Bearer:
    return who | {"If-Match": tag}


def test_the_tag_as_received_opens_one_change_and_then_is_old(
    client: FlaskClient, host: Actor, clock: FixedClock
) -> None:
    mine = bearer(host)
    show, (item,) = a_live_show(host=host)
    put_in(show, S.SCHEDULED)
    for method, path, body in (
        ("PATCH", "", {"starts_at": "2026-03-03T05:00:00Z"}),
        ("PATCH", f"/items/{item}", {"per_buyer_max": 2}),
        ("PUT", "/items/order", {"items": [item]}),
        ("POST", "/items", {"sku": a.a_sku()}),
    ):
        tag = client.get(f"{ROOT}/{show}").headers["ETag"]
        clock.tick(1)
        for status in ({200, 201}, {412}):
            answer = client.open(
                f"{ROOT}/{show}{path}", method=method, json=body, headers=matching(mine, tag)
            )
            assert answer.status_code in status, (method, path, answer.get_data(as_text=True))
    changed = client.patch(f"{ROOT}/{show}", json={"play_url": None}, headers=mine)
    again = matching(mine, changed.headers["ETag"])
    assert client.patch(f"{ROOT}/{show}", json={"play_url": None}, headers=again).status_code == 200


def test_an_old_tag_is_refused_by_every_verb_and_changes_nothing(
    client: FlaskClient, host: Actor
) -> None:
    mine, operator = bearer(host), bearer(a.an_operator())
    show, (item,) = a_live_show(host=host)
    old = client.get(f"{ROOT}/{show}").headers["ETag"]
    client.patch(f"{ROOT}/{show}", json={"play_url": None}, headers=mine)
    reason, points = {"reason": "违规"}, {"items": {"host-trained": True}}
    calls: tuple[tuple[S, Bearer, str, str, Any], ...] = (
        (S.DRAFT, mine, "POST", "/submit", None),
        (S.SUBMITTED, operator, "POST", "/approve", None),
        (S.SUBMITTED, operator, "POST", "/reject", reason),
        (S.SCHEDULED, operator, "PUT", "/checklist", points),
        (S.SCHEDULED, operator, "PUT", "/checker", {"phone": "13700000000"}),
        (S.SCHEDULED, mine, "POST", "/start", None),
        (S.LIVE, mine, "POST", "/pause", {}),
        (S.PAUSED, mine, "POST", "/resume", None),
        (S.LIVE, mine, "PUT", "/pin", {"item_id": item}),
        (S.LIVE, mine, "DELETE", "/pin", None),
        (S.LIVE, mine, "PATCH", f"/items/{item}", {"status": "off"}),
        (S.LIVE, mine, "DELETE", f"/items/{item}", None),
        (S.LIVE, mine, "POST", "/end", None),
        (S.LIVE, operator, "POST", "/ban", reason),
        (S.ENDED, mine, "POST", "/archive", None),
    )
    for status, who, method, path, body in calls:
        put_in(show, status)
        for tag in (old, '"0"', '"nonsense"'):
            answer = client.open(
                f"{ROOT}/{show}{path}", method=method, json=body, headers=matching(who, tag)
            )
            assert (answer.status_code, answer.json["code"]) == (412, "precondition-failed"), path
        seen = client.get(f"{ROOT}/{show}", headers=mine).json
        assert (seen["status"], seen["pinned_item_id"], len(seen["items"])) == (status, None, 1)
