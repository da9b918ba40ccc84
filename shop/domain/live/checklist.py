"""The pre-live checklist: confirmed by another person than the host, good for 24 hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from shop.db import db
from shop.domain.live.models import ChecklistTick, LiveItem, LiveSession
from shop.domain.live.shelf import MOST_ITEMS
from shop.domain.live.states import CHECKLIST, GOODS_CHECKED
from shop.kernel.errors import Invalid, pointer

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point as it stands: newest mark ``at``, ``valid_until`` only where it still holds."""

    code: str
    ticked: bool
    checked_by: int | None
    at: datetime | None
    valid_until: datetime | None


def tick(session_id: int, marks: Mapping[str, bool], *, checker_id: int, now: datetime) -> None:
    """Write one row a mark; raises ``Invalid`` naming every code that is not on the list."""
    unknown = [code for code in marks if code not in CHECKLIST]
    if unknown:
        raise Invalid(
            "not on the checklist",
            errors=[
                {
                    "pointer": pointer("items", code),
                    "code": "unknown",
                    "detail": "not on the checklist",
                }
                for code in unknown
            ],
        )
    for code, ticked in marks.items():
        db.session.add(
            ChecklistTick(
                session_id=session_id, code=code, ticked=ticked, checked_by=checker_id, at=now
            )
        )
    db.session.flush()


def standing(session: LiveSession, *, now: datetime) -> list[Point]:
    """Every point in order: the newest mark that is not the host's own counts, for a day.

    That the goods were checked holds for what stood on the shelf by then.
    """
    newest: dict[str, ChecklistTick] = {}
    for row in db.session.scalars(
        select(ChecklistTick)
        .where(ChecklistTick.session_id == session.id, ChecklistTick.checked_by != session.host_id)
        .order_by(ChecklistTick.id)
    ):
        newest[row.code] = row
    last = db.session.scalar(select(func.max(LiveItem.created_at)).where(*_on_shelf_of(session.id)))
    return [_point(code, newest.get(code), now, last) for code in CHECKLIST]


def _on_shelf_of(session_id: int) -> tuple[ColumnElement[bool], ...]:
    return (LiveItem.session_id == session_id, LiveItem.seq_no <= MOST_ITEMS)


def unchecked(session_id: int, points: Sequence[Point]) -> set[int]:
    """Ids of the items put on the shelf after somebody confirmed that its goods were checked."""
    at = next((p.at for p in points if p.code == GOODS_CHECKED), None)
    if at is None:
        return set()
    late = select(LiveItem.id).where(*_on_shelf_of(session_id), LiveItem.created_at > at)
    return set(db.session.scalars(late))


def _point(
    code: str, row: ChecklistTick | None, now: datetime, last_item_at: datetime | None
) -> Point:
    if row is None:
        return Point(code=code, ticked=False, checked_by=None, at=None, valid_until=None)
    until = row.at + VALID_FOR
    good = row.ticked and now < until
    if code == GOODS_CHECKED and last_item_at is not None:
        good = good and last_item_at <= row.at
    return Point(
        code=code,
        ticked=good,
        checked_by=row.checked_by,
        at=row.at,
        valid_until=until if good else None,
    )
