"""The village's board is drafted by one of its people and countersigned by another."""

from dataclasses import asdict
from datetime import datetime

from shop.db import transactional
from shop.domain.settlement import sheets
from shop.domain.settlement.states import SheetStatus
from shop.kernel.actor import Actor
from shop.kernel.clock import period_of
from shop.kernel.errors import Forbidden, Invalid, NotFound
from shop.kernel.words import block
from shop.reads import board

NOTE_LENGTH = 400


class ApprovalRequired(Forbidden):
    """A second person has to do this."""

    code = "approval-required"


@transactional
def draft_board(
    *, actor: Actor, village_id: int, period: str, note: str | None, now: datetime
) -> int:
    """Who keeps the village's board freezes a month's figures; gives the sheet's id.

    ``period`` is ``YYYY-MM``. A draft that was open is taken back. Raises ``NotFound`` for another
    village and ``Invalid`` where there is nothing, or nothing new, to publish.
    """
    if village_id not in actor.villages("village"):
        raise NotFound()
    if period > period_of(now):
        raise Invalid.at("/period", "this month has not begun")
    words = block(note or "", pointer="/note", most=NOTE_LENGTH) or None
    until = sheets.newest_leg()
    found = board.figures(village_id, period, until=until)
    if not found.orders and not found.refunds_fen:
        raise Invalid.at("/period", "this month has no completed orders")
    published = sheets.published(village_id, period)
    if published is not None and published.figures == asdict(found):
        raise Invalid.at("/period", "these figures are published already")
    return sheets.draft(
        village_id,
        period,
        figures=asdict(found),
        last_entry_id=until,
        note=words,
        actor_id=_self(actor),
        now=now,
    ).id


@transactional
def countersign_board(*, actor: Actor, sheet_id: int, now: datetime) -> None:
    """The village's supervisor publishes a draft of somebody else.

    Raises ``NotFound`` for another village, ``ApprovalRequired`` for one's own draft and
    ``IllegalMove`` where it is no draft any more.
    """
    sheet = sheets.sheet(sheet_id, villages=actor.villages("supervisor"))
    if sheet is None:
        raise NotFound()
    if sheet.drafted_by == actor.user_id:
        raise ApprovalRequired("nobody countersigns their own draft")
    sheets.decide(sheet, SheetStatus.PUBLISHED, actor_id=_self(actor), now=now)


@transactional
def withdraw_board(*, actor: Actor, sheet_id: int, now: datetime) -> None:
    """One of the village's people takes a draft back, the supervisor so as not to sign it."""
    sheet = sheets.sheet(sheet_id, villages=actor.villages("village", "supervisor"))
    if sheet is None:
        raise NotFound()
    sheets.decide(sheet, SheetStatus.WITHDRAWN, actor_id=_self(actor), now=now)


def _self(actor: Actor) -> int:
    if actor.user_id is None:
        raise Forbidden()
    return actor.user_id
