"""Live sessions over HTTP, as the contract has them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.domain.accounts.states import Role
from shop.domain.live import presence
from shop.domain.live.listeners import Listener
from shop.domain.live.states import CHECKLIST, SessionStatus
from shop.flows import chatting, going_live, pinning
from shop.kernel.actor import Actor
from tests import builders as a
from tests.conftest import NOON, FixedClock
from tests.live_builders import a_host, a_live_show, a_show
from tests.servers.ground import until

pytestmark = pytest.mark.usefixtures("ctx")

ROOT = "/api/v1/live-sessions"
Bearer = dict[str, str]
SHOW = {"title": "演示蘑菇专场", "starts_at": "2026-03-02T05:00:00Z"}


def bearer(actor: Actor) -> Bearer:
    assert actor.user_id is not None
    return {"Authorization": f"Bearer {a.a_token(actor.user_id)}"}


@pytest.fixture
def host(ctx: Flask) -> Actor:
    return a_host(name="演示主播")


@pytest.fixture
def operator(ctx: Flask) -> Bearer:
    return bearer(a.an_operator())


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_a_show_from_draft_to_end(client: FlaskClient, host: Actor, operator: Bearer) -> None:
    mine = bearer(host)
    sku = a.a_sku(on_hand=40, price_fen=3980, live_floor_fen=3000)
    made = client.post(ROOT, json=SHOW, headers=mine)
    assert made.status_code == 201
    assert made.json["status"] == "draft"
    assert made.json["ingest"] is None
    here = f"{ROOT}/{made.json['id']}"
    assert made.headers["Location"] == here

    item = client.post(
        f"{here}/items",
        json={"sku": sku, "live_price_fen": 3680, "allotment": 20, "per_buyer_max": 2},
        headers=mine,
    )
    assert item.status_code == 201
    assert {
        name: item.json[name]
        for name in ("seq_no", "sku", "status", "live_price_fen", "allotment", "sold", "remaining")
    } == {
        "seq_no": 1, "sku": sku, "status": "on", "live_price_fen": 3680,
        "allotment": 20, "sold": 0, "remaining": 20,
    }  # fmt: skip

    assert client.post(f"{here}/submit", headers=mine).json["status"] == "submitted"
    assert client.post(f"{here}/approve", headers=operator).json["status"] == "scheduled"
    refused = client.post(f"{here}/start", headers=mine)
    assert said(refused) == (409, "gate-incomplete")
    assert len(refused.json["errors"]) == len(CHECKLIST)

    found = client.get(f"{here}/checklist", headers=operator)
    ticked = dict.fromkeys(found.json["items"], True)
    put = client.put(f"{here}/checklist", json={"items": ticked}, headers=operator)
    assert put.json["complete"] is True
    assert client.post(f"{here}/start", headers=mine).json["status"] == "live"
    pinned = client.put(f"{here}/pin", json={"item_id": item.json["id"]}, headers=mine)
    assert pinned.json["pinned_item_id"] == item.json["id"]

    seen = client.get(here).json
    assert (seen["status"], seen["host"]) == ("live", {"name": "演示主播"})
    assert seen["items"][0]["stock"] == "plenty"
    assert {"remaining", "sold", "held"}.isdisjoint(seen["items"][0])
    assert seen["server_time"] == "2026-03-02T04:00:00.000Z"

    assert client.delete(f"{here}/pin", headers=mine).status_code == 204
    for verb, status in (("pause", "paused"), ("resume", "live"), ("end", "ended")):
        assert client.post(f"{here}/{verb}", headers=mine).json["status"] == status
    assert said(client.post(f"{here}/start", headers=mine)) == (409, "illegal-transition")


def test_complaints_point_at_the_field_that_was_sent(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    here, mine = f"{ROOT}/{a_show(host=host)}", bearer(host)
    checklist = f"{here}/checklist"
    for method, path, body, who, pointer in (
        ("POST", ROOT, {**SHOW, "cover": 99}, mine, "/cover"),
        ("PATCH", here, {"cover": 99}, mine, "/cover"),
        ("PUT", checklist, {"items": {"host-trained": "yes"}}, operator, "/items/host-trained"),
        ("PUT", checklist, {"items": {"a/b~": True}}, operator, "/items/a~1b~0"),
        ("PUT", checklist, {"items": {"a/b~": 1}}, operator, "/items/a~1b~0"),
        ("PUT", checklist, {"items": {}}, operator, "/items"),
        ("PUT", checklist, {"items": 5}, operator, "/items"),
    ):
        answer = client.open(path, method=method, json=body, headers=who)
        assert said(answer) == (422, "validation-error"), body
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_the_checklist_is_not_for_the_host_and_not_for_strangers(
    client: FlaskClient, host: Actor
) -> None:
    here = f"{ROOT}/{a_show(host=host)}/checklist"
    ticked = {"items": {"host-trained": True}}
    assert said(client.put(here, json=ticked, headers=bearer(host))) == (403, "forbidden")
    assert said(client.get(here, headers=bearer(host))) == (403, "forbidden")
    assert said(client.put(here, json=ticked, headers=bearer(a.an_actor()))) == (404, "not-found")
    assert said(client.get(here)) == (401, "unauthenticated")


def test_another_hosts_show_is_as_absent_as_one_that_never_was(
    client: FlaskClient, host: Actor
) -> None:
    show, (item,) = a_live_show(host=host)
    stranger = bearer(a_host())
    for method, path, body in (
        ("PATCH", f"/{show}", {"title": "x"}),
        ("POST", f"/{show}/submit", None),
        ("POST", f"/{show}/start", None),
        ("POST", f"/{show}/end", None),
        ("POST", f"/{show}/items", {"sku": a.a_sku()}),
        ("PATCH", f"/{show}/items/{item}", {"per_buyer_max": 1}),
        ("DELETE", f"/{show}/items/{item}", None),
        ("PUT", f"/{show}/items/order", {"items": [item]}),
        ("PUT", f"/{show}/pin", {"item_id": item}),
        ("DELETE", f"/{show}/pin", None),
        ("POST", f"/{show}/notices", {"text": "x"}),
    ):
        foreign = client.open(ROOT + path, method=method, json=body, headers=stranger)
        absent = client.open(
            ROOT + path.replace(f"/{show}", "/999999", 1),
            method=method, json=body, headers=stranger,
        )  # fmt: skip
        assert said(foreign) == (404, "not-found"), path
        hidden = {"instance", "request_id"}
        assert {k: v for k, v in foreign.json.items() if k not in hidden} == {
            k: v for k, v in absent.json.items() if k not in hidden
        }


def test_an_item_or_comment_of_another_room_is_not_found(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    other, (elsewhere,) = a_live_show(host=host)
    mine = bearer(host)
    comment = chatting.comment(other, actor=a.an_actor(), now=NOON, text="一")
    assert (
        client.put(f"{ROOT}/{show}/pin", json={"item_id": elsewhere}, headers=mine).status_code
        == 404
    )
    for verb in ("hide", "mute"):
        path = f"{ROOT}/{show}/comments/{comment.id}/{verb}"
        assert client.post(path, json={}, headers=mine).status_code == 404


@pytest.mark.parametrize("role", [None, Role.OPERATOR])
def test_only_hosts_draft_shows(client: FlaskClient, role: Role | None) -> None:
    who = bearer(a.an_actor(roles=(role,) if role else ()))
    assert said(client.post(ROOT, json=SHOW, headers=who)) == (403, "forbidden")
    assert said(client.post(ROOT, json=SHOW)) == (401, "unauthenticated")


def test_a_draft_is_seen_by_its_host_and_the_operator_only(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    here = f"{ROOT}/{a_show(host=host, status=SessionStatus.DRAFT)}"
    assert client.get(here, headers=bearer(host)).status_code == 200
    assert client.get(here, headers=operator).status_code == 200
    assert client.get(here).status_code == 404
    assert client.get(here, headers=bearer(a_host())).status_code == 404
    assert client.get(f"{here}/changes").status_code == 404
    assert client.get(f"{here}/events").status_code == 404
    assert client.post(f"{here}/presence", json={}).status_code == 404


@pytest.mark.parametrize("name", ["allotment", "per_buyer_max", "live_price_fen"])
@pytest.mark.parametrize("value", [0, -1, 1.5, 2**31 * 2**31, "1e3", "3", True, [], {}])
def test_numbers_of_an_item_are_whole_and_sane(
    client: FlaskClient, host: Actor, name: str, value: object
) -> None:
    show = a_show(host=host)
    body = {"sku": a.a_sku(on_hand=9), name: value}
    raw = json.dumps(body).encode()
    answer = client.post(
        f"{ROOT}/{show}/items", data=raw, content_type="application/json", headers=bearer(host)
    )
    assert said(answer) == (422, "validation-error")
    assert answer.json["errors"][0]["pointer"] == f"/{name}"


def test_refusals_have_their_codes(client: FlaskClient, host: Actor) -> None:
    mine = bearer(host)
    show, (item,) = a_live_show(host=host, on_hand=0)
    sku = a.a_sku(on_hand=2)
    inside = {"play_url": "http://169.254.169.254/a.m3u8"}
    for method, path, body, wanted in (
        ("PUT", f"/{show}/pin", {"item_id": item}, (409, "insufficient-stock")),
        ("POST", f"/{show}/items", {"sku": sku, "allotment": 3}, (409, "insufficient-stock")),
        ("POST", f"/{show}/items", {"sku": sku, "live_price_fen": 1}, (422, "validation-error")),
        ("POST", f"/{show}/items", {"sku": sku, "sold": 3}, (422, "unknown-field")),
        ("POST", "", SHOW | inside, (422, "url-not-allowed")),
        ("POST", "", SHOW | {"status": "live"}, (422, "unknown-field")),
        ("POST", "", SHOW | {"host_id": 1}, (422, "unknown-field")),
        ("GET", "?status=draft", None, (400, "invalid-parameter")),
        ("GET", f"/{show}/changes?after=-1", None, (400, "invalid-parameter")),
        ("GET", f"/{show}/changes?wait=26", None, (400, "invalid-parameter")),
        ("GET", "?as=operator", None, (403, "forbidden")),
    ):
        answer = client.open(ROOT + path, method=method, json=body, headers=mine)
        assert said(answer) == wanted, (method, path, body)
    junk = client.get(f"{ROOT}/{show}/events", headers={"Last-Event-ID": "1e3"})
    assert said(junk) == (400, "invalid-parameter")


def test_lists_show_what_is_public_and_the_host_sees_all_of_theirs(
    client: FlaskClient, host: Actor
) -> None:
    made = {status: a_show(host=host, status=status) for status in SessionStatus}

    def listed(query: str, who: Bearer | None = None) -> set[int]:
        answer = client.get(f"{ROOT}?{query}", headers=who)
        assert answer.json["next"] is None
        return {item["id"] for item in answer.json["items"]}

    assert listed("status=live") == {made[SessionStatus.LIVE], made[SessionStatus.PAUSED]}
    assert listed("status=scheduled") == {made[SessionStatus.SCHEDULED]}
    assert listed("status=ended") == {made[SessionStatus.ENDED], made[SessionStatus.ARCHIVED]}
    hidden = {
        SessionStatus.DRAFT,
        SessionStatus.SUBMITTED,
        SessionStatus.REJECTED,
        SessionStatus.BANNED,
    }
    assert listed("") == {made[status] for status in set(SessionStatus) - hidden}
    assert listed("as=host", bearer(host)) == set(made.values())
    assert listed("as=host", bearer(a_host())) == set()


def test_a_list_goes_on_where_it_stopped(client: FlaskClient, host: Actor) -> None:
    ids = [a_show(host=host, now=NOON + timedelta(hours=i)) for i in range(5)]
    first = client.get(f"{ROOT}?status=scheduled&limit=2").json
    second = client.get(f"{ROOT}?status=scheduled&limit=2&after={first['next']}").json
    third = client.get(f"{ROOT}?status=scheduled&limit=2&after={second['next']}").json
    assert [one["id"] for page in (first, second, third) for one in page["items"]] == ids
    assert third["next"] is None


def test_the_snapshots_tag_changes_with_the_room_and_not_with_the_clock(
    client: FlaskClient, host: Actor, clock: FixedClock
) -> None:
    show, (item,) = a_live_show(host=host)
    first = client.get(f"{ROOT}/{show}")
    clock.tick(5)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"{ROOT}/{show}", headers=tag).status_code == 304
    pinning.pin(show, item, actor=host, now=NOON)
    assert client.get(f"{ROOT}/{show}", headers=tag).status_code == 200


def test_a_stale_change_is_refused(client: FlaskClient, host: Actor) -> None:
    show = a_show(host=host)
    body = {"starts_at": "2026-03-03T05:00:00Z"}
    for match, status in (('"1"', 200), ('"1"', 412)):
        answer = client.patch(
            f"{ROOT}/{show}", json=body, headers=bearer(host) | {"If-Match": match}
        )
        assert answer.status_code == status


def test_the_long_poll_gives_what_came_after(client: FlaskClient, host: Actor) -> None:
    show, (item,) = a_live_show(host=host)
    start = client.get(f"{ROOT}/{show}").json["seq"]
    empty = client.get(f"{ROOT}/{show}/changes?after={start}").json
    assert empty == {"events": [], "seq": start, "gap": False}
    pinning.pin(show, item, actor=host, now=NOON)
    found = client.get(f"{ROOT}/{show}/changes?after={start}&wait=5").json
    assert [(event["seq"], event["type"]) for event in found["events"]] == [(start + 1, "pin.set")]
    assert found["events"][0]["data"]["item_id"] == item
    assert found["seq"] == start + 1


def test_a_caller_far_behind_gets_the_newest_and_a_gap(
    client: FlaskClient, host: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.web import live_stream

    monkeypatch.setattr(live_stream, "FAR_BEHIND", 2)
    show, _ = a_live_show(host=host, items=4)
    newest = client.get(f"{ROOT}/{show}").json["seq"]
    for after in (0, newest + 1):
        found = client.get(f"{ROOT}/{show}/changes?after={after}").json
        assert found["gap"] is True
        assert [event["seq"] for event in found["events"]] == [newest]


def test_a_stream_that_is_over_says_so_and_then_nothing(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    before = client.get(f"{ROOT}/{show}").json["seq"]
    going_live.end(show, actor=host, now=NOON)
    rest = client.get(f"{ROOT}/{show}/events", headers={"Last-Event-ID": str(before)})
    text = rest.get_data(as_text=True)
    rest.close()
    assert rest.mimetype == "text/event-stream"
    assert "event: room.status" in text
    assert f"id: {before + 1}\n" in text
    assert text.startswith("retry: ")
    done = client.get(f"{ROOT}/{show}/events?after={before + 1}")
    assert done.status_code == 204


def test_comments_are_said_masked_hidden_and_muted(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    here, mine = f"{ROOT}/{show}", bearer(host)
    viewer = bearer(a.an_actor(name="张小花"))
    made = client.post(f"{here}/comments", json={"text": " 多少钱\n一斤？ "}, headers=viewer)
    assert made.status_code == 201
    assert (made.json["name"], made.json["text"]) == ("张**", "多少钱 一斤？")
    again = client.post(f"{here}/comments", json={"text": "再问"}, headers=viewer)
    assert said(again) == (429, "rate-limited")
    assert again.headers["Retry-After"] == "1"
    assert [one["id"] for one in client.get(here).json["comments"]] == [made.json["id"]]
    spot = f"{here}/comments/{made.json['id']}"
    assert client.post(f"{spot}/hide", headers=viewer).status_code == 403
    assert client.post(f"{spot}/hide", headers=mine).status_code == 204
    assert client.get(here).json["comments"] == []
    assert client.post(f"{spot}/mute", json={}, headers=mine).status_code == 204
    assert said(client.post(f"{here}/comments", json={"text": "三"}, headers=viewer)) == (
        403, "forbidden",
    )  # fmt: skip
    assert said(client.post(f"{here}/comments", json={"text": "x"})) == (401, "unauthenticated")
    for text in ("", "字" * 101, "a\x00b"):
        answer = client.post(f"{here}/comments", json={"text": text}, headers=mine)
        assert answer.status_code == 422, text


def test_a_banned_room_shows_nothing_of_itself(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    show, _ = a_live_show(host=host)
    chatting.comment(show, actor=a.an_actor(), now=NOON, text="一")
    answer = client.post(f"{ROOT}/{show}/ban", json={"reason": "违规"}, headers=operator)
    assert answer.json["status"] == "banned"
    seen = client.get(f"{ROOT}/{show}").json
    assert (seen["items"], seen["comments"], seen["status_reason"]) == ([], [], "违规")
    assert show not in {one["id"] for one in client.get(ROOT).json["items"]}


def test_a_stopped_room_tells_that_it_was_and_nothing_else(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    show, (item,) = a_live_show(host=host)
    pinning.pin(show, item, actor=host, now=NOON)
    said = chatting.comment(show, actor=a.an_actor(), now=NOON, text="违规的话")
    chatting.hide_comment(show, said.id, actor=host, now=NOON)
    client.post(f"{ROOT}/{show}/ban", json={"reason": "违规"}, headers=operator)
    last = client.get(f"{ROOT}/{show}").json["seq"]
    spot = f"{ROOT}/{show}/comments/{said.id}/unhide"
    assert client.post(spot, headers=operator).status_code == 204
    for after in (0, last - 1, last + 9):
        found = client.get(f"{ROOT}/{show}/changes?after={after}").json
        told = [(event["type"], event["data"]) for event in found["events"]]
        assert told == [("room.status", {"status": "banned", "reason": "违规"})], after
        assert found["seq"] == last
    assert client.get(f"{ROOT}/{show}/changes?after={last}").json["events"] == []
    with client.get(f"{ROOT}/{show}/events?after=0") as stream:
        text = stream.get_data(as_text=True)
    assert text.count("event: ") == 1
    assert "event: room.status" in text
    assert client.get(f"{ROOT}/{show}/events?after={last}").status_code == 204


def test_what_was_said_to_the_host_before_a_show_was_announced_stays_theirs(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    show = a_show(host=host, status=SessionStatus.SUBMITTED)
    mine = bearer(host)
    client.post(f"{ROOT}/{show}/reject", json={"reason": "内部原因"}, headers=operator)
    assert client.get(f"{ROOT}/{show}", headers=mine).json["status_reason"] == "内部原因"
    client.patch(f"{ROOT}/{show}", json={"title": "演示"}, headers=mine)
    client.post(f"{ROOT}/{show}/submit", headers=mine)
    client.post(f"{ROOT}/{show}/approve", headers=operator)
    told = client.get(f"{ROOT}/{show}/changes?after=0").get_data(as_text=True)
    assert "rejected" in told
    assert "内部原因" not in told
    assert "内部原因" not in client.get(f"{ROOT}/{show}").get_data(as_text=True)


def test_a_show_stopped_before_it_was_announced_was_never_there(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    hidden = (SessionStatus.DRAFT, SessionStatus.SUBMITTED, SessionStatus.REJECTED)
    for status in (*hidden, SessionStatus.SCHEDULED, SessionStatus.ARCHIVED):
        show = a_show(host=host, status=status)
        here = f"{ROOT}/{show}"
        assert client.post(f"{here}/ban", json={"reason": "x"}, headers=operator).status_code == 200
        calls = [
            client.get(here),
            client.get(f"{here}/changes?after=0"),
            client.get(f"{here}/events?after=0"),
            client.post(f"{here}/presence", json={}),
            client.get(f"/live/{show}"),
            client.get(f"/live/{show}/shelf"),
        ]
        answers = {answer.status_code for answer in calls}
        for answer in calls:
            answer.close()
        assert answers == ({404} if status in hidden else {200, 204}), status
        for who in (bearer(host), operator):
            assert client.get(here, headers=who).json["status_reason"] == "x"


def test_presence_counts_a_viewer_once(client: FlaskClient, host: Actor, ctx: Flask) -> None:
    show, _ = a_live_show(host=host)
    path = f"{ROOT}/{show}/presence"
    viewer = bearer(a.an_actor())
    for body, who in (
        ({"viewer": "abcdefgh-1"}, None),
        ({"viewer": "abcdefgh-1"}, None),
        ({"viewer": "abcdefgh-2"}, None),
        ({}, viewer),
        ({"viewer": "abcdefgh-3"}, viewer),
    ):
        assert client.post(path, json=body, headers=who).status_code == 204
    assert client.post(path, json={"viewer": "short"}).status_code == 422
    assert client.post(path, json={"count": 5000}).status_code == 422
    assert client.post(path).status_code == 204
    assert ctx.extensions["shop_tools"].presence.count(show) == 4


def test_a_viewer_who_only_says_they_watch_is_told_to_the_room(
    client: FlaskClient, host: Actor
) -> None:
    """No stream and no poll is open: the heartbeat itself lets the room's second hand run."""
    show, _ = a_live_show(host=host)
    client.post(f"{ROOT}/{show}/presence", json={"viewer": "abcdefgh-1"})
    until(lambda: client.get(f"{ROOT}/{show}").json["viewers"] == 1)


def test_invented_viewers_of_one_address_are_not_counted(
    client: FlaskClient, host: Actor, ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "MOST_AN_ADDRESS", 2)
    show, _ = a_live_show(host=host)
    for number in range(4):
        for address in ("192.0.2.7", f"2001:db8:1:2::{number + 1}", "::ffff:192.0.2.8"):
            client.post(
                f"{ROOT}/{show}/presence",
                json={"viewer": f"invented-{number}"},
                environ_overrides={"REMOTE_ADDR": address},
            )
    assert ctx.extensions["shop_tools"].presence.count(show) == 6


def test_a_manager_of_nothing_and_a_buyer_move_no_show(
    client: FlaskClient, host: Actor, operator: Bearer
) -> None:
    show = a_show(host=host, status=SessionStatus.SUBMITTED)
    for verb in ("approve", "reject", "ban"):
        answer = client.post(f"{ROOT}/{show}/{verb}", json={"reason": "x"}, headers=bearer(host))
        assert said(answer) == (403, "forbidden")
    rejected = client.post(f"{ROOT}/{show}/reject", json={"reason": "太早"}, headers=operator)
    assert (rejected.json["status"], rejected.json["status_reason"]) == ("rejected", "太早")


def test_the_shelf_is_put_in_order_and_a_thing_taken_off(client: FlaskClient, host: Actor) -> None:
    show, ids = a_live_show(host=host, items=3)
    mine = bearer(host)
    turned = client.put(f"{ROOT}/{show}/items/order", json={"items": ids[::-1]}, headers=mine).json
    assert [(item["id"], item["seq_no"]) for item in turned["items"]] == list(
        zip(ids[::-1], (1, 2, 3), strict=True)
    )
    assert client.delete(f"{ROOT}/{show}/items/{ids[1]}", headers=mine).status_code == 204
    left = client.get(f"{ROOT}/{show}").json["items"]
    assert [(item["id"], item["seq_no"]) for item in left] == [(ids[2], 1), (ids[0], 2)]
    off = client.patch(f"{ROOT}/{show}/items/{ids[0]}", json={"status": "off"}, headers=mine)
    assert (off.json["status"], off.json["stock"]) == ("off", "sold_out")


@pytest.mark.settings(limits=True)
def test_a_flood_of_comments_is_stopped(
    client: FlaskClient, host: Actor, clock: FixedClock
) -> None:
    show, _ = a_live_show(host=host)
    viewer = bearer(a.an_actor())
    answers = []
    for _ in range(25):
        clock.tick(2)
        answers.append(
            client.post(f"{ROOT}/{show}/comments", json={"text": "买"}, headers=viewer).status_code
        )
    assert set(answers) == {201, 429}


@pytest.mark.settings(max_streams=1)
def test_a_full_process_asks_to_come_back(client: FlaskClient, host: Actor, ctx: Flask) -> None:
    show, _ = a_live_show(host=host)
    held = ctx.extensions["shop_tools"].bus.subscribe(show, seen=0, ear=Listener)
    answer = client.get(f"{ROOT}/{show}/events")
    held.leave()
    assert said(answer) == (503, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1
