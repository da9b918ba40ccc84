"""What a live item is, for who comes from a room."""

from sqlalchemy import select

from shop.db import db
from shop.domain.live import queries
from shop.domain.live.models import LiveItem


def sku_of(item_id: int) -> str | None:
    """The SKU behind an item of a room that strangers find."""
    row = db.session.execute(
        select(LiveItem.sku, LiveItem.session_id).where(LiveItem.id == item_id)
    ).one_or_none()
    session = queries.session(row.session_id) if row is not None else None
    if row is None or session is None or not queries.is_public(session):
        return None
    return str(row.sku)
