"""The pre-live checklist: confirmed by another person than the host, good for 24 hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db
from shop.domain.live.models import ChecklistTick, LiveSession
from shop.domain.live.states import CHECKLIST
from shop.kernel.errors import Invalid

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point as it stands; ``valid_until`` is empty where it is not confirmed."""

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
                {"pointer": f"/items/{code}", "code": "unknown", "detail": "not on the checklist"}
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
    """Every point in order: the newest mark that is not the host's own counts, for a day."""
    newest: dict[str, ChecklistTick] = {}
    for row in db.session.scalars(
        select(ChecklistTick)
        .where(ChecklistTick.session_id == session.id, ChecklistTick.checked_by != session.host_id)
        .order_by(ChecklistTick.id)
    ):
        newest[row.code] = row
    return [_point(code, newest.get(code), now) for code in CHECKLIST]


def _point(code: str, row: ChecklistTick | None, now: datetime) -> Point:
    if row is None:
        return Point(code=code, ticked=False, checked_by=None, at=None, valid_until=None)
    until = row.at + VALID_FOR
    good = row.ticked and now < until
    return Point(
        code=code,
        ticked=good,
        checked_by=row.checked_by,
        at=row.at,
        valid_until=until if good else None,
    )
