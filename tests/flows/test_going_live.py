"""A show's life: every verb from every state, the gate, and what ending gives back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.db import db, transactional
from shop.domain.accounts import seats
from shop.domain.accounts.states import Role
from shop.domain.catalog.models import Product
from shop.domain.catalog.states import ProductStatus
from shop.domain.inventory.queries import available
from shop.domain.live import queries, sales, service, shelf
from shop.domain.live.errors import GateIncomplete, UrlNotAllowed
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.states import CHECKLIST, ON_AIR, SESSION_LIFE, SessionStatus
from shop.flows import going_live, linking, pinning
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, Stale
from shop.reads import live as rooms
from tests.builders import a_sku, an_actor, an_operator
from tests.conftest import NOON, FixedClock, Race
from tests.invariants import assert_sound
from tests.live_builders import (
    a_host,
    a_live_show,
    a_show,
    events_of,
    put_in,
    status_of,
    tick_all,
    types_of,
)
from tests.naive import a_moment, assert_breaks, on_postgresql, unlocked

S = SessionStatus
MINUTE = timedelta(minutes=1)
Verb = Callable[[int, Actor, Actor], Any]

VERBS: dict[str, tuple[frozenset[S], S, Verb]] = {
    "submit": (
        frozenset({S.DRAFT}),
        S.SUBMITTED,
        lambda show, host, _: going_live.submit(show, actor=host, now=NOON),
    ),
    "approve": (
        frozenset({S.SUBMITTED}),
        S.SCHEDULED,
        lambda show, _, operator: going_live.approve(show, actor=operator, now=NOON),
    ),
    "reject": (
        frozenset({S.SUBMITTED}),
        S.REJECTED,
        lambda show, _, operator: going_live.reject(
            show, actor=operator, now=NOON, reason="too early"
        ),
    ),
    "redraft": (
        frozenset({S.REJECTED}),
        S.DRAFT,
        lambda show, host, _: going_live.redraft(show, actor=host, now=NOON),
    ),
    "start": (
        frozenset({S.SCHEDULED}),
        S.LIVE,
        lambda show, host, _: going_live.start(show, actor=host, now=NOON),
    ),
    "pause": (
        frozenset({S.LIVE}),
        S.PAUSED,
        lambda show, host, _: going_live.pause(show, actor=host, now=NOON),
    ),
    "resume": (
        frozenset({S.PAUSED}),
        S.LIVE,
        lambda show, host, _: going_live.resume(show, actor=host, now=NOON),
    ),
    "end": (
        frozenset({S.LIVE, S.PAUSED}),
        S.ENDED,
        lambda show, host, _: going_live.end(show, actor=host, now=NOON),
    ),
    "ban": (
        frozenset(S) - {S.BANNED},
        S.BANNED,
        lambda show, _, operator: going_live.ban(show, actor=operator, now=NOON, reason="rule 1"),
    ),
    "archive": (
        frozenset({S.ENDED}),
        S.ARCHIVED,
        lambda show, host, _: going_live.archive(show, actor=host, now=NOON),
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_moves_from_its_own_states_and_from_no_other(ctx: Flask, verb: str) -> None:
    sources, target, act = VERBS[verb]
    host, operator = a_host(), an_operator()
    show = a_show(host=host)
    linking.add_item(show, actor=host, now=NOON, sku=a_sku(on_hand=5))
    tick_all(show)
    for state in S:
        put_in(show, state)
        told, kept = len(events_of(show)), len(queries.history(show))
        if state in sources:
            assert SESSION_LIFE.allows(state, target)
            act(show, host, operator)
            assert status_of(show) is target
            row = queries.history(show)[-1]
            assert (row.from_status, row.to_status) == (state, target)
            assert events_of(show)[-1].data["status"] == target
        else:
            with pytest.raises(IllegalMove):
                act(show, host, operator)
            assert status_of(show) is state
            assert len(events_of(show)) == told
            assert len(queries.history(show)) == kept


def test_every_step_of_the_table_has_a_verb() -> None:
    steps = {(state, target) for state, targets in SESSION_LIFE.table.items() for target in targets}
    verbs = {(state, target) for sources, target, _ in VERBS.values() for state in sources}
    assert steps == verbs


def test_the_gate_names_everything_that_is_missing(ctx: Flask) -> None:
    host = a_host()
    show = a_show(host=host)
    with pytest.raises(GateIncomplete) as refused:
        going_live.start(show, actor=host, now=NOON)
    pointers = {entry["pointer"] for entry in refused.value.errors}
    assert pointers == {"/items", *(f"/checklist/{code}" for code in CHECKLIST)}
    assert status_of(show) is S.SCHEDULED


def test_a_checklist_is_good_for_a_day_and_never_by_the_host(ctx: Flask, clock: FixedClock) -> None:
    host = a_host()
    show = a_show(host=host)
    linking.add_item(show, actor=host, now=NOON, sku=a_sku(on_hand=1))
    with pytest.raises(Forbidden):
        tick_all(show, checker=host)
    with pytest.raises(NotFound):
        tick_all(show, checker=an_actor())
    tick_all(show)
    with pytest.raises(GateIncomplete):
        going_live.start(show, actor=host, now=NOON + timedelta(hours=24))
    going_live.start(show, actor=host, now=NOON + timedelta(hours=23, minutes=59))
    assert status_of(show) is S.LIVE


def test_an_unticked_point_keeps_the_show_from_starting(ctx: Flask) -> None:
    host, operator = a_host(), an_operator()
    show = a_show(host=host)
    linking.add_item(show, actor=host, now=NOON, sku=a_sku(on_hand=1))
    tick_all(show, checker=operator)
    going_live.tick_checklist(show, actor=operator, now=NOON, marks={"host-trained": False})
    with pytest.raises(GateIncomplete) as refused:
        going_live.start(show, actor=host, now=NOON)
    assert [entry["pointer"] for entry in refused.value.errors] == ["/checklist/host-trained"]
    with pytest.raises(Invalid):
        going_live.tick_checklist(show, actor=operator, now=NOON, marks={"nonsense": True})


def test_what_is_put_on_the_shelf_after_the_check_is_named_and_checked_again(ctx: Flask) -> None:
    host, operator = a_host(), an_operator()
    show, first, late = a_show(host=host), a_sku(on_hand=1), a_sku(on_hand=1)
    item = linking.add_item(show, actor=host, now=NOON, sku=first)
    tick_all(show, checker=operator)
    linking.add_item(show, actor=host, now=NOON + MINUTE, sku=late)
    linking.remove_item(show, item, actor=host, now=NOON + MINUTE)
    linking.add_item(show, actor=host, now=NOON + MINUTE, sku=first)
    with pytest.raises(GateIncomplete) as refused:
        going_live.start(show, actor=host, now=NOON + 2 * MINUTE)
    assert [(e["pointer"], e["code"], e["detail"]) for e in refused.value.errors] == [
        ("/checklist/goods-checked", "not-confirmed", "goods-checked"),
        ("/items/1", "not-checked", late),
        ("/items/2", "not-checked", first),
    ]
    checked = {"goods-checked": True}
    going_live.tick_checklist(show, actor=operator, now=NOON + 2 * MINUTE, marks=checked)
    going_live.start(show, actor=host, now=NOON + 2 * MINUTE)


def test_a_show_starts_in_the_time_to_come(ctx: Flask) -> None:
    host, hour = a_host(), timedelta(hours=1)
    a_show(host=host, starts_at=NOON - hour)
    with pytest.raises(Invalid) as refused:
        a_show(host=host, starts_at=NOON - hour - MINUTE)
    assert refused.value.errors[0]["pointer"] == "/starts_at"
    show = a_show(host=host, status=S.DRAFT, starts_at=NOON + hour)

    def change(now: datetime, **words: Any) -> None:
        going_live.change_session(show, actor=host, now=now, changes=words, media_origins=())

    with pytest.raises(Invalid):
        change(NOON, starts_at=NOON - 2 * hour)
    late = NOON + 3 * hour
    change(late, starts_at=NOON + hour, title="same time, other words")
    put_in(show, S.SUBMITTED)
    with pytest.raises(IllegalMove):
        going_live.approve(show, actor=an_operator(), now=late)
    change(late, starts_at=late)
    going_live.approve(show, actor=an_operator(), now=late)
    for status in ON_AIR:
        put_in(show, status)
        change(late, starts_at=late, play_url=None)
        with pytest.raises(IllegalMove):
            change(late, starts_at=late + hour)


def test_what_is_set_aside_for_a_show_that_does_not_come_goes_back(ctx: Flask) -> None:
    host, day = a_host(), timedelta(days=1)
    soon, far = NOON + timedelta(hours=1), NOON + 400 * day
    sku = a_sku(on_hand=100)

    def keeping(status: S, starts_at: datetime, units: int) -> tuple[int, int]:
        show = a_show(host=host, status=status, starts_at=starts_at)
        return show, linking.add_item(show, actor=host, now=NOON, sku=sku, allotment=units)

    overdue = [keeping(status, soon, 5) for status in (S.DRAFT, S.REJECTED, S.SCHEDULED)]
    begun, item = keeping(S.SCHEDULED, soon, 20)
    waiting, planned = keeping(S.SUBMITTED, far, 10), keeping(S.SCHEDULED, far, 10)
    put_in(begun, S.LIVE)
    assert available([sku])[sku] == 45
    assert linking.return_stale_allotments(now=soon + day) == 0
    assert linking.return_stale_allotments(now=soon + day + MINUTE) == 3
    assert linking.return_stale_allotments(now=soon + day + MINUTE) == 0
    assert available([sku])[sku] == 60
    assert [rooms.item(*one).allotment for one in overdue] == [0, 0, 0]
    assert queries.history(overdue[2][0])[-1].to_status == "allotment-returned"
    assert linking.return_stale_allotments(now=NOON + 8 * day) == 1
    kept = [rooms.item(*one).remaining for one in ((begun, item), waiting, planned)]
    assert kept == [20, 0, 10]
    show, item = overdue[2]
    linking.change_item(show, item, actor=host, now=NOON + 2 * day, changes={"allotment": 30})
    assert available([sku])[sku] == 40


def test_an_appointed_checker_may_confirm_the_list(ctx: Flask) -> None:
    host, checker = a_host(), an_actor(phone="13700009999")
    show = a_show(host=host)
    with pytest.raises(NotFound):
        tick_all(show, checker=checker)
    going_live.appoint_checker(show, actor=an_operator(), now=NOON, phone="+8613700009999")
    tick_all(show, checker=checker)


def test_the_host_is_not_their_own_checker_or_reviewer(ctx: Flask) -> None:
    both = an_actor(roles=(Role.HOST, Role.OPERATOR), phone="13700008888")
    show = a_show(host=both, status=S.SUBMITTED)
    with pytest.raises(Forbidden):
        going_live.approve(show, actor=both, now=NOON)
    with pytest.raises(Forbidden):
        tick_all(show, checker=both)
    with pytest.raises(Forbidden):
        going_live.appoint_checker(show, actor=an_operator(), now=NOON, phone="+8613700008888")


def test_a_host_without_the_role_and_goods_off_sale_do_not_go_live(ctx: Flask) -> None:
    host = a_host()
    show = a_show(host=host)
    sku = a_sku(on_hand=3)
    linking.add_item(show, actor=host, now=NOON, sku=sku)
    tick_all(show)
    _take_role(host)
    _block_everything()
    with pytest.raises(GateIncomplete) as refused:
        going_live.start(show, actor=host, now=NOON)
    assert {e["code"] for e in refused.value.errors} == {"not-a-host", "not-on-sale"}


@transactional
def _take_role(host: Actor) -> None:
    assert host.user_id is not None
    seats.revoke(host.user_id, role=Role.HOST, now=NOON)


@transactional
def _block_everything() -> None:
    db.session.execute(update(Product).values(status=ProductStatus.BLOCKED))


def test_ending_takes_the_card_off_and_returns_what_is_unsold(ctx: Flask) -> None:
    host = a_host()
    show, (item,) = a_live_show(host=host, on_hand=50, allotment=30)
    sku = shelf.get(show, item).sku
    db.session.rollback()
    assert available([sku])[sku] == 20
    pinning.pin(show, item, actor=host, now=NOON)
    going_live.end(show, actor=host, now=NOON)
    assert available([sku])[sku] == 50
    assert shelf.open_pin(show) is None
    assert types_of(show)[-2:] == ["pin.clear", "room.status"]
    with pytest.raises(IllegalMove):
        linking.add_item(show, actor=host, now=NOON, sku=a_sku())


def _race_of_ends(race: Race, count: int) -> tuple[list[Any], int]:
    """What so many ends of one show gave, and what the shop has then of 50 units.

    Another room keeps 30 of them: so a second return would find something to take.
    """
    host = a_host()
    show, (item,) = a_live_show(host=host, on_hand=50, allotment=20)
    sku = rooms.item(show, item).sku
    linking.add_item(a_show(host=host), actor=host, now=NOON, sku=sku, allotment=30)
    results = race(count, lambda _: going_live.end(show, actor=host, now=NOON))
    return results, available([sku])[sku]


def test_two_ends_at_once_return_the_allotment_once(ctx: Flask, race: Race) -> None:
    results, left = _race_of_ends(race, 6)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, IllegalMove) for result in results) == 5
    assert left == 20
    assert_sound()


def read_then_close(session_id: int, *, now: datetime) -> list[tuple[int, str, int]]:
    """``sales.close_items`` as it is often written."""
    found = db.session.scalars(
        select(LiveItem)
        .where(LiveItem.session_id == session_id, LiveItem.closed_at.is_(None))
        .execution_options(populate_existing=True)
    ).all()
    a_moment()
    for item in found:
        item.closed_at = now
    db.session.flush()
    return [(item.id, item.sku, (item.allotment or 0) - item.sold) for item in found]


@on_postgresql
def test_naive_twin_returns_an_allotment_twice(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = unlocked(LiveSession)
    monkeypatch.setattr(service, "lock", lambda session_id, **_: read(session_id))
    monkeypatch.setattr(service, "changed", lambda statement: [db.session.execute(statement)])
    monkeypatch.setattr(sales, "close_items", read_then_close)
    assert_breaks(lambda: [_race_of_ends(race, 3)[1]], wrong=lambda left: left[0] != 20)


def test_two_workers_return_what_does_not_come_once(ctx: Flask, race: Race) -> None:
    host, sku = a_host(), a_sku(on_hand=50)
    linking.add_item(a_show(host=host), actor=host, now=NOON, sku=sku, allotment=20)
    linking.add_item(
        a_show(host=host, starts_at=NOON + timedelta(days=9)),
        actor=host, now=NOON, sku=sku, allotment=20,
    )  # fmt: skip
    later = NOON + timedelta(days=2)
    results = race(4, lambda _: linking.return_stale_allotments(now=later))
    assert sorted(results) == [0, 0, 0, 1]
    assert available([sku])[sku] == 30
    assert_sound()


def test_another_hosts_show_is_not_found(ctx: Flask) -> None:
    show = a_show(host=a_host(), status=S.DRAFT)
    stranger = a_host()
    for act in (going_live.submit, going_live.start, going_live.pause, going_live.end):
        with pytest.raises(NotFound):
            act(show, actor=stranger, now=NOON)
    with pytest.raises(NotFound):
        going_live.change_session(
            show, actor=stranger, now=NOON, changes={"title": "mine"}, media_origins=()
        )


def test_a_rejected_show_that_is_changed_is_a_draft_again(ctx: Flask) -> None:
    host = a_host()
    show = a_show(host=host, status=S.REJECTED)
    change = {"title": "better"}
    going_live.change_session(show, actor=host, now=NOON, changes=change, media_origins=())
    assert status_of(show) is S.DRAFT


def test_a_reviewed_title_stays_and_a_stale_change_is_refused(ctx: Flask) -> None:
    host = a_host()
    show = a_show(host=host)
    with pytest.raises(IllegalMove):
        going_live.change_session(
            show, actor=host, now=NOON, changes={"title": "other"}, media_origins=()
        )
    later = {"starts_at": NOON + timedelta(hours=3)}
    going_live.change_session(
        show, actor=host, now=NOON, changes=later, media_origins=(), expected_version=1
    )
    with pytest.raises(Stale):
        going_live.change_session(
            show, actor=host, now=NOON, changes=later, media_origins=(), expected_version=1
        )


def test_a_foreign_picture_address_is_refused(ctx: Flask) -> None:
    host = a_host()
    origins = ("https://cdn.example",)
    show = a_show(host=host, play_url="https://cdn.example/a/b.m3u8", media_origins=origins)
    with pytest.raises(UrlNotAllowed):
        going_live.change_session(
            show,
            actor=host,
            now=NOON,
            changes={"play_url": "https://elsewhere.example/a.m3u8"},
            media_origins=origins,
        )
