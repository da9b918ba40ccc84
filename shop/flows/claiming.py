"""Claims: what a buyer may complain of, and how the seller or the platform makes it good."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shop.db import db, transactional
from shop.domain.aftersales import queries as claims
from shop.domain.aftersales import service as aftersales
from shop.domain.aftersales.models import Claim
from shop.domain.aftersales.states import ClaimReason, ClaimStatus
from shop.domain.catalog import queries as catalogue
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.orders import queries as order_queries
from shop.domain.orders import service as orders
from shop.domain.orders.errors import OrderStateConflict
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import PAID_STATES
from shop.domain.payments.states import RefundCause
from shop.flows import owing, withdrawing
from shop.flows.telling import tell
from shop.kernel.actor import Actor
from shop.kernel.errors import IllegalMove, Invalid, NotFound
from shop.reads.claims import claimable_units, return_ends_at, units_left, value_fen

SEAT = "clerk"
ANSWER_WITHIN = timedelta(hours=24)
LOOK_WITHIN = timedelta(hours=4)
NOT_NOW = "there is nothing to complain about in an order that is not paid"
MAX_PICTURES = 9
DECISIONS = {
    "approve": ClaimStatus.APPROVED,
    "partial": ClaimStatus.PARTIAL,
    "refuse": ClaimStatus.REFUSED,
}


@transactional
def open_claim(
    *,
    actor: Actor,
    number: str,
    lines: Sequence[tuple[str, int]],
    reason: ClaimReason,
    note: str | None,
    pictures: Sequence[int],
    now: datetime,
) -> int:
    """A buyer complains about units of one cooperative in an order; gives the claim's id.

    Faults of quality may always be claimed; a change of mind only for goods with the seven-day
    return, until the seventh day after delivery has ended. Raises ``NotFound``, ``Invalid`` and
    ``OrderStateConflict``.
    """
    order = orders.locked(order_queries.of_buyer(number, actor.user_id).id)
    if order.status not in PAID_STATES:
        raise OrderStateConflict(NOT_NOW, status=str(order.status))
    wanted = _wanted(order, lines)
    if reason is ClaimReason.CHANGED_MIND:
        _check_return(order, wanted, now=now)
    _check_pictures(pictures, actor)
    claim = aftersales.open_claim(
        order_id=order.id,
        buyer_id=order.buyer_id,
        cooperative_id=wanted[0][0].cooperative_id,
        reason=reason,
        lines={line.id: units for line, units in wanted},
        note=note or None,
        pictures=pictures,
        due_at=now + ANSWER_WITHIN,
        actor=actor.wearing("buyer"),
        now=now,
    )
    return claim.id


def _wanted(order: Order, lines: Sequence[tuple[str, int]]) -> list[tuple[OrderLine, int]]:
    """Lines with units that are bought, not given back and in no other claim."""
    if not lines:
        raise Invalid.at("/lines", "name what the claim is about", code="required")
    bought = {line.sku: line for line in order.lines}
    claimed = claims.claimed_units(line.id for line in order.lines)
    wanted: dict[str, tuple[OrderLine, int]] = {}
    for place, (sku, units) in enumerate(lines):
        line = bought.get(sku)
        if line is None:
            raise Invalid.at(f"/lines/{place}/sku", "not in this order", code="not-in-order")
        if sku in wanted:
            raise Invalid.at(f"/lines/{place}/sku", "named twice", code="duplicate")
        if units > claimable_units(line, claimed):
            raise Invalid.at(
                f"/lines/{place}/quantity", "more units than can be claimed", code="too-many"
            )
        wanted[sku] = (line, units)
        if line.cooperative_id != bought[lines[0][0]].cooperative_id:
            raise Invalid.at(
                f"/lines/{place}/sku", "claim from one cooperative at a time", code="other-seller"
            )
    return list(wanted.values())


def _check_return(order: Order, wanted: list[tuple[OrderLine, int]], *, now: datetime) -> None:
    if any(line.snapshot.get("after_sale") != "seven_days" for line, _ in wanted):
        raise Invalid.at(
            "/reason", "fresh goods cannot be returned without a fault", code="not-returnable"
        )
    ends_at = return_ends_at(order, wanted[0][0].cooperative_id)
    if ends_at is not None and now >= ends_at:
        raise Invalid.at("/reason", "the seven days for returns are over", code="too-late")


def _check_pictures(ids: Sequence[int], actor: Actor) -> None:
    """Pictures the buyer brought; another's is not found."""
    if len(ids) > MAX_PICTURES:
        raise Invalid.at("/pictures", "at most 9 pictures", code="too-many")
    found = catalogue.pictures(ids)
    if any(i not in found or found[i].owner_id != actor.user_id for i in ids):
        raise NotFound


@transactional
def answer_claim(
    *,
    actor: Actor,
    claim_id: int,
    decision: str,
    amount_fen: int | None,
    reason: str,
    now: datetime,
) -> None:
    """Approve a claim whole, in part (``amount_fen``) or refuse it; a refund is owed at once.

    ``decision`` is ``approve``, ``partial`` or ``refuse``. A clerk of the cooperative answers an
    open claim once; the operator may also overturn a refusal. Raises ``NotFound``, ``Invalid``,
    ``IllegalMove``, ``RefundExceedsCaptured`` and ``AlreadyRefunded``.
    """
    found = claims.claim(claim_id, cooperative_ids=reach(actor))
    if found is None:
        raise NotFound
    order = orders.locked(found.order_id)
    claim = aftersales.locked(claim_id)
    if claim.status is not ClaimStatus.OPEN and not actor.is_operator:
        raise IllegalMove("the claim is answered", current=str(claim.status))
    status = DECISIONS[decision]
    granted = _granted(order, claim, status, amount_fen)
    aftersales.answer(claim, status, amount_fen=granted, reason=reason, actor=actor, now=now)
    if granted is not None:
        _give_back(order, claim, granted, actor=actor, now=now)
    tasks.close_task(f"claim:{claim.id}", actor=actor, note=None, now=now)
    _tell_buyer(order, claim, now=now)


def reach(actor: Actor) -> tuple[int, ...] | None:
    """Cooperatives whose claims the actor answers; ``None``: everybody's."""
    return None if actor.is_operator else actor.cooperatives(SEAT)


def _granted(order: Order, claim: Claim, status: ClaimStatus, amount_fen: int | None) -> int | None:
    """The fen to give back; ``None`` for a refusal."""
    value = value_fen(order, claim)
    if status is ClaimStatus.PARTIAL:
        if amount_fen is None:
            raise Invalid.at("/amount_fen", "say how much is given back", code="required")
        if not 0 < amount_fen <= value:
            raise Invalid.at(
                "/amount_fen", "between one fen and the price of the goods", code="out-of-range"
            )
        return amount_fen
    granted = value if status is ClaimStatus.APPROVED else None
    if amount_fen not in {None, granted}:
        raise Invalid.at("/amount_fen", "an amount belongs to a partial answer", code="unexpected")
    return granted


def _give_back(order: Order, claim: Claim, granted: int, *, actor: Actor, now: datetime) -> None:
    """Owe the refund: whole units when all is granted, money alone in part."""
    whole = claim.status is ClaimStatus.APPROVED
    units = units_left(order, claim)
    owing.owe(
        order,
        lines=units if whole else dict.fromkeys(units, 0),
        amount_fen=None if whole else granted,
        cause=RefundCause.CLAIM,
        reason=str(claim.reason),
        cooperative_id=claim.cooperative_id,
        claim_id=claim.id,
        actor=actor,
        dedupe_key=f"claim:{claim.id}",
        now=now,
    )
    withdrawing.units_given_back(order, actor=actor, now=now)


def _tell_buyer(order: Order, claim: Claim, *, now: datetime) -> None:
    tell(
        user_id=order.buyer_id,
        phone=None,
        template="claim-answered",
        variables={"number": order.number, "answer": claim.answer or ""},
        dedupe_key=f"claim-answered:{claim.id}:{claim.status}",
        now=now,
    )


def chase_answers(now: datetime) -> int:
    """Open a task for every claim whose answer is overdue; gives how many are new."""
    return sum(_ask_for(claim.id, now=now) for claim in claims.overdue(now))


@transactional
def _ask_for(claim_id: int, *, now: datetime) -> bool:
    claim = aftersales.locked(claim_id)
    if claim.status is not ClaimStatus.OPEN:
        return False
    order = db.session.get_one(Order, claim.order_id)
    opened = tasks.open_task(
        TaskKind.CLAIM,
        dedupe_key=f"claim:{claim.id}",
        ref=f"claim:{claim.id}",
        summary=order.number,
        cooperative_id=claim.cooperative_id,
        due_at=now + LOOK_WITHIN,
        now=now,
    )
    return opened is not None
