"""Kept answers, read."""

from sqlalchemy import select

from shop.db import db
from shop.domain.audit.models import KeptAnswer


def kept_answer(*, actor: str, route: str, key: str) -> KeptAnswer | None:
    """The row of one key of one caller on one route, as the database has it now."""
    return db.session.scalar(
        select(KeptAnswer)
        .where(KeptAnswer.actor == actor, KeptAnswer.route == route, KeptAnswer.key == key)
        .execution_options(populate_existing=True)
    )
