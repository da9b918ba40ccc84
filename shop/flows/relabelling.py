"""Goods change while they stand in rooms: floors hold at once, and viewers see the new words."""

from collections.abc import Collection
from datetime import datetime

from shop.db import db
from shop.domain.accounts import queries as accounts
from shop.domain.catalog.cards import Card, cards
from shop.domain.live import queries, service, shelf
from shop.domain.live.models import LiveSession
from shop.domain.live.shapes import for_viewers
from shop.domain.live.states import ON_AIR, EventType, SessionStatus
from shop.flows.show_rules import CHANGEABLE
from shop.kernel.actor import SYSTEM, Actor
from shop.reads import live as rooms


def floor_fen(card: Card, host: Actor) -> int:
    """The least live price: the cooperative's floor, else the shop's price.

    Below a missing floor only the cooperative's own manager may go.
    """
    if card.live_floor_fen is not None:
        return card.live_floor_fen
    manages = card.cooperative_id in host.cooperatives("manager")
    return 1 if manages else card.price_fen


def relabel(skus: Collection[str], *, now: datetime) -> None:
    """Inside a transaction that changed these goods: bring the rooms that hold them up to date.

    A live price below the new floor is lifted, not the floor refused: it is the cooperative's word,
    which no host's draft may keep waiting.
    """
    db.session.flush()
    words = cards(list(skus))
    for session_id in queries.rooms_with(skus, statuses=CHANGEABLE):
        session = service.lock(session_id)
        if session.status not in CHANGEABLE:
            continue
        _lift(session, words)
        if session.status in {SessionStatus.SCHEDULED, *ON_AIR}:
            for item in rooms.items(session_id):
                if item.sku in words:
                    service.announce(session_id, EventType.ITEM_UPDATE, for_viewers(item), now=now)


def _lift(session: LiveSession, words: dict[str, Card]) -> None:
    person = accounts.person(session.host_id)
    host = person.actor if person else SYSTEM
    for item in shelf.on_shelf(session.id):
        if item.sku not in words or item.live_price_fen is None:
            continue
        floor = floor_fen(words[item.sku], host)
        if item.live_price_fen < floor:
            item.live_price_fen = floor
            session.version += 1
    db.session.flush()
