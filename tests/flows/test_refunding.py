"""Money back: counted on the lines, bounded by the database, sent once, told truthfully."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.domain.payments import service as payments
from shop.domain.payments.errors import AlreadyRefunded, RefundExceedsCaptured
from shop.domain.payments.gateways.base import GatewayDown, OutcomeUnknown, RefundOutcome
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.states import PaymentStatus, RefundCause, RefundStatus
from shop.flows import sending_back
from shop.kernel.errors import Invalid, NotFound
from tests.builders import a_cooperative, a_sku, an_actor, an_operator
from tests.conftest import NOON, FixedClock
from tests.fakes.doors import event_of
from tests.invariants import assert_sound
from tests.money import a_paid, a_payment, a_refund_event, pay, place, refund, told
from tests.seen import order_now, payment_now, refund_now, refunds_of, waiting
from tests.till import Till, opened

REFUNDS = "/v1/refunds"


@pytest.fixture
def till(tmp_path: Path, clock: FixedClock) -> Iterator[Till]:
    with opened(tmp_path, clock) as till:
        yield till


def paid_at(till: Till, order: Order, *, gateway: str = "stripe") -> Payment:
    """Paid at a provider that will be asked for the money back."""
    door = till.stripe if gateway == "stripe" else till.sandbox
    payment = till.start(order, gateway=gateway)
    door.pay(str(payment.provider_id))
    told(event_of(door, str(payment.provider_id)), source=gateway)
    return payment_now(payment.id)


def two_sellers() -> tuple[Order, str, str]:
    one, two = a_cooperative(), a_cooperative()
    first = a_sku(cooperative=one, on_hand=5, price_fen=1000)
    second = a_sku(cooperative=two, on_hand=5, price_fen=500)
    return a_paid({first: 3, second: 2}), first, second


def test_a_manager_gives_back_own_goods_and_own_freight_only(ctx: Flask) -> None:
    order, first, second = two_sellers()
    one = order.lines[0].cooperative_id
    manager = an_actor(seat=(Role.MANAGER, one))
    with pytest.raises(NotFound):
        refund(order, actor=manager, lines={second: 1})
    owed = refund(order, actor=manager)
    freight = order.parts[0].freight_fen
    assert (owed.amount_fen, owed.freight_fen) == (3000 + freight, freight)
    assert (owed.cooperative_id, owed.cause) == (one, RefundCause.GOODWILL)
    assert [line.refunded for line in order_now(order).lines] == [3, 0]
    with pytest.raises(RefundExceedsCaptured):
        refund(order, actor=manager, lines={first: 1})
    assert_sound()


@pytest.mark.parametrize("seat", [Role.CLERK, Role.KEEPER, None])
def test_nobody_but_a_manager_or_the_operator_gives_money_back(
    ctx: Flask, seat: Role | None
) -> None:
    order = a_paid({a_sku(on_hand=2): 1})
    about = {} if seat is None else {"seat": (seat, order.parts[0].cooperative_id)}
    with pytest.raises(NotFound):
        refund(order, actor=an_actor(**about))
    with pytest.raises(NotFound):
        refund(order, actor=an_actor(order.buyer_id))


def test_units_amounts_and_freight_add_up_to_what_was_paid_and_no_more(ctx: Flask) -> None:
    order, first, second = two_sellers()
    assert refund(order, lines={first: 1}).amount_fen == 1000
    assert refund(order, amount_fen=300).amount_fen == 300
    freight = order.parts[1].freight_fen
    assert refund(order, lines={second: 1}, freight=True).amount_fen == 500 + freight
    last = refund(order)
    assert sum(r.amount_fen for r in refunds_of(order)) == order.total_fen
    assert (last.freight_fen, last.cooperative_id) == (order.parts[0].freight_fen, None)
    with pytest.raises(AlreadyRefunded):
        refund(order)
    assert payment_now(last.payment_id).status is PaymentStatus.REFUND_DUE
    assert_sound()


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ({"amount_fen": 0}, Invalid),
        ({"amount_fen": -1}, Invalid),
        ({"amount_fen": 2**31}, RefundExceedsCaptured),
        ({"amount_fen": 2**63}, RefundExceedsCaptured),
        ({"units": 0}, Invalid),
        ({"units": -1}, Invalid),
        ({"units": 3}, RefundExceedsCaptured),
        ({"units": 2**63}, RefundExceedsCaptured),
        ({"lines": {"NO-SUCH": 1}}, NotFound),
    ],
)
def test_a_refund_of_nothing_of_less_or_of_more_is_refused(
    ctx: Flask, what: dict[str, Any], refusal: type[Exception]
) -> None:
    sku = a_sku(on_hand=2)
    order = a_paid({sku: 2})
    asked = {"lines": {sku: what["units"]}} if "units" in what else what
    with pytest.raises(refusal):
        refund(order, **asked)
    assert refunds_of(order) == []
    assert [line.refunded for line in order_now(order).lines] == [0]
    assert waiting("refund.send") == []


def test_an_unpaid_order_owes_nothing(ctx: Flask) -> None:
    with pytest.raises(RefundExceedsCaptured):
        refund(place({a_sku(on_hand=2): 1}))


def test_freight_belongs_to_the_cooperatives_that_are_named(ctx: Flask) -> None:
    skus = [a_sku(on_hand=2, cooperative=a_cooperative()) for _ in range(3)]
    order = a_paid(dict.fromkeys(skus, 1))
    with pytest.raises(Invalid):
        refund(order, lines={skus[0]: 1, skus[1]: 1}, freight=True)
    owed = refund(order, lines={skus[1]: 1}, freight=True)
    assert owed.freight_fen == order.parts[1].freight_fen
    assert [part.freight_refunded_fen for part in order_now(order).parts] == [0, 800, 0]
    assert_sound()


def test_asking_again_with_the_same_key_gives_the_same_refund(ctx: Flask) -> None:
    order, operator = a_paid({a_sku(on_hand=5): 4}), an_operator()
    first = refund(order, actor=operator, amount_fen=100, request_key="k")
    again = refund(order, actor=operator, amount_fen=100, request_key="k")
    assert (first.id, len(refunds_of(order))) == (again.id, 1)
    refund(order, amount_fen=100, request_key="k")
    assert len(refunds_of(order)) == 2


def test_an_order_is_refunded_only_when_all_of_it_has_really_gone_back(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=5): 2})
    payment = paid_at(till, order)
    refund(order, amount_fen=1000)
    till.send_all()
    assert order_now(order).status is OrderStatus.PAID
    assert payment_now(payment.id).status is PaymentStatus.CAPTURED
    till.stripe.fake.account.refunds_wait = True
    rest = refund(order)
    till.send_all()
    assert refund_now(rest.id).status is RefundStatus.PENDING
    assert order_now(order).status is OrderStatus.PAID
    till.stripe.fake.account.settle_refund(str(refund_now(rest.id).provider_id))
    told(event_of(till.stripe, str(refund_now(rest.id).provider_id)))
    assert order_now(order).status is OrderStatus.REFUNDED
    assert payment_now(payment.id).status is PaymentStatus.REFUNDED
    assert till.stripe.refunded_fen() == order.total_fen
    assert_sound()


def test_a_refund_that_fails_stays_owed_and_is_sent_again_by_a_person(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=5): 2})
    payment = paid_at(till, order)
    till.stripe.fake.account.refunds_wait = True
    owed = refund(order, amount_fen=1000)
    till.send_all()
    provider_id = str(refund_now(owed.id).provider_id)
    till.stripe.fake.account.settle_refund(provider_id, failure="account_closed")
    told(event_of(till.stripe, provider_id))
    failed = refund_now(owed.id)
    assert (failed.status, failed.failure_code) == (RefundStatus.FAILED, "account_closed")
    assert payment_now(payment.id).status is PaymentStatus.REFUND_DUE
    assert order_now(order).status is OrderStatus.PAID
    task = db.session.scalars(select(Task)).one()
    assert (task.kind, task.status) == (TaskKind.REFUND_DUE, TaskStatus.OPEN)
    till.stripe.fake.account.refunds_wait = False
    again = sending_back.send_again(actor=an_operator(), refund_id=owed.id, now=NOON)
    till.send_all()
    assert refund_now(again.id).status is RefundStatus.SUCCEEDED
    assert payment_now(payment.id).status is PaymentStatus.CAPTURED
    db.session.refresh(task)
    assert task.status is TaskStatus.DONE
    with pytest.raises(NotFound):
        sending_back.send_again(actor=an_operator(), refund_id=again.id, now=NOON)
    assert_sound()


def test_a_failed_refund_is_sent_again_only_once(ctx: Flask) -> None:
    owed = refund(a_paid({a_sku(on_hand=5): 2}), amount_fen=1000)
    told(a_refund_event(owed, RefundOutcome.FAILED))
    operator = an_operator()
    first = sending_back.send_again(actor=operator, refund_id=owed.id, now=NOON)
    second = sending_back.send_again(actor=operator, refund_id=owed.id, now=NOON)
    assert first.id == second.id
    with pytest.raises(NotFound):
        sending_back.send_again(actor=an_actor(), refund_id=owed.id, now=NOON)
    assert_sound()


def test_a_refund_whose_answer_was_lost_has_happened_once(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=5): 2})
    paid_at(till, order)
    owed = refund(order)
    till.stripe.fake.fail("drop_after", times=9, match=REFUNDS)
    with pytest.raises(OutcomeUnknown):
        till.send(owed.id)
    assert refund_now(owed.id).status is RefundStatus.DUE
    till.stripe.fake.well()
    till.send(owed.id)
    till.send(owed.id)
    assert refund_now(owed.id).status is RefundStatus.SUCCEEDED
    assert (len(till.stripe.fake.keys(REFUNDS)), till.stripe.refunded_fen()) == (
        1,
        order.total_fen,
    )
    assert len(till.stripe.fake.made("refund")) == 1
    assert_sound()


def test_a_refund_the_provider_refuses_is_failed_and_asked_about(ctx: Flask, till: Till) -> None:
    order = place({a_sku(on_hand=5): 2})
    pay(order, payment=a_payment(order, provider_id="pi_unknown"))
    owed = refund(order)
    till.send(owed.id)
    assert refund_now(owed.id).status is RefundStatus.FAILED
    assert db.session.scalars(select(Task.kind)).one() is TaskKind.REFUND_DUE


def test_a_refund_waits_until_the_providers_id_of_its_payment_is_known(
    ctx: Flask, till: Till
) -> None:
    order = place({a_sku(on_hand=5): 2})
    pay(order, payment=a_payment(order, provider_id=None))
    owed = refund(order)
    with pytest.raises(GatewayDown):
        till.send(owed.id)
    assert refund_now(owed.id).status is RefundStatus.DUE


@transactional
def owe_blindly(payment_id: int, amount_fen: int) -> Refund:
    """A refund past every check of the shop."""
    return payments.owe_refund(
        db.session.get_one(Payment, payment_id),
        amount_fen=amount_fen,
        freight_fen=0,
        cause=RefundCause.GOODWILL,
        reason="演示",
        dedupe_key=f"blind:{amount_fen}",
        cooperative_id=None,
        claim_id=None,
        lines={},
        asked_by=None,
        now=NOON,
    )


def test_the_database_itself_refuses_refunds_above_what_was_captured(ctx: Flask) -> None:
    order = place({a_sku(on_hand=5): 2})
    payment = pay(order)
    owe_blindly(payment.id, order.total_fen - 1)
    with pytest.raises(IntegrityError):
        owe_blindly(payment.id, 2)
    assert payment_now(payment.id).refunded_fen == order.total_fen - 1
