"""What a live item is, for who comes from a room."""

from sqlalchemy import select

from shop.db import db
from shop.domain.live.models import LiveItem


def sku_of(item_id: int) -> str | None:
    """The SKU behind a live item."""
    return db.session.scalar(select(LiveItem.sku).where(LiveItem.id == item_id))
