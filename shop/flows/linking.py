"""A room's shelf: SKUs put on it, priced, given an allotment, moved, and taken off again."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shop.db import db, transactional
from shop.domain.catalog import queries as catalog
from shop.domain.catalog.cards import Card, cards
from shop.domain.inventory import service as inventory
from shop.domain.live import service, shelf
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.shapes import Item, for_viewers
from shop.domain.live.states import ON_AIR, EventType, ItemStatus
from shop.domain.villages import queries as places
from shop.flows.relabelling import floor_fen
from shop.flows.show_rules import CHANGEABLE, own
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.errors import IllegalMove, Invalid
from shop.reads import live as rooms
from shop.reads.live_items import sku_of

log = logging.getLogger(__name__)


class FixedAllotment(IllegalMove):
    """The counters an item sells from do not change while buyers use them."""


@transactional
def add_item(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    sku: str,
    live_price_fen: int | None = None,
    allotment: int | None = None,
    per_buyer_max: int | None = None,
    expected_version: int | None = None,
) -> int:
    """Put a SKU at the end of the shelf and give the item's id.

    An allotment leaves the shop's shelf in the same transaction. Raises ``OutOfStock``,
    ``AlreadyLinked``, ``IllegalMove`` once the show is over, ``Invalid`` for a price below the
    cooperative's floor or a product that is not on sale.
    """
    catalog.hold_prices(sku)
    session = _room(session_id, actor, expected_version)
    card = _sellable(sku)
    _check_price(live_price_fen, card, actor)
    item = shelf.link(
        session_id,
        sku=sku,
        cooperative_id=card.cooperative_id,
        live_price_fen=live_price_fen,
        allotment=allotment,
        per_buyer_max=per_buyer_max,
        now=now,
    )
    inventory.allot(sku, allotment or 0, live_item_id=item.id, actor_id=actor.user_id, now=now)
    _tell(session, item.id, now=now)
    return item.id


@transactional
def change_item(
    session_id: int,
    item_id: int,
    *,
    actor: Actor,
    now: datetime,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> None:
    """Change ``live_price_fen``, ``allotment``, ``per_buyer_max`` or ``status`` of an item.

    Only named fields change. Raises ``OutOfStock``, ``Invalid``, ``FixedAllotment``.
    """
    if "live_price_fen" in changes:
        catalog.hold_prices(sku_of(item_id) or "")
    session = _room(session_id, actor, expected_version)
    item = shelf.get(session_id, item_id)
    if "live_price_fen" in changes:
        _check_price(changes["live_price_fen"], cards([item.sku])[item.sku], actor)
        item.live_price_fen = changes["live_price_fen"]
    if "per_buyer_max" in changes:
        item.per_buyer_max = changes["per_buyer_max"]
    if "status" in changes:
        item.status = ItemStatus(changes["status"])
    db.session.flush()
    if "allotment" in changes:
        _resize(session, item, changes["allotment"], actor=actor, now=now)
    if item.status is ItemStatus.OFF:
        _take_card_off(session, item.id, now=now)
    _tell(session, item.id, now=now)


@transactional
def remove_item(
    session_id: int,
    item_id: int,
    *,
    actor: Actor,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """Take an item off the shelf; its unsold units return to the shop and the gap closes."""
    session = _room(session_id, actor, expected_version)
    item = shelf.get(session_id, item_id)
    _take_card_off(session, item.id, now=now)
    last = rooms.item(session_id, item_id)
    unsold = shelf.take_off(item, now=now)
    inventory.return_allotment(
        last.sku, unsold, live_item_id=item_id, actor_id=actor.user_id, now=now
    )
    gone = for_viewers(last) | {"status": str(ItemStatus.OFF), "stock": "sold_out", "seq_no": None}
    service.announce(session.id, EventType.ITEM_UPDATE, gone, now=now)
    for item_left in rooms.items(session_id):
        if item_left.seq_no >= last.seq_no:
            service.announce(session.id, EventType.ITEM_UPDATE, for_viewers(item_left), now=now)


@transactional
def reorder(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    item_ids: Sequence[int],
    expected_version: int | None = None,
) -> None:
    """Number the shelf in the given order, which names every item once."""
    session = _room(session_id, actor, expected_version)
    before = {item.id: item.seq_no for item in rooms.items(session_id)}
    shelf.put_in_order(session_id, item_ids)
    for item in rooms.items(session_id):
        if before[item.id] != item.seq_no:
            service.announce(session.id, EventType.ITEM_UPDATE, for_viewers(item), now=now)


def return_stale_allotments(*, now: datetime) -> int:
    """Give the shop back what shows that do not come keep, show by show; one stops no other."""
    done = 0
    for session_id in list(shelf.stale_allotments(now)):
        try:
            done += _return_allotments(session_id, now=now)
        except Exception:
            log.exception("could not return the allotments of show %s", session_id)
    return done


@transactional
def _return_allotments(session_id: int, *, now: datetime) -> int:
    """The items stay with nothing set aside; their host may set units aside again."""
    session = service.lock(session_id)
    items = shelf.stale_allotments(now).get(session_id, [])
    for item in items:
        units = item.allotment or 0
        shelf.resize(item, 0)
        inventory.return_allotment(item.sku, units, live_item_id=item.id, actor_id=None, now=now)
        words = f"{item.sku} × {units}"
        service.log(session_id, "allotment-returned", actor=SYSTEM, now=now, reason=words)
        _tell(session, item.id, now=now)
    session.version += bool(items)
    return len(items)


def _room(session_id: int, actor: Actor, expected_version: int | None) -> LiveSession:
    """Inside a transaction: the host's own session, locked, to have its shelf changed."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    if session.status not in CHANGEABLE:
        raise IllegalMove("this show is over", current=str(session.status))
    session.version += 1
    return session


def _sellable(sku: str) -> Card:
    card = cards([sku]).get(sku)
    if card is None or not card.on_sale:
        raise Invalid.at("/sku", "no such item is on sale", code="not-on-sale")
    if card.cooperative_id not in places.active([card.cooperative_id]):
        raise Invalid.at("/sku", "its cooperative is suspended", code="not-on-sale")
    return card


def _check_price(live_fen: int | None, card: Card, actor: Actor) -> None:
    """Between the cooperative's floor and the shop's price."""
    if live_fen is None:
        return
    if live_fen > card.price_fen:
        raise Invalid.at("/live_price_fen", "above the price in the shop", code="above-price")
    if live_fen < floor_fen(card, actor):
        raise Invalid.at("/live_price_fen", "below the cooperative's floor", code="below-floor")


def _resize(
    session: LiveSession, item: LiveItem, wanted: int | None, *, actor: Actor, now: datetime
) -> None:
    """Move the difference between the room and the shop's shelf."""
    before = item.allotment
    if wanted == before:
        return
    if before is None and session.status in ON_AIR:
        raise FixedAllotment("this item sells from the shop's shelf until the show ends")
    sold = item.sold
    if not shelf.resize(item, wanted):
        raise FixedAllotment("more units are sold or held already", sold=item.sold, held=item.held)
    delta = (sold if wanted is None else wanted) - (sold if before is None else before)
    move = inventory.allot if delta > 0 else inventory.return_allotment
    move(item.sku, abs(delta), live_item_id=item.id, actor_id=actor.user_id, now=now)


def _take_card_off(session: LiveSession, item_id: int, *, now: datetime) -> None:
    pinned = shelf.open_pin(session.id)
    if pinned is not None and pinned.item_id == item_id:
        shelf.unpin(session.id, now=now)
        service.announce(session.id, EventType.PIN_CLEAR, {}, now=now)


def _tell(session: LiveSession, item_id: int, *, now: datetime) -> Item:
    """Show viewers the item as it is now."""
    item = rooms.item(session.id, item_id)
    shelf.show_stock(item_id, str(item.stock))
    service.announce(session.id, EventType.ITEM_UPDATE, for_viewers(item), now=now)
    return item
