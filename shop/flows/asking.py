"""Asking carriers about parcels: seldom enough that Kuaidi100 locks no number."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from shop.db import db, insert_into, transactional
from shop.domain.accounts import phones
from shop.domain.logistics import carriers, queries
from shop.domain.logistics.carriers import Carrier, UnknownCarrier
from shop.domain.logistics.couriers.base import CourierDown, CourierPush
from shop.domain.logistics.couriers.kuaidi100_query import EVERY, PhoneNeeded, QueryRefused
from shop.domain.logistics.models import Shipment
from shop.domain.orders.models import Order
from shop.domain.outbox.models import OutboxMessage
from shop.domain.outbox.states import OutboxStatus
from shop.flows.tracking import hear_answer

ASK_FOR = timedelta(days=60)
AT_ONCE = 20
KIND = "courier.ask"

log = logging.getLogger(__name__)


class Query(Protocol):
    """Who answers about one parcel."""

    def ask(
        self,
        carrier: Carrier,
        *,
        waybill_no: str,
        phone: str | None,
        last_asked_at: datetime | None,
        now: datetime,
    ) -> CourierPush:
        """All that is known of the parcel."""
        ...


@dataclass(frozen=True, kw_only=True)
class Question:
    """One parcel in plain values; ``phone`` is the receiver's, which SF and ZTO want."""

    shipment_id: int
    carrier: str
    waybill_no: str
    phone: str


def ask_carriers(query: Query, *, now: datetime) -> int:
    """Ask about up to 20 parcels under way, each at most once in 30 minutes; gives the answers.

    Stops at the first silence, since the next question would only wait as long.
    """
    answered = 0
    for shipment_id in _due(now):
        question = _turn(shipment_id, now=now)
        if question is None:
            continue
        try:
            answered += _ask(query, question, now=now)
        except CourierDown as error:
            log.warning("no answer about parcels: %s", error)
            break
    return answered


def _due(now: datetime) -> list[int]:
    """Parcels not asked about within the half hour; those heard of longest ago first."""
    under_way = [parcel.id for parcel in queries.under_way(created_after=now - ASK_FOR)]
    recently = set(
        db.session.scalars(
            select(OutboxMessage.dedupe_key).where(
                OutboxMessage.kind == KIND, OutboxMessage.done_at > now - EVERY
            )
        )
    )
    db.session.rollback()
    return [i for i in under_way if _key(i) not in recently][:AT_ONCE]


@transactional
def _turn(shipment_id: int, *, now: datetime) -> Question | None:
    """Write down that we ask now, before asking; ``None`` when another worker just did."""
    fresh = insert_into(OutboxMessage).values(
        kind=KIND,
        dedupe_key=_key(shipment_id),
        payload={"shipment_id": shipment_id},
        status=OutboxStatus.DONE,
        attempts=1,
        due_at=now,
        created_at=now,
        done_at=now,
    )
    ours = db.session.scalar(
        fresh.on_conflict_do_update(
            index_elements=[OutboxMessage.dedupe_key],
            set_={"done_at": now, "attempts": OutboxMessage.attempts + 1},
            where=OutboxMessage.done_at <= now - EVERY,
        ).returning(OutboxMessage.id)
    )
    parcel = db.session.get(Shipment, shipment_id)
    if ours is None or parcel is None:
        return None
    order = db.session.get_one(Order, parcel.order_id)
    return Question(
        shipment_id=parcel.id,
        carrier=parcel.carrier,
        waybill_no=parcel.waybill_no,
        phone=phones.national(order.ship_phone),
    )


def _ask(query: Query, question: Question, *, now: datetime) -> bool:
    try:
        answer = query.ask(
            carriers.find(question.carrier),
            waybill_no=question.waybill_no,
            phone=question.phone,
            last_asked_at=None,
            now=now,
        )
    except (UnknownCarrier, PhoneNeeded, QueryRefused) as error:
        log.info("parcel %s: %s", question.shipment_id, error)
        return False
    if answer.events:
        hear_answer(question.shipment_id, answer, now=now)
    return bool(answer.events)


def _key(shipment_id: int) -> str:
    return f"{KIND}:{shipment_id}"
