"""Partitions of the live events, a month each, where the database has any (PostgreSQL)."""

from datetime import date

from sqlalchemy import func, select

from shop.db import db


def make(first: date) -> bool:
    """Make the partition of the month that begins on ``first``, in UTC.

    ``False`` where it is there, or where the default partition has rows of that month.
    """
    if db.session.get_bind().dialect.name == "sqlite":
        return False
    return bool(db.session.scalar(select(func.make_live_event_month(first))))
