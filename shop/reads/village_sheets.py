"""What was drafted and published of a village's month, with the names its own people know."""

from dataclasses import dataclass
from datetime import datetime

from shop.domain.accounts import queries as people
from shop.domain.settlement import sheets
from shop.domain.settlement.states import SheetStatus
from shop.reads.board import Figures


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet of a month."""

    id: int
    version: int
    status: SheetStatus
    figures: Figures
    note: str | None
    drafted_by: str
    drafter_id: int
    drafted_at: datetime
    decided_by: str | None
    decided_at: datetime | None


def of_month(village_id: int, period: str) -> list[Sheet]:
    """Every sheet of a month, the newest first."""
    found = sheets.of_month(village_id, period)
    names = people.names(
        who for one in found for who in (one.drafted_by, one.decided_by) if who is not None
    )
    return [
        Sheet(
            id=one.id,
            version=one.version,
            status=one.status,
            figures=Figures(**one.figures),
            note=one.note,
            drafted_by=names[one.drafted_by],
            drafter_id=one.drafted_by,
            drafted_at=one.drafted_at,
            decided_by=names.get(one.decided_by) if one.decided_by else None,
            decided_at=one.decided_at,
        )
        for one in found
    ]
