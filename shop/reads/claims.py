"""Claims with what they are about, as buyers and sellers see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from shop.db import db
from shop.domain.aftersales import queries
from shop.domain.aftersales.models import Claim, ClaimHistory
from shop.domain.aftersales.states import ClaimReason, ClaimStatus
from shop.domain.catalog.models import Picture
from shop.domain.logistics import queries as parcels
from shop.domain.orders.models import Order, OrderLine
from shop.domain.orders.states import PAID_STATES
from shop.domain.villages.models import Cooperative
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date, start_of_day
from shop.kernel.errors import NotFound
from shop.keyset import Keyset, keyset

RETURN_DAYS = 7
"""Counted from the day after signing (Consumer Law art. 25)."""


@dataclass(frozen=True, kw_only=True)
class ClaimedLine:
    """Units of an order line in a claim."""

    sku: str
    title: str
    variant: str
    quantity: int
    bought: int


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """A claim; ``value_fen`` is what its units cost and have not been refunded yet."""

    id: int
    order: str
    order_id: int
    cooperative: str
    cooperative_id: int
    cooperative_name: str
    status: ClaimStatus
    reason: ClaimReason
    note: str | None
    lines: tuple[ClaimedLine, ...]
    pictures: tuple[Picture, ...]
    value_fen: int
    amount_fen: int | None
    answer: str | None
    answered_at: datetime | None
    due_at: datetime
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Claimable:
    """What a buyer may still complain of in a line, and until when it may be returned unharmed.

    ``returnable`` is ``None`` for goods without the seven-day return; ``window_ends_at`` is the
    promised time for damage on arrival, which a claim of quality may pass.
    """

    line: OrderLine
    units: int
    returnable: bool | None
    return_ends_at: datetime | None
    window_ends_at: datetime | None


def of_order(number: str, actor: Actor) -> list[ClaimView]:
    """Claims about an order: the buyer's and the operator's view, or a seller's own."""
    order = db.session.scalar(select(Order).where(Order.number == number))
    if order is None:
        raise NotFound
    if order.buyer_id == actor.user_id or actor.is_operator:
        return views(queries.of_order(order.id))
    own = [part.cooperative_id for part in order.parts]
    own = [seller for seller in own if seller in actor.cooperatives()]
    if not own:
        raise NotFound
    return views(queries.of_order(order.id, cooperative_ids=own))


def of_buyer(buyer_id: int | None, *, after: Sequence[object] | None, limit: int) -> Keyset:
    """A buyer's claims, the newest first."""
    return _page(select(Claim).where(Claim.buyer_id == buyer_id), after=after, limit=limit)


def of_sellers(
    cooperative_ids: Sequence[int] | None,
    *,
    status: ClaimStatus | None,
    after: Sequence[object] | None,
    limit: int,
) -> Keyset:
    """Claims these cooperatives answer (``None``: everybody's), the newest first."""
    query = select(Claim)
    if cooperative_ids is not None:
        query = query.where(Claim.cooperative_id.in_(cooperative_ids))
    if status is not None:
        query = query.where(Claim.status == status)
    return _page(query, after=after, limit=limit)


def _page(query: Select[Claim], *, after: Sequence[object] | None, limit: int) -> Keyset:
    found = keyset(query, keys=[(Claim.id, "desc")], after=after, limit=limit)
    return Keyset(rows=list(views(found.rows)), next=found.next)


def view(claim_id: int) -> ClaimView:
    """One claim, whoever asks; the caller has checked that."""
    claim = db.session.get(Claim, claim_id, populate_existing=True)
    if claim is None:
        raise NotFound
    return views([claim])[0]


def history(claim_id: int) -> list[ClaimHistory]:
    """Every step of a claim."""
    return queries.history(claim_id)


def views(claims: Sequence[Claim]) -> list[ClaimView]:
    """Views of some claims in a constant number of queries."""
    orders = {
        order.id: order
        for order in db.session.scalars(
            select(Order).where(Order.id.in_({claim.order_id for claim in claims}))
        )
    }
    sellers = {
        seller.id: seller
        for seller in db.session.scalars(
            select(Cooperative).where(Cooperative.id.in_({c.cooperative_id for c in claims}))
        )
    }
    wanted = {picture_id for claim in claims for picture_id in claim.pictures}
    pictures = {
        picture.id: picture
        for picture in db.session.scalars(select(Picture).where(Picture.id.in_(wanted)))
    }
    return [
        _view(claim, orders[claim.order_id], sellers[claim.cooperative_id], pictures)
        for claim in claims
    ]


def _view(
    claim: Claim, order: Order, seller: Cooperative, pictures: dict[int, Picture]
) -> ClaimView:
    by_id = {line.id: line for line in order.lines}
    return ClaimView(
        id=claim.id,
        order=order.number,
        order_id=order.id,
        cooperative=seller.slug,
        cooperative_id=seller.id,
        cooperative_name=seller.name,
        status=claim.status,
        reason=claim.reason,
        note=claim.note,
        lines=tuple(_line(by_id[row.order_line_id], row.quantity) for row in claim.lines),
        pictures=tuple(pictures[i] for i in claim.pictures if i in pictures),
        value_fen=value_fen(order, claim),
        amount_fen=claim.amount_fen,
        answer=claim.answer,
        answered_at=claim.answered_at,
        due_at=claim.due_at,
        created_at=claim.created_at,
    )


def _line(line: OrderLine, quantity: int) -> ClaimedLine:
    return ClaimedLine(
        sku=line.sku,
        title=line.title,
        variant=line.snapshot["variant"],
        quantity=quantity,
        bought=line.quantity,
    )


def units_left(order: Order, claim: Claim) -> dict[int, int]:
    """Claimed units by order line, as far as they were not given back meanwhile."""
    left = {line.id: line.quantity - line.refunded for line in order.lines}
    return {row.order_line_id: min(row.quantity, left[row.order_line_id]) for row in claim.lines}


def value_fen(order: Order, claim: Claim) -> int:
    """What the claimed units cost, less what was given back for their lines already."""
    by_id = {line.id: line for line in order.lines}
    return sum(
        min(units * by_id[i].unit_price_fen, by_id[i].total_fen - by_id[i].refunded_fen)
        for i, units in units_left(order, claim).items()
    )


def return_ends_at(order: Order, cooperative_id: int) -> datetime | None:
    """When the seven-day return ends, in UTC; ``None`` until everything has been signed for."""
    arrived = _arrived_at(order, cooperative_id)
    if arrived is None:
        return None
    return start_of_day(local_date(arrived) + timedelta(days=RETURN_DAYS + 1))


def _arrived_at(order: Order, cooperative_id: int) -> datetime | None:
    sent = parcels.of_order(order.id, cooperative_ids=[cooperative_id])
    return parcels.clock_starts(sent) or order.delivered_at


def claimable_units(line: OrderLine, claimed: Mapping[int, int]) -> int:
    """Units of a line that are neither given back nor in a claim; ``claimed`` is by line id."""
    return line.quantity - max(line.cancelled, line.refunded) - claimed.get(line.id, 0)


def claimable(order: Order, *, now: datetime) -> list[Claimable]:
    """The lines of a paid order of which something may still be claimed."""
    if order.status not in PAID_STATES:
        return []
    claimed = queries.claimed_units(line.id for line in order.lines)
    found = []
    for line in order.lines:
        units = claimable_units(line, claimed)
        if units > 0:
            found.append(_claimable(order, line, units, now=now))
    return found


def _claimable(order: Order, line: OrderLine, units: int, *, now: datetime) -> Claimable:
    arrived = _arrived_at(order, line.cooperative_id)
    ends_at = return_ends_at(order, line.cooperative_id)
    seven_days = line.snapshot.get("after_sale") == "seven_days"
    hours = timedelta(hours=line.snapshot.get("claim_window_hours", 24))
    return Claimable(
        line=line,
        units=units,
        returnable=(ends_at is None or now < ends_at) if seven_days else None,
        return_ends_at=ends_at if seven_days else None,
        window_ends_at=arrived + hours if arrived else None,
    )
