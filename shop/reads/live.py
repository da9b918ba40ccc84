"""Rooms as their viewers, hosts and the operator see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.models import User
from shop.domain.catalog.cards import Card, cards
from shop.domain.inventory.queries import available
from shop.domain.live import queries, shelf
from shop.domain.live.models import LiveComment, LiveItem, LiveSession
from shop.domain.live.prices import in_room
from shop.domain.live.shapes import Item
from shop.domain.live.states import ItemStatus, SessionStatus
from shop.domain.orders.models import Order, OrderHistory, OrderLine
from shop.domain.orders.states import OrderStatus
from shop.domain.villages.queries import active
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.reads.room_lists import RoomCard, room_cards

COMMENTS = 30

View = Literal["viewer", "host", "operator"]


@dataclass(frozen=True, kw_only=True)
class Said:
    """A comment; ``user_id`` is for the host's mute button and never leaves as data."""

    id: int
    user_id: int
    name: str
    text: str
    at: datetime
    hidden: bool


@dataclass(frozen=True, kw_only=True)
class Room:
    """One room at one moment; ``view`` says for whose eyes."""

    card: RoomCard
    view: View
    play_url: str | None
    likes: int
    seq: int
    items: tuple[Item, ...]
    pinned_item_id: int | None
    comments: tuple[Said, ...]

    @property
    def pinned(self) -> Item | None:
        return next((item for item in self.items if item.id == self.pinned_item_id), None)


@dataclass(frozen=True, kw_only=True)
class Paid:
    """One payment for a show: its row in the orders' history, and the buyer's name."""

    id: int
    name: str


def room(session_id: int, *, actor: Actor | None = None) -> Room:
    """A room for this caller; one that is not public yet is found by its own people only."""
    session = queries.session(session_id)
    if session is None:
        raise NotFound
    view = view_of(session, actor)
    if view == "viewer" and not queries.is_public(session):
        raise NotFound
    open_to_all = session.status is not SessionStatus.BANNED or view != "viewer"
    pin = shelf.open_pin(session_id)
    return Room(
        card=room_cards([session])[0],
        view=view,
        play_url=session.play_url if open_to_all else None,
        likes=session.likes,
        seq=session.seq,
        items=tuple(items(session_id)) if open_to_all else (),
        pinned_item_id=pin.item_id if pin else None,
        comments=tuple(said(session_id, with_hidden=view != "viewer")) if open_to_all else (),
    )


def view_of(session: LiveSession, actor: Actor | None) -> View:
    """Through whose eyes this caller sees a session."""
    if actor is None or actor.user_id is None:
        return "viewer"
    if actor.is_host and session.host_id == actor.user_id:
        return "host"
    if actor.is_operator or session.checker_id == actor.user_id:
        return "operator"
    return "viewer"


def items(session_id: int) -> list[Item]:
    """The shelf of a room in order."""
    return _composed(shelf.on_shelf(session_id))


def item(session_id: int, item_id: int) -> Item:
    """One item of this room's shelf; any other is not found."""
    return _composed([shelf.get(session_id, item_id)])[0]


def item_cards(found: Sequence[Item]) -> dict[str, Card]:
    """SKU to its product's words and seller, for the items of a room."""
    return cards([one.sku for one in found])


def _composed(rows: Sequence[LiveItem]) -> list[Item]:
    skus = [row.sku for row in rows]
    words, left = cards(skus), available(skus)
    selling = active(row.cooperative_id for row in rows)
    return [_item(row, words[row.sku], left[row.sku], selling) for row in rows]


def _item(row: LiveItem, card: Card, left: int, selling: Collection[int]) -> Item:
    live_fen, is_on_sale = row.live_price_fen, card.on_sale and card.cooperative_id in selling
    if row.allotment is not None:
        left = row.allotment - row.held - row.sold
    return Item(
        id=row.id,
        session_id=row.session_id,
        seq_no=row.seq_no,
        sku=row.sku,
        cooperative_id=row.cooperative_id,
        product_slug=card.slug,
        title=card.title,
        name=card.name,
        unit=card.unit,
        weight_grams=card.weight_grams,
        cover=card.cover,
        status=row.status if is_on_sale and not row.closed_at else ItemStatus.OFF,
        is_on_sale=is_on_sale,
        live_price_fen=None if live_fen is None else in_room(live_fen, shop_fen=card.price_fen),
        price_fen=card.price_fen,
        strike_price_fen=card.strike_price_fen,
        allotment=row.allotment,
        held=row.held,
        sold=row.sold,
        remaining=max(left, 0),
        per_buyer_max=row.per_buyer_max,
        shown_stock=row.shown_stock,
    )


def last_paid_id(until: datetime | None = None) -> int:
    """The newest payment in the orders' history: where a show's ticker begins."""
    query = select(OrderHistory.id).where(OrderHistory.to_status == OrderStatus.PAID)
    if until is not None:
        query = query.where(OrderHistory.at <= until)
    return db.session.scalar(query.order_by(OrderHistory.id.desc()).limit(1)) or 0


def paid_since(session_id: int, *, after: int, until: datetime) -> list[Paid]:
    """Orders of a show that were paid up to ``until``, in the order of their payment."""
    of_show = select(OrderLine.order_id).where(OrderLine.live_session_id == session_id)
    rows = db.session.execute(
        select(OrderHistory.id, User.name)
        .join(Order, Order.id == OrderHistory.order_id)
        .join(User, User.id == Order.buyer_id)
        .where(
            OrderHistory.id > after,
            OrderHistory.at <= until,
            OrderHistory.to_status == OrderStatus.PAID,
            OrderHistory.order_id.in_(of_show),
        )
        .order_by(OrderHistory.id)
        .limit(500)
    )
    return [Paid(id=paid_id, name=name) for paid_id, name in rows]


def said(session_id: int, *, with_hidden: bool = False, limit: int = COMMENTS) -> list[Said]:
    """The newest comments, oldest first."""
    return [
        _said(row) for row in queries.comments(session_id, limit=limit, with_hidden=with_hidden)
    ]


def _said(row: LiveComment) -> Said:
    return Said(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        text=row.text,
        at=row.at,
        hidden=row.hidden_at is not None,
    )
