"""The demo county: what it promises when it is loaded, a month later, and after what people do."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shop import jobs
from shop.db import db
from shop.demo import load, people, renewal, shows
from shop.demo.county import COOPERATIVES
from shop.domain.catalog.models import ProductRevision, Variant
from shop.domain.compliance.models import Task
from shop.domain.inventory.models import Intake
from shop.domain.inventory.queries import available
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.states import ON_AIR, SessionStatus
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.models import Payment, Refund
from shop.domain.settlement.models import BoardSheet
from shop.domain.settlement.states import SheetStatus
from shop.flows import cataloguing, delivering, going_live, linking
from shop.flows.people import suspend_user
from shop.reads.audit import violations
from shop.reads.board import board
from tests import invariants
from tests.conftest import FixedClock

MONTH = "2026-03"
MARKED = ("/", "/products", "/live", "/villages", "/halls", "/board/beiyangjiazhuang")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the loading, and no test here looks at a picture."""
    monkeypatch.setattr("shop.demo.pictures.NAMES", ())


def drain(clock: FixedClock) -> None:
    """What a worker does with everything that waits to go out."""
    quiet = {kind: lambda _payload, _key: None for kind in ("sms", "sandbox.deliver")}
    while delivering.drain({**jobs.HANDLERS, **quiet}, now=clock.now):
        pass


def sound(clock: FixedClock) -> None:
    drain(clock)
    assert violations(clock.now) == []
    invariants.assert_sound()


def session_ids(*which: object) -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(LiveSession.id).where(*which)))  # type: ignore[arg-type]


def on_air() -> list[int]:
    return session_ids(LiveSession.status.in_(ON_AIR))


def coming(clock: FixedClock) -> list[int]:
    return session_ids(
        LiveSession.status == SessionStatus.SCHEDULED, LiveSession.starts_at > clock.now
    )


def has_orders_in_every_state() -> None:
    [ended] = session_ids(LiveSession.status == SessionStatus.ENDED)
    of_show = select(OrderLine.order_id).where(OrderLine.live_session_id == ended)
    found = set(db.session.scalars(select(Order.status).where(Order.id.in_(of_show))))
    assert found == set(OrderStatus) - {OrderStatus.PENDING_PAYMENT}
    newest = db.session.scalars(select(Order).order_by(Order.id.desc())).first()
    assert newest is not None
    assert newest.status is OrderStatus.PENDING_PAYMENT
    whole = db.session.scalars(select(Order).where(Order.status == OrderStatus.REFUNDED)).one()
    given = db.session.scalar(
        select(func.sum(Refund.amount_fen)).where(Refund.order_id == whole.id)
    )
    paid = db.session.scalars(select(Payment).where(Payment.order_id == whole.id)).one()
    assert whole.freight_fen > 0
    assert given == paid.amount_fen == whole.total_fen


def shows_both_sides_of_the_privacy_line() -> None:
    six, one = board("beiyangjiazhuang", MONTH), board("wanglong", MONTH)
    assert six.farmers_fen
    assert not six.growers_merged
    assert one.farmers_fen is None
    assert one.growers_merged
    assert one.net_fen == one.cooperative_fen + one.village_fen
    for shown in (six, one):
        assert shown.net_fen > 0


def bears_the_mark_everywhere(client: FlaskClient) -> None:
    names = [cooperative.name for cooperative in COOPERATIVES]
    names += [*people.NAMES.values(), shows.ON_AIR_TITLE, shows.PAST_TITLE, shows.COMING_TITLE]
    assert all("演示" in name for name in names)
    for path in (*MARKED, f"/live/{on_air()[0]}"):
        page = client.get(path).get_data(as_text=True)
        cards = page.count('class="tile ') + page.count('class="item')
        assert page.count("demo-mark") >= max(cards, 1), path


def has_something_to_do() -> None:
    for table in (Task, Intake, ProductRevision):
        assert db.session.scalar(select(func.count()).select_from(table)), table
    sheets = set(db.session.scalars(select(BoardSheet.status)))
    assert sheets == {SheetStatus.PUBLISHED, SheetStatus.DRAFT}


def shelf_is_full() -> None:
    skus = list(db.session.scalars(select(Variant.sku)))
    assert all(left >= renewal.LOW_STOCK for left in available(skus).values())


def test_the_county_shows_what_it_promises_and_does_not_rot(
    ctx: Flask, client: FlaskClient, clock: FixedClock
) -> None:
    assert load.load_if_empty()
    assert not load.load_if_empty()
    has_orders_in_every_state()
    shows_both_sides_of_the_privacy_line()
    has_something_to_do()
    bears_the_mark_everywhere(client)
    sound(clock)
    assert (len(on_air()), len(coming(clock))) == (1, 1)

    before = on_air()
    assert renewal.top_up() == []
    assert on_air() == before
    clock.tick(days=30)
    for name in ("expire-orders", "complete-orders", "write-off-expired"):
        jobs.JOBS[name].run()
    assert coming(clock) == []
    assert renewal.top_up() == []
    assert (len(on_air()), len(coming(clock))) == (1, 1)
    assert on_air() != before
    shelf_is_full()
    assert db.session.scalar(select(func.count()).where(Order.status == OrderStatus.PAID)) == 1
    jobs.JOBS["watch"].run()
    sound(clock)

    sells_what_is_left_when_goods_are_taken_off(clock)
    fills_what_was_sold_out(clock)
    says_plainly_what_cannot_be_renewed(clock)
    sound(clock)


def sells_what_is_left_when_goods_are_taken_off(clock: FixedClock) -> None:
    """One click of a manager, and the room of the day has ended."""
    take_off("dried-shiitake", people.MANAGER, clock)
    end_all(clock)
    assert renewal.top_up() == []
    [room] = on_air()
    skus = set(db.session.scalars(select(LiveItem.sku).where(LiveItem.session_id == room)))
    assert skus == {item.sku for item in shows.ON_AIR_ITEMS} - {"MG-XG-500"}


def fills_what_was_sold_out(clock: FixedClock) -> None:
    item = db.session.scalars(
        select(LiveItem).where(LiveItem.session_id == on_air()[0], LiveItem.sku == "MG-ME-250")
    ).one()
    host = people.actor(people.HOST, "host")
    linking.change_item(
        item.session_id, item.id, actor=host, now=clock.now, changes={"allotment": 2}
    )
    assert renewal.top_up() == []
    db.session.rollback()
    assert db.session.get_one(LiveItem, item.id, populate_existing=True).allotment == 40


def says_plainly_what_cannot_be_renewed(clock: FixedClock) -> None:
    """Nothing of the show is on sale, then the host is no host any more: no start stops on it."""
    for cooperative in COOPERATIVES:
        for product in cooperative.products:
            if product.slug != "dried-shiitake":
                take_off(product.slug, cooperative.manager_phone, clock)
    end_all(clock)
    drafts = len(session_ids())
    for _start in range(3):
        [told] = renewal.top_up()
        assert told.startswith("no demo room is on air: ")
    assert len(session_ids()) == drafts + 1
    assert on_air() == []
    operator, host = people.actor(people.OPERATOR, "operator"), people.actor(people.HOST, "host")
    suspend_user(actor=operator, user_id=host.user_id or 0)
    clock.tick(days=2)
    told = renewal.top_up()[:2]
    for words, said in zip(
        ("no demo room is on air", "no demo show is coming up"), told, strict=True
    ):
        assert said == f"{words}: {people.HOST} may not sign in any more"


def take_off(slug: str, manager: str, clock: FixedClock) -> None:
    cataloguing.take_off_sale(actor=people.actor(manager, "manager"), now=clock.now, slug=slug)


def end_all(clock: FixedClock) -> None:
    for room in on_air():
        going_live.end(room, actor=people.actor(people.HOST, "host"), now=clock.now)
