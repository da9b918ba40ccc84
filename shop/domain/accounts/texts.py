"""The texts that people accept: which version is in force, and who accepted which."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select

from shop.db import db
from shop.domain.accounts.models import AgreementAcceptance
from shop.kernel.errors import Invalid

Agreement = tuple[str, str]
"""(kind, version) of a text."""

VERSIONS: dict[str, tuple[str, ...]] = {
    "user-agreement": ("2026-03-01",),
    "trading-rules": ("2026-03-01",),
    "privacy": ("2026-03-01",),
}
"""Every version of each text, the one in force first.

A text that was in force is never edited: a changed one is a new pair of files and a version here,
so that what somebody accepted can be read again.
"""

AGREEMENTS: tuple[Agreement, ...] = tuple((kind, known[0]) for kind, known in VERSIONS.items())
"""What is in force, as acceptance records it."""


def accept(user_id: int, agreements: Sequence[Agreement], *, now: datetime) -> None:
    """Keep what this person accepted and when; again is no error.

    Raises ``Invalid`` for a text or a version that is not in force.
    """
    _check(agreements)
    kept = accepted(user_id)
    fresh = [
        {"user_id": user_id, "kind": kind, "version": version, "accepted_at": now}
        for kind, version in dict.fromkeys(agreements)
        if (kind, version) not in kept
    ]
    if fresh:
        db.session.execute(insert(AgreementAcceptance), fresh)


def _check(agreements: Sequence[Agreement]) -> None:
    for row, (kind, version) in enumerate(agreements):
        if kind not in VERSIONS:
            raise Invalid.at(f"/agreements/{row}/kind", "there is no such text", code="unknown")
        if version != VERSIONS[kind][0]:
            at = f"/agreements/{row}/version"
            raise Invalid.at(at, "this version is not in force", code="unknown")


def accepted(user_id: int) -> set[Agreement]:
    """What this person accepted so far, in every version."""
    rows = db.session.execute(
        select(AgreementAcceptance.kind, AgreementAcceptance.version).where(
            AgreementAcceptance.user_id == user_id
        )
    )
    return {(row.kind, row.version) for row in rows}


def missing(user_id: int) -> list[Agreement]:
    """What this person has yet to accept, for the first time or in its new version."""
    known = accepted(user_id)
    return [one for one in AGREEMENTS if one not in known]
