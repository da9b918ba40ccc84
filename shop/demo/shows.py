"""The demo county's live sessions: one on air, one coming up, one that is over."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop.db import db
from shop.demo import people as cast
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.states import CHECKLIST, ON_AIR, SessionStatus
from shop.flows import going_live, linking, pinning
from shop.kernel.actor import Actor
from shop.kernel.errors import DomainError
from shop.reads import live as rooms

S = SessionStatus
UNSTARTED = frozenset({S.DRAFT, S.SUBMITTED, S.REJECTED, S.SCHEDULED})
FRESH_FOR = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class DemoItem:
    """What a room offers; prices in fen."""

    sku: str
    live_price_fen: int | None = None
    allotment: int | None = None
    per_buyer_max: int | None = None


ON_AIR_TITLE = "北杨家庄蘑菇专场（演示）"
ON_AIR_ITEMS = (
    DemoItem(sku="MG-XG-500", live_price_fen=3680, allotment=80, per_buyer_max=5),
    DemoItem(sku="MG-ME-250", live_price_fen=2880, allotment=40),
    DemoItem(sku="MG-PG-2500"),
    DemoItem(sku="ZL-XM-2500", live_price_fen=3480, allotment=30),
    DemoItem(sku="GS-HT-2500"),
)

PAST_TITLE = "丰收杂粮专场（演示）"
PAST_ITEMS = (
    DemoItem(sku="MG-XG-500", live_price_fen=3880, allotment=60),
    DemoItem(sku="ZL-HE-4000"),
    DemoItem(sku="GS-GC-600", live_price_fen=2380, allotment=20),
)

COMING_TITLE = "高家庄核桃开袋（演示）"
COMING_ITEMS = (DemoItem(sku="GS-HT-2500", live_price_fen=5480, allotment=30),)


def open_show(title: str, items: tuple[DemoItem, ...], *, at: datetime) -> int:
    """Take a show through review and checklist on air at ``at``; gives its id."""
    session_id = announce(title, items, starts_at=at, now=at - timedelta(hours=2))
    going_live.tick_checklist(
        session_id,
        actor=cast.actor(cast.OPERATOR, "operator"),
        marks=dict.fromkeys(CHECKLIST, True),
        now=at - timedelta(minutes=30),
    )
    going_live.start(session_id, actor=cast.actor(cast.HOST, "host"), now=at)
    _pin_first(session_id, now=at)
    return session_id


def announce(title: str, items: tuple[DemoItem, ...], *, starts_at: datetime, now: datetime) -> int:
    """Announce a show, approved by the operator; one that was left half way is carried on."""
    host, operator = cast.actor(cast.HOST, "host"), cast.actor(cast.OPERATOR, "operator")
    session_id = _left_half_way(title, host)
    if session_id is None:
        session_id = going_live.create_session(
            actor=host,
            now=now,
            title=title,
            starts_at=starts_at,
            media_origins=(),
            intro="演示直播：价格和库存都可以真的点。",
        )
    else:
        going_live.change_session(
            session_id, actor=host, now=now, changes={"starts_at": starts_at}, media_origins=()
        )
    _fill(session_id, items, host=host, now=now)
    status = _status(session_id)
    if status is S.DRAFT:
        going_live.submit(session_id, actor=host, now=now)
    if status is not S.SCHEDULED:
        going_live.approve(session_id, actor=operator, now=now)
    return session_id


def _left_half_way(title: str, host: Actor) -> int | None:
    return db.session.scalar(
        select(LiveSession.id)
        .where(
            LiveSession.host_id == host.user_id,
            LiveSession.title == title,
            LiveSession.status.in_(UNSTARTED),
        )
        .order_by(LiveSession.id.desc())
        .limit(1)
    )


def _status(session_id: int) -> SessionStatus:
    return db.session.scalars(select(LiveSession.status).where(LiveSession.id == session_id)).one()


def _fill(session_id: int, items: tuple[DemoItem, ...], *, host: Actor, now: datetime) -> None:
    """Put on the shelf what may be sold now, and take off what may not: it would stop the start."""
    standing = rooms.items(session_id)
    for one in standing:
        if not one.is_on_sale:
            linking.remove_item(session_id, one.id, actor=host, now=now)
    for item in items:
        if item.sku not in {one.sku for one in standing}:
            _link(session_id, item, host=host, now=now)


def _link(session_id: int, item: DemoItem, *, host: Actor, now: datetime) -> None:
    """As wished; from the shelf at its own price where that no longer fits; else not at all."""
    for wish in (vars(item), {"sku": item.sku}):
        with suppress(DomainError):
            linking.add_item(session_id, actor=host, now=now, **wish)
            return


def _pin_first(session_id: int, *, now: datetime) -> None:
    first = next(iter(rooms.items(session_id)))
    pinning.pin(session_id, first.id, actor=cast.actor(cast.HOST, "host"), now=now)


def item_of(session_id: int, sku: str) -> int:
    """The id of a SKU in a room."""
    return db.session.scalars(
        select(LiveItem.id).where(LiveItem.session_id == session_id, LiveItem.sku == sku)
    ).one()


def keep_one_on_air(*, now: datetime) -> None:
    """A room that sells: yesterday's is ended, today's gets sold-out allotments filled again."""
    host = cast.actor(cast.HOST, "host")
    ours = db.session.execute(
        select(LiveSession.id, LiveSession.started_at).where(
            LiveSession.host_id == host.user_id,
            LiveSession.title == ON_AIR_TITLE,
            LiveSession.status.in_(ON_AIR),
        )
    ).all()
    for session_id, started_at in ours:
        if started_at is None or started_at < now - FRESH_FOR:
            going_live.end(session_id, actor=host, now=now)
        else:
            _refill(session_id, host=host, now=now)
    if not _counted(LiveSession.status.in_(ON_AIR)):
        open_show(ON_AIR_TITLE, ON_AIR_ITEMS, at=now)


def _refill(session_id: int, *, host: Actor, now: datetime) -> None:
    wanted = {item.sku: item.allotment for item in ON_AIR_ITEMS}
    for one in rooms.items(session_id):
        full = wanted.get(one.sku)
        if full is None or one.allotment is None or one.remaining * 4 >= full:
            continue
        with suppress(DomainError):
            changes = {"allotment": one.held + one.sold + full}
            linking.change_item(session_id, one.id, actor=host, now=now, changes=changes)


def keep_one_coming(*, now: datetime) -> None:
    """A show that is announced for a time to come."""
    if not _counted(LiveSession.status == S.SCHEDULED, LiveSession.starts_at > now):
        announce(COMING_TITLE, COMING_ITEMS, starts_at=now + timedelta(days=1), now=now)


def _counted(*which: object) -> int:
    return db.session.scalar(select(func.count()).select_from(LiveSession).where(*which)) or 0  # type: ignore[arg-type]
