"""The address book in the order a buyer wants it."""

from sqlalchemy import select

from shop.db import db
from shop.domain.accounts.models import Address


def book(user_id: int | None) -> list[Address]:
    """A buyer's entries: the default first, then the newest."""
    return list(
        db.session.scalars(
            select(Address)
            .where(Address.user_id == user_id)
            .order_by(Address.is_default.desc(), Address.id.desc())
        )
    )
