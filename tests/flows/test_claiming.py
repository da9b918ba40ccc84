"""Claims: what may be complained of, who answers, and what goes back."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.aftersales import queries as claims
from shop.domain.aftersales import service as aftersales
from shop.domain.aftersales.models import Claim
from shop.domain.aftersales.states import ClaimReason, ClaimStatus
from shop.domain.catalog.models import Picture
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskStatus
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.notices.models import Message
from shop.domain.orders import queries as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order
from shop.domain.payments.models import Refund
from shop.domain.villages.models import Cooperative
from shop.domain.villages.states import PlaceStatus
from shop.flows import claiming, completing, shipping, tracking
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, Invalid, NotFound
from tests.builders import a_category, a_cooperative, a_manager, a_sku, an_actor, an_operator
from tests.conftest import NOON, Race
from tests.paid_orders import a_paid_order, an_order

PRICE = 3680


class Bought:
    """A delivered order of three units and everybody who has to do with it."""

    def __init__(self, *, fresh: bool = False, delivered: bool = True, units: int = 3) -> None:
        self.home = a_cooperative()
        rule = {"policy": "perishable" if fresh else "seven_days", "claim_window_hours": 24}
        self.sku = a_sku(
            cooperative=self.home,
            on_hand=9,
            price_fen=PRICE,
            category=a_category(perishable=fresh),
            after_sale=rule,
        )
        self.buyer = an_actor()
        self.clerk = a_manager(self.home, role=Role.CLERK)
        order = a_paid_order({self.sku: units}, buyer=self.buyer)
        self.number, self.order_id = order.number, order.id
        if delivered:
            self.deliver()

    def deliver(self) -> None:
        keeper = a_manager(self.home)
        shipment_id = shipping.hand_over(
            actor=keeper,
            number=self.number,
            carrier="顺丰",
            waybill_no=f"SF{self.order_id:010d}1",
            lines=None,
            now=NOON,
        )
        tracking.record_event(
            actor=keeper,
            number=self.number,
            shipment_id=shipment_id,
            status=ShipmentStatus.DELIVERED,
            note=None,
            occurred_at=None,
            now=NOON,
        )

    def claim(self, units: int = 1, reason: str = "damaged", **other: object) -> int:
        given: dict[str, object] = {
            "actor": self.buyer,
            "lines": [(self.sku, units)],
            "note": None,
            "pictures": [],
            "now": NOON,
            **other,
        }
        return claiming.open_claim(
            number=self.number,
            reason=ClaimReason(reason),
            **given,  # type: ignore[arg-type]
        )

    def answer(self, claim_id: int, decision: str, **other: object) -> None:
        given: dict[str, object] = {
            "actor": self.clerk,
            "amount_fen": None,
            "reason": "已核实",
            "now": NOON,
            **other,
        }
        claiming.answer_claim(claim_id=claim_id, decision=decision, **given)  # type: ignore[arg-type]

    def refunds(self) -> list[Refund]:
        db.session.rollback()
        db.session.expire_all()
        found = select(Refund).where(Refund.order_id == self.order_id).order_by(Refund.id)
        return list(db.session.scalars(found))


def the_claim(claim_id: int) -> Claim:
    db.session.rollback()
    found = claims.claim(claim_id, cooperative_ids=None)
    assert found is not None
    db.session.refresh(found)
    return found


@transactional
def a_picture(owner: Actor) -> int:
    picture = Picture(
        name=f"{owner.user_id:032x}",
        owner_id=owner.user_id,
        width=8,
        height=8,
        bytes=1,
        created_at=NOON,
    )
    db.session.add(picture)
    db.session.flush()
    return picture.id


def test_a_granted_claim_gives_the_price_of_its_units_back(ctx: Flask) -> None:
    bought = Bought(fresh=True)
    made = bought.claim(2, "rotten", pictures=[a_picture(bought.buyer)], note="烂了两袋")
    claim = the_claim(made)
    assert (claim.status, claim.due_at) == (ClaimStatus.OPEN, NOON + timedelta(hours=24))
    bought.answer(made, "approve")
    (refund,) = bought.refunds()
    assert (refund.amount_fen, refund.claim_id, refund.cooperative_id) == (
        2 * PRICE,
        made,
        bought.home.id,
    )
    assert [(line.quantity, line.amount_fen) for line in refund.lines] == [(2, 2 * PRICE)]
    assert the_claim(made).amount_fen == 2 * PRICE
    told = db.session.scalars(select(Message).where(Message.template == "claim-answered")).one()
    assert told.variables == {"number": bought.number, "answer": "已核实"}
    steps = [(row.from_status, row.to_status) for row in claims.history(made)]
    assert steps == [(None, "open"), ("open", "approved")]


def test_a_claim_granted_in_part_gives_money_and_no_units(ctx: Flask) -> None:
    bought = Bought()
    made = bought.claim(2, "short_weight")
    for amount in (None, 0, 2 * PRICE + 1):
        with pytest.raises(Invalid) as refused:
            bought.answer(made, "partial", amount_fen=amount)
        assert refused.value.errors[0]["pointer"] == "/amount_fen"
    with pytest.raises(Invalid):
        bought.answer(made, "approve", amount_fen=5)
    bought.answer(made, "partial", amount_fen=1000)
    (refund,) = bought.refunds()
    assert [(line.quantity, line.amount_fen) for line in refund.lines] == [(0, 1000)]


def test_a_refused_claim_costs_nothing_and_the_platform_may_overturn_it(ctx: Flask) -> None:
    bought = Bought()
    made = bought.claim()
    bought.answer(made, "refuse", reason="照片与订单不符")
    assert bought.refunds() == []
    with pytest.raises(IllegalMove):
        bought.answer(made, "approve")
    bought.answer(made, "approve", actor=an_operator().wearing("operator"))
    assert the_claim(made).status is ClaimStatus.APPROVED
    assert [refund.amount_fen for refund in bought.refunds()] == [PRICE]
    with pytest.raises(IllegalMove):
        bought.answer(made, "partial", amount_fen=1, actor=an_operator().wearing("operator"))


def test_only_the_sellers_clerks_and_the_operator_answer(ctx: Flask) -> None:
    bought = Bought()
    made = bought.claim()
    keeper = a_manager(bought.home, role=Role.KEEPER)
    for stranger in (bought.buyer, keeper, a_manager(a_cooperative())):
        with pytest.raises(NotFound):
            bought.answer(made, "approve", actor=stranger)
    bought.answer(made, "approve", actor=a_manager(bought.home))


def test_a_suspended_cooperative_still_ships_and_answers(ctx: Flask) -> None:
    """FAULTS 22: open orders are driven to their end."""
    bought = Bought(delivered=False)

    @transactional
    def suspend() -> None:
        db.session.get_one(Cooperative, bought.home.id).status = PlaceStatus.SUSPENDED

    suspend()
    bought.deliver()
    made = bought.claim()
    bought.answer(made, "approve")
    assert len(bought.refunds()) == 1


def test_no_unit_is_claimed_twice(ctx: Flask) -> None:
    bought = Bought()
    made = bought.claim(2)
    with pytest.raises(Invalid) as refused:
        bought.claim(2)
    assert refused.value.errors[0]["pointer"] == "/lines/0/quantity"
    bought.claim(1, "not_arrived")
    bought.answer(made, "refuse")
    bought.claim(2, "other")
    assert len(claims.of_order(bought.order_id)) == 3


def test_two_claims_of_all_units_at_once_are_one(ctx: Flask, race: Race) -> None:
    bought = Bought()
    results = race(4, lambda _: bought.claim(3))
    assert sorted(type(result).__name__ for result in results) == ["Invalid"] * 3 + ["int"]


def test_a_claim_names_goods_of_one_seller_in_the_buyers_own_order(ctx: Flask) -> None:
    bought = Bought()
    other = a_sku(cooperative=a_cooperative(), on_hand=3)
    mixed = a_paid_order({bought.sku: 1, other: 1}, buyer=bought.buyer)
    bought.number = mixed.number
    with pytest.raises(Invalid) as refused:
        bought.claim(lines=[(bought.sku, 1), (other, 1)])
    assert refused.value.errors[0] == {
        "pointer": "/lines/1/sku",
        "code": "other-seller",
        "detail": "claim from one cooperative at a time",
    }
    for lines in ([], [("NO-SUCH", 1)], [(other, 1), (other, 1)]):
        with pytest.raises(Invalid):
            bought.claim(lines=lines)
    with pytest.raises(NotFound):
        bought.claim(actor=an_actor())
    with pytest.raises(NotFound):
        bought.claim(pictures=[a_picture(an_actor())])


def test_an_unpaid_order_has_nothing_to_claim(ctx: Flask) -> None:
    bought = Bought()
    bought.number = an_order({bought.sku: 1}, buyer=bought.buyer).number
    with pytest.raises(OrderStateConflict):
        bought.claim()


def test_a_change_of_mind_is_for_goods_that_keep_and_for_seven_days(ctx: Flask) -> None:
    """Consumer Law art. 25: the days run from the day after signing, in Asia/Shanghai."""
    fresh = Bought(fresh=True)
    with pytest.raises(Invalid) as refused:
        fresh.claim(1, "changed_mind")
    assert refused.value.errors[0]["code"] == "not-returnable"
    dried = Bought()
    last_moment = NOON.replace(hour=15, minute=59) + timedelta(days=7)
    dried.claim(1, "changed_mind", now=last_moment)
    with pytest.raises(Invalid) as refused:
        dried.claim(1, "changed_mind", now=last_moment + timedelta(minutes=1))
    assert refused.value.errors[0]["code"] == "too-late"
    dried.claim(1, "rotten", now=last_moment + timedelta(days=30))


def test_two_answers_at_once_have_one_winner(ctx: Flask, race: Race) -> None:
    bought = Bought()
    for turn in range(3):
        made = bought.claim(1)
        decisions = ["approve", "refuse", "approve"]
        results = race(3, lambda i: bought.answer(made, decisions[i]))  # noqa: B023
        assert sorted(type(result).__name__ for result in results) == [
            "IllegalMove",
            "IllegalMove",
            "NoneType",
        ]
        if the_claim(made).status is ClaimStatus.REFUSED:
            bought.answer(made, "approve", actor=an_operator())
        assert len(bought.refunds()) == turn + 1


def test_by_looking_first_two_answers_would_both_be_given(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive twin: the status is read, and written without asking it again."""
    bought = Bought()
    made = bought.claim(1)
    bought.answer(made, "refuse")

    def as_it_was(claim_id: int) -> Claim:
        claim = aftersales.db.session.get_one(Claim, claim_id)
        db.session.refresh(claim)
        claim.status = ClaimStatus.OPEN
        return claim

    monkeypatch.setattr(aftersales, "locked", as_it_was)
    bought.answer(made, "approve")
    assert the_claim(made).status is ClaimStatus.APPROVED
    assert len(bought.refunds()) == 1


def test_a_claim_after_completion_still_gives_money_back(ctx: Flask) -> None:
    bought = Bought()
    completing.confirm_receipt(actor=bought.buyer, number=bought.number, now=NOON)
    made = bought.claim(1, "rotten")
    bought.answer(made, "approve")
    assert [refund.amount_fen for refund in bought.refunds()] == [PRICE]


def test_an_overdue_answer_becomes_a_task_until_it_is_given(ctx: Flask) -> None:
    bought = Bought()
    made = bought.claim()
    assert claiming.chase_answers(NOON + timedelta(hours=23)) == 0
    late = NOON + timedelta(hours=25)
    assert claiming.chase_answers(late) == 1
    assert claiming.chase_answers(late) == 0
    db.session.rollback()
    task = db.session.scalars(select(Task)).one()
    assert (task.ref, task.cooperative_id) == (f"claim:{made}", bought.home.id)
    bought.answer(made, "refuse")
    db.session.rollback()
    db.session.refresh(task)
    assert task.status is TaskStatus.DONE


def test_the_order_itself_is_not_moved_by_a_claim(ctx: Flask) -> None:
    bought = Bought()
    made = bought.claim(1)
    bought.answer(made, "approve")
    order: Order = orders.by_number(bought.number)
    assert order.status == "delivered"
    assert [(line.refunded, line.refunded_fen) for line in order.lines] == [(1, PRICE)]
