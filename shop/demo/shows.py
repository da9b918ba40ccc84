"""The demo county's live sessions: one on air, one coming up, one that is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop.db import db
from shop.demo import people as cast
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.states import CHECKLIST, ON_AIR
from shop.flows import going_live, linking, pinning


@dataclass(frozen=True, kw_only=True)
class DemoItem:
    """What a room offers; prices in fen."""

    sku: str
    live_price_fen: int | None = None
    allotment: int | None = None
    per_buyer_max: int | None = None


ON_AIR_ITEMS = (
    DemoItem(sku="MG-XG-500", live_price_fen=3680, allotment=80, per_buyer_max=5),
    DemoItem(sku="MG-ME-250", live_price_fen=2880, allotment=40),
    DemoItem(sku="MG-PG-2500"),
    DemoItem(sku="ZL-XM-2500", live_price_fen=3480, allotment=30),
    DemoItem(sku="GS-HT-2500"),
)

PAST_ITEMS = (
    DemoItem(sku="MG-XG-500", live_price_fen=3880, allotment=60),
    DemoItem(sku="ZL-HE-4000"),
    DemoItem(sku="GS-GC-600", live_price_fen=2380, allotment=20),
)


def open_show(title: str, items: tuple[DemoItem, ...], *, at: datetime) -> int:
    """Take a show through review and checklist on air at ``at``; gives its id."""
    session_id = schedule(title, items, starts_at=at, now=at - timedelta(hours=2))
    host = cast.actor(cast.HOST, "host")
    going_live.tick_checklist(
        session_id,
        actor=cast.actor(cast.OPERATOR, "operator"),
        marks=dict.fromkeys(CHECKLIST, True),
        now=at - timedelta(minutes=30),
    )
    going_live.start(session_id, actor=host, now=at)
    return session_id


def schedule(title: str, items: tuple[DemoItem, ...], *, starts_at: datetime, now: datetime) -> int:
    """Announce a show with its items, approved by the operator."""
    host = cast.actor(cast.HOST, "host")
    session_id = going_live.create_session(
        actor=host,
        now=now,
        title=title,
        starts_at=starts_at,
        media_origins=(),
        intro="演示直播：价格和库存都可以真的点。",
    )
    for item in items:
        linking.add_item(session_id, actor=host, now=now, **vars(item))
    going_live.submit(session_id, actor=host, now=now)
    going_live.approve(session_id, actor=cast.actor(cast.OPERATOR, "operator"), now=now)
    return session_id


def pin_first(session_id: int, *, now: datetime) -> None:
    """Put the first item on the card."""
    item_id = db.session.scalar(
        select(LiveItem.id).where(LiveItem.session_id == session_id, LiveItem.seq_no == 1)
    )
    if item_id is not None:
        pinning.pin(session_id, item_id, actor=cast.actor(cast.HOST, "host"), now=now)


def item_of(session_id: int, sku: str) -> int:
    """The id of a SKU in a room."""
    return db.session.scalars(
        select(LiveItem.id).where(LiveItem.session_id == session_id, LiveItem.sku == sku)
    ).one()


def is_on_air() -> bool:
    """Whether any room sells now."""
    return bool(
        db.session.scalar(
            select(func.count()).select_from(LiveSession).where(LiveSession.status.in_(ON_AIR))
        )
    )


def current() -> int | None:
    """The room to open first, if one is on air."""
    return db.session.scalar(
        select(LiveSession.id)
        .where(LiveSession.status.in_(ON_AIR))
        .order_by(LiveSession.id.desc())
        .limit(1)
    )
