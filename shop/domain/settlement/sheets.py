"""A village's month: drafted by one person, then published by another or taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update

from shop.db import changed, db
from shop.domain.settlement.models import BoardSheet, LedgerEntry
from shop.domain.settlement.states import SHEET_LIFE, SheetStatus
from shop.kernel.errors import IllegalMove


def newest_leg() -> int:
    """The last leg in the books, so that figures may be worked out again as of it.

    On PostgreSQL legs that are being written are waited for, and new ones wait for our commit.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("LOCK TABLE ledger_entry IN SHARE MODE"))
    return db.session.scalar(select(func.max(LedgerEntry.id))) or 0


def draft(
    village_id: int,
    period: str,
    *,
    figures: Mapping[str, Any],
    last_entry_id: int,
    note: str | None,
    actor_id: int,
    now: datetime,
) -> BoardSheet:
    """Freeze figures; a draft that was open is taken back."""
    month = (BoardSheet.village_id == village_id, BoardSheet.period == period)
    changed(
        update(BoardSheet)
        .where(*month, BoardSheet.status == SheetStatus.DRAFT)
        .values(status=SheetStatus.WITHDRAWN, decided_by=actor_id, decided_at=now)
    )
    newest = db.session.scalar(select(func.max(BoardSheet.version)).where(*month))
    sheet = BoardSheet(
        village_id=village_id,
        period=period,
        version=(newest or 0) + 1,
        figures=dict(figures),
        last_entry_id=last_entry_id,
        note=note,
        drafted_by=actor_id,
        drafted_at=now,
    )
    db.session.add(sheet)
    db.session.flush()
    return sheet


def decide(sheet: BoardSheet, status: SheetStatus, *, actor_id: int, now: datetime) -> None:
    """Publish a draft or take it back, once; raises ``IllegalMove``."""
    SHEET_LIFE.check(sheet.status, status)
    moved = changed(
        update(BoardSheet)
        .where(BoardSheet.id == sheet.id, BoardSheet.status == SheetStatus.DRAFT)
        .values(status=status, decided_by=actor_id, decided_at=now)
    )
    if not moved:
        raise IllegalMove("somebody else has just decided on this sheet")


def sheet(sheet_id: int, *, villages: Sequence[int]) -> BoardSheet | None:
    """One sheet of these villages; another's is not found."""
    return db.session.scalar(
        select(BoardSheet).where(BoardSheet.id == sheet_id, BoardSheet.village_id.in_(villages))
    )


def of_month(village_id: int, period: str) -> list[BoardSheet]:
    """Every sheet of a month, the newest first."""
    return list(
        db.session.scalars(
            select(BoardSheet)
            .where(BoardSheet.village_id == village_id, BoardSheet.period == period)
            .order_by(BoardSheet.version.desc())
        )
    )


def published(village_id: int, period: str) -> BoardSheet | None:
    """The sheet that holds for a month."""
    found = of_month(village_id, period)
    return next((one for one in found if one.status is SheetStatus.PUBLISHED), None)
