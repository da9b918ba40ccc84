"""Reports move a parcel forward, in whatever order they arrive."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.domain.logistics.states import (
    Concern,
    ShipmentStatus,
    advance,
    concern,
    next_status,
    starts_clock,
    waits_for_collection,
)

S = ShipmentStatus
T0 = datetime(2026, 9, 1, 8, tzinfo=UTC)
Report = tuple[ShipmentStatus | None, int]


def after(reports: list[Report] | tuple[Report, ...]) -> ShipmentStatus | None:
    status: ShipmentStatus | None = S.LABEL_CREATED
    at: datetime | None = T0
    for reported, hours in reports:
        status, at = advance(status, at, reported, T0 + timedelta(hours=hours))
    return status


def test_the_words_are_those_that_clients_read() -> None:
    assert {str(status) for status in S} == {
        "label_created", "picked_up", "in_transit", "out_for_delivery", "ready_for_pickup",
        "delivered", "exception", "returned", "void", "returning", "forwarded", "customs",
        "refused",
    }  # fmt: skip


@pytest.mark.parametrize("reported", [s for s in S if s not in (S.RETURNING, S.RETURNED)])
def test_delivered_is_left_only_for_the_way_back(reported: ShipmentStatus) -> None:
    assert next_status(S.DELIVERED, reported) is S.DELIVERED
    assert after([(S.DELIVERED, 1), (reported, 2)]) is S.DELIVERED


@pytest.mark.parametrize("reported", [S.RETURNING, S.RETURNED])
def test_a_delivered_parcel_may_go_back(reported: ShipmentStatus) -> None:
    assert next_status(S.DELIVERED, reported) is reported
    assert after([(S.DELIVERED, 1), (reported, 2)]) is reported


def test_an_unknown_code_changes_nothing() -> None:
    assert next_status(S.PICKED_UP, None) is S.PICKED_UP
    assert after([(S.PICKED_UP, 1), (None, 2)]) is S.PICKED_UP
    assert next_status(None, S.PICKED_UP) is S.PICKED_UP


def test_delivered_before_picked_up_stays_delivered() -> None:
    assert after([(S.DELIVERED, 9), (S.PICKED_UP, 1)]) is S.DELIVERED
    assert after([(S.IN_TRANSIT, 10), (S.DELIVERED, 9)]) is S.DELIVERED


def test_an_older_report_does_not_move_a_parcel_back() -> None:
    assert after([(S.OUT_FOR_DELIVERY, 5), (S.IN_TRANSIT, 4)]) is S.OUT_FOR_DELIVERY
    assert after([(S.EXCEPTION, 5), (S.IN_TRANSIT, 6)]) is S.IN_TRANSIT


def test_a_parcel_back_at_its_sender_stays_there() -> None:
    assert after([(S.RETURNED, 5), (S.DELIVERED, 6), (S.IN_TRANSIT, 7)]) is S.RETURNED


def test_a_return_that_was_called_off_ends_delivered() -> None:
    assert after([(S.RETURNING, 5), (S.DELIVERED, 6)]) is S.DELIVERED


def test_every_order_of_a_whole_journey_ends_alike() -> None:
    journey: list[Report] = [
        (S.PICKED_UP, 1), (S.IN_TRANSIT, 2), (S.OUT_FOR_DELIVERY, 3), (S.DELIVERED, 4),
        (S.IN_TRANSIT, 5), (S.RETURNING, 6),
    ]  # fmt: skip
    assert {after(order) for order in permutations(journey)} == {S.RETURNING}


reports = st.lists(st.tuples(st.sampled_from([*S, None]), st.integers(0, 5)), max_size=7)


@settings(deadline=None)
@given(reports, st.randoms(use_true_random=False))
def test_disorder_and_duplicates_are_harmless(told: list[Report], chance: Random) -> None:
    shuffled = told + told
    chance.shuffle(shuffled)
    assert after(shuffled) is after(told)


@settings(deadline=None)
@given(reports, reports)
def test_once_delivered_only_the_way_back_can_follow(
    before: list[Report], later: list[Report]
) -> None:
    assert after([*before, (S.DELIVERED, 3), *later]) in (S.DELIVERED, S.RETURNING, S.RETURNED)


@pytest.mark.parametrize("code", ["3", "301", "302", "303"])
def test_the_clock_starts_when_somebody_signs(code: str) -> None:
    assert starts_clock(S.DELIVERED, code)
    assert not waits_for_collection(code)


@pytest.mark.parametrize(("status", "code"), [(S.READY_FOR_PICKUP, "501"), (S.DELIVERED, "304")])
def test_a_locker_starts_no_clock_until_collected(status: ShipmentStatus, code: str) -> None:
    assert not starts_clock(status, code)
    assert waits_for_collection(code)


def test_a_delivery_written_by_hand_starts_the_clock() -> None:
    assert starts_clock(S.DELIVERED, None)
    assert not starts_clock(S.OUT_FOR_DELIVERY, None)
    assert not starts_clock(None, "999")


def test_some_sub_codes_concern_people() -> None:
    expected = {
        "205": Concern.LEFT_AT_PICKUP, "202": Concern.STALLED, "208": Concern.STALLED,
        "209": Concern.DAMAGED, "3": None, None: None,
    }  # fmt: skip
    assert {code: concern(code) for code in expected} == expected
