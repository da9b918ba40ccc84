"""Small makers of shows, each step in a transaction of its own."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.live import queries
from shop.domain.live.models import LiveItem, LiveSession
from shop.domain.live.queries import Event
from shop.domain.live.states import CHECKLIST, SessionStatus
from shop.flows import going_live, linking
from shop.kernel.actor import Actor
from tests.builders import a_cooperative, a_product, a_sku, an_actor, an_operator
from tests.conftest import NOON


def a_host(**about: Any) -> Actor:
    """Somebody who may run shows."""
    return an_actor(roles=(Role.HOST,), **about)


def a_show(
    *,
    host: Actor,
    status: SessionStatus = SessionStatus.SCHEDULED,
    title: str = "演示场次",
    now: datetime = NOON,
    **words: Any,
) -> int:
    """A show in the given state, without anything on its shelf; gives its id."""
    words = {"starts_at": now + timedelta(minutes=5), "media_origins": (), **words}
    session_id = going_live.create_session(actor=host, now=now, title=title, **words)
    put_in(session_id, status, now=now)
    return session_id


@transactional
def put_in(session_id: int, status: SessionStatus, *, now: datetime = NOON) -> None:
    """Force a state, past every gate."""
    on_air = status in {SessionStatus.LIVE, SessionStatus.PAUSED, SessionStatus.ENDED}
    db.session.execute(
        update(LiveSession)
        .where(LiveSession.id == session_id)
        .values(status=status, started_at=now if on_air else None)
        .execution_options(synchronize_session=False)
    )


def a_live_show(
    *, host: Actor, on_hand: int = 50, items: int = 1, **item: Any
) -> tuple[int, list[int]]:
    """A show on air with ``items`` things on its shelf; gives its id and theirs."""
    session_id = a_show(host=host, status=SessionStatus.LIVE)
    return session_id, [
        linking.add_item(session_id, actor=host, now=NOON, sku=a_sku(on_hand=on_hand), **item)
        for _ in range(items)
    ]


def a_full_shelf(*, host: Actor) -> int:
    """A show on air with a hundred things of two cooperatives on its shelf; gives its id."""
    session_id = a_show(host=host, status=SessionStatus.LIVE)
    for half in range(2):
        home, skus = a_cooperative(), [f"SHELF-{half}-{number}" for number in range(50)]
        variants = [
            {"sku": sku, "name": "演示礼盒装", "price_fen": 3980, "unit": "袋", "weight_grams": 500}
            for sku in skus
        ]
        a_product(cooperative=home, title="演示北杨家庄花菇干货", variants=variants)
        _fill(session_id, skus, cooperative_id=home.id, after=50 * half)
    return session_id


@transactional
def _fill(session_id: int, skus: list[str], *, cooperative_id: int, after: int) -> None:
    for number, sku in enumerate(skus, start=after + 1):
        db.session.add(
            LiveItem(
                session_id=session_id,
                sku=sku,
                cooperative_id=cooperative_id,
                seq_no=number,
                created_at=NOON,
            )
        )


def tick_all(session_id: int, *, checker: Actor | None = None, now: datetime = NOON) -> None:
    """Confirm every point of the checklist."""
    going_live.tick_checklist(
        session_id,
        actor=checker or an_operator(),
        now=now,
        marks=dict.fromkeys(CHECKLIST, True),
    )


def status_of(session_id: int) -> SessionStatus:
    """The state as the table has it."""
    session = queries.session(session_id)
    assert session is not None
    status = session.status
    db.session.rollback()
    return status


def events_of(session_id: int, after: int = 0) -> list[Event]:
    """Everything viewers were told."""
    found = queries.events_after(session_id, after, 10_000)
    db.session.rollback()
    return found


def types_of(session_id: int, after: int = 0) -> list[str]:
    """The kinds of what viewers were told, in order."""
    return [str(event.type) for event in events_of(session_id, after)]


def item_row(item_id: int) -> LiveItem:
    """An item as the table has it."""
    found = db.session.get_one(LiveItem, item_id, populate_existing=True)
    db.session.rollback()
    return found
