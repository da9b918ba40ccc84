"""Statements and boards are the ledger's own sums, to the fen: recomputed here by plain SQL."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.payments.gateways.base import RefundOutcome
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.flows import completing
from shop.reads import board, statements
from tests.builders import (
    a_cooperative,
    a_farmer,
    a_manager,
    a_sku,
    a_token,
    a_user,
    a_village,
    an_actor,
)
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.money import (
    a_completed,
    a_deal,
    a_lot,
    a_paid,
    a_refund_event,
    complete,
    deliver,
    place,
    refund,
    refunded,
    told,
)
from tests.naive import on_sqlite
from tests.pages.goods_reader import Reader
from tests.seen import order_now

MARCH, APRIL = "2026-03", "2026-04"
LAST_OF_MARCH = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
"""One second to midnight in Shanghai."""
FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


def ask(client: FlaskClient, path: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = client.get(f"/api/v1/{path}", headers=headers)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def summed(sql: str, **names: object) -> dict[Any, int]:
    found = {row[0]: int(row[1]) for row in db.session.execute(text(sql), names)}
    db.session.rollback()
    return found


def booked(village: Village, period: str) -> dict[str, int]:
    """What each kind of party has of a village's month."""
    return summed(
        "SELECT party_kind, -sum(amount_fen) FROM ledger_entry "
        "WHERE village_id = :village AND period = :period GROUP BY party_kind",
        village=village.id,
        period=period,
    )


def assert_board(client: FlaskClient, village: Village, period: str) -> Any:
    """The board's page for programs says what the ledger says, and its lines add up."""
    shown = ask(client, f"board/{village.slug}?period={period}")
    own = booked(village, period)
    came = {
        kind: shown[f"{name}_fen"]
        for kind, name in {
            "platform": "platform_fee",
            "host": "host_commission",
            "village": "village",
            "freight": "freight",
        }.items()
    }
    assert came == {kind: own.get(kind, 0) for kind in came}
    growers = own.get("farmer", 0), own.get("cooperative", 0)
    if shown["growers_merged"]:
        assert (shown["farmers_fen"], shown["cooperative_fen"]) == (None, sum(growers))
    else:
        assert (shown["farmers_fen"], shown["cooperative_fen"]) == growers
    assert shown["gmv_fen"] - shown["refunds_fen"] == -own.get("clearing", 0)
    assert shown["net_fen"] == sum(growers) + own.get("village", 0)
    assert shown["net_fen"] == (
        shown["gmv_fen"] - shown["refunds_fen"] - sum(came.values()) + came["village"]
    )
    return shown


def assert_statement(client: FlaskClient, home: Cooperative, period: str) -> Any:
    """Totals are the ledger's by party; each line balances; lines add up to the totals."""
    token = a_token(a_user(seat=(Role.MANAGER, home.id)))
    shown = ask(client, f"settlements?cooperative={home.slug}&period={period}", token)
    own = summed(
        "SELECT party_kind || ':' || coalesce(CASE WHEN party_kind = 'farmer' THEN party_id END, "
        "0), -sum(amount_fen) FROM ledger_entry WHERE cooperative_id = :home AND period = :period "
        "AND party_kind <> 'clearing' GROUP BY 1",
        home=home.id,
        period=period,
    )
    assert by_party(shown["totals"]) == own
    assert by_party(share for line in shown["lines"] for share in line["shares"]) == own
    for line in shown["lines"]:
        assert line["gross_fen"] == sum(share["amount_fen"] for share in line["shares"])
    return shown


def by_party(shares: Iterable[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for share in shares:
        key = f"{share['kind']}:{share['farmer_id'] or 0}"
        found[key] = found.get(key, 0) + share["amount_fen"]
    return found


def units(shown: Any) -> dict[str, int]:
    return {line["lot"]: line["quantity"] for line in shown["lines"]}


class Home:
    """A cooperative of one village with a SKU at ¥9.99 whose lots name their growers."""

    def __init__(self) -> None:
        self.village = a_village()
        self.place = a_cooperative(village=self.village)
        self.sku = a_sku(cooperative=self.place, price_fen=999)

    def lot(self, quantity: int, *growers: Farmer, sku: str | None = None) -> str:
        shares = [(grower, 1000 + 333 * n) for n, grower in enumerate(growers)]
        return a_lot(sku or self.sku, quantity, growers=shares).code

    def farmers(self, count: int) -> list[Farmer]:
        return [a_farmer(self.place, name="张伟") for _ in range(count)]


@pytest.fixture
def home(ctx: Flask) -> Home:
    return Home()


def test_statement_and_board_are_the_ledgers_sums_whatever_went_back(
    client: FlaskClient, home: Home
) -> None:
    one, two, three = home.farmers(3)
    home.lot(7, one, two)
    home.lot(9, three, one)
    whole, part = a_completed({home.sku: 3}), a_completed({home.sku: 9})
    refunded(part, lines={home.sku: 2})
    refunded(part, amount_fen=501)
    refunded(whole)
    assert_board(client, home.village, MARCH)
    shown = assert_statement(client, home.place, MARCH)
    assert shown["orders"] == 2
    assert sum(line["quantity"] for line in shown["lines"]) == 7
    assert ask(client, f"board/{home.village.slug}?period={MARCH}")["orders"] == 2
    assert_sound()


def test_two_farmers_of_one_name_are_two_shares_with_their_numbers(
    ctx: Flask, client: FlaskClient, home: Home
) -> None:
    one, two = home.farmers(2)
    home.lot(5, one, two)
    a_completed({home.sku: 5})
    shown = assert_statement(client, home.place, MARCH)
    found = {x["farmer_id"]: x["party"] for x in shown["totals"] if x["kind"] == "farmer"}
    assert found == {one.id: "张伟", two.id: "张伟"}
    manager = Reader(ctx, a_manager(home.place))
    page = manager.get("/coop/statements?lang=en")
    for farmer in (one, two):
        assert f"No. {farmer.id}" in page
        assert f"No. {farmer.id}" in manager.get(f"/coop/farmers/{home.place.slug}")


def test_units_of_a_statement_are_those_that_stayed_sold(client: FlaskClient, home: Home) -> None:
    """Refunds name units of a line; each lot keeps its part of what is left, never below zero."""
    first, second = home.lot(2, *home.farmers(1)), home.lot(2, *home.farmers(1))
    order = a_completed({home.sku: 4})
    seen = [units(assert_statement(client, home.place, MARCH))]
    for _ in range(3):
        last = refunded(order, lines={home.sku: 1})
        seen.append(units(assert_statement(client, home.place, MARCH)))
    assert [sum(lots.values()) for lots in seen] == [4, 3, 2, 1]
    assert all(0 <= lots[code] <= 2 for lots in seen for code in (first, second))
    told(a_refund_event(last, RefundOutcome.FAILED))
    assert sum(units(assert_statement(client, home.place, MARCH)).values()) == 2
    refunded(order, amount_fen=100)
    assert sum(units(assert_statement(client, home.place, MARCH)).values()) == 2


def test_units_given_back_before_completion_were_never_sold(
    client: FlaskClient, home: Home
) -> None:
    lot = home.lot(9, *home.farmers(1))
    order = a_paid({home.sku: 5})
    refund(order, lines={home.sku: 1})
    deliver(order)
    refund(order, lines={home.sku: 1})
    buyer = an_actor(order.buyer_id)
    completing.confirm_receipt(actor=buyer, number=order.number, now=NOON)
    assert units(assert_statement(client, home.place, MARCH)) == {lot: 3}


def test_a_month_ends_at_midnight_in_shanghai_and_a_later_refund_is_of_its_own_month(
    client: FlaskClient, home: Home
) -> None:
    lot = home.lot(9, *home.farmers(1))
    orders = [a_paid({home.sku: 2}, now=NOON) for _ in range(2)]
    for order, moment in zip(orders, (LAST_OF_MARCH, FIRST_OF_APRIL), strict=True):
        complete(order_now(order), now=moment)
    assert [
        b["orders"] for b in (assert_board(client, home.village, m) for m in (MARCH, APRIL))
    ] == [1, 1]
    march = assert_statement(client, home.place, MARCH)
    assert (march["lines"][0]["order"], units(march)) == (orders[0].number, {lot: 2})
    refunded(orders[0], lines={home.sku: 1}, now=FIRST_OF_APRIL)
    assert assert_statement(client, home.place, MARCH) == march
    april = {x["order"]: x for x in assert_statement(client, home.place, APRIL)["lines"]}
    assert [april[order.number]["quantity"] for order in orders] == [-1, 2]
    assert april[orders[0].number]["gross_fen"] == -999
    assert assert_board(client, home.village, APRIL)["refunds_fen"] == 999
    assert assert_board(client, home.village, MARCH)["refunds_fen"] == 0


@transactional
def consent(farmers: Iterable[Farmer], at: datetime | None) -> None:
    db.session.execute(
        update(Farmer).where(Farmer.id.in_([x.id for x in farmers])).values(consented_at=at)
    )


def test_fewer_than_five_growers_are_merged_unless_each_has_consented(
    client: FlaskClient, home: Home
) -> None:
    few = home.farmers(4)
    home.lot(4, *few)
    a_completed({home.sku: 4})
    assert assert_board(client, home.village, MARCH)["growers_merged"] is True
    consent(few[:3], NOON)
    assert assert_board(client, home.village, MARCH)["growers_merged"] is True
    consent(few, NOON)
    assert assert_board(client, home.village, MARCH)["growers_merged"] is False
    consent(few[:1], None)
    assert assert_board(client, home.village, MARCH)["growers_merged"] is True
    (fifth,) = home.farmers(1)
    other = a_sku(cooperative=home.place, price_fen=500)
    home.lot(5, fifth, sku=other)
    last = a_completed({other: 5})
    assert assert_board(client, home.village, MARCH)["growers_merged"] is False
    refunded(last)
    assert assert_board(client, home.village, MARCH)["growers_merged"] is True


def test_a_village_has_the_share_of_its_own_growers_and_the_host_is_named(
    client: FlaskClient, home: Home
) -> None:
    deal = a_deal(live_price_fen=3000, allotment=9)
    order = complete(a_paid([deal]))
    seller = db.session.get_one(Cooperative, order.lines[0].cooperative_id)
    village = db.session.get_one(Village, seller.village_id)
    shown = assert_statement(client, seller, MARCH)
    hosts = [x for x in shown["totals"] if x["kind"] == "host"]
    assert [(x["party"], x["amount_fen"]) for x in hosts] == [("演示用户", 300)]
    assert assert_board(client, village, MARCH)["host_commission_fen"] == 300
    nothing = assert_board(client, home.village, MARCH)
    assert (nothing["orders"], nothing["gmv_fen"], nothing["published_at"]) == (0, 0, None)


@on_sqlite
def test_what_is_not_completed_is_in_no_month(client: FlaskClient, home: Home) -> None:
    home.lot(9, *home.farmers(1))
    place({home.sku: 1})
    deliver(a_paid({home.sku: 1}))
    assert assert_board(client, home.village, MARCH)["orders"] == 0
    assert assert_statement(client, home.place, MARCH)["lines"] == []
    assert board.periods(home.village.id) == statements.periods(home.place.id) == []


@on_sqlite
def test_a_statement_is_seen_by_its_managers_and_the_operator(
    client: FlaskClient, home: Home
) -> None:
    path = f"/api/v1/settlements?cooperative={home.place.slug}"
    seats = {
        200: [(Role.MANAGER, home.place.id)],
        404: [(Role.MANAGER, a_cooperative().id)],
        403: [(Role.KEEPER, home.place.id), None],
    }
    for status, holders in seats.items():
        for seat in holders:
            headers = {"Authorization": f"Bearer {a_token(a_user(seat=seat))}"}
            assert client.get(path, headers=headers).status_code == status
    token = a_token(a_user(roles=(Role.OPERATOR,)))
    assert ask(client, path.removeprefix("/api/v1/"), token)["lines"] == []
    assert client.get(path).status_code == 401
    for bad in ("2026-13", "2026-3", "202603", "0000-01"):
        assert client.get(f"/api/v1/board/{home.village.slug}?period={bad}").status_code == 400
    assert client.get("/api/v1/board/no-such-village").status_code == 404
