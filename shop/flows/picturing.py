"""Bringing a picture: the work on its pixels first, then one row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from shop.db import db, transactional
from shop.domain.catalog import queries
from shop.domain.catalog.images import Pictures, SavedPicture
from shop.domain.catalog.models import Picture
from shop.kernel.actor import Actor
from shop.kernel.errors import DomainError

DAILY_PICTURES = 300


class QuotaExceeded(DomainError):
    """Somebody brought more pictures in a day than a shop needs."""

    code: ClassVar[str] = "quota-exceeded"


@dataclass(frozen=True, kw_only=True)
class KeptPicture:
    """A picture that may be named in products and claims."""

    id: int
    name: str
    width: int
    height: int


def upload_picture(*, actor: Actor, now: datetime, store: Pictures, data: bytes) -> KeptPicture:
    """Re-encode and keep a picture; without its row its files go again.

    Raises ``UnsupportedFile``, ``FileTooLarge`` or ``QuotaExceeded`` (300 a day for each person).
    """
    _check_quota(actor, now)
    db.session.rollback()
    saved = store.save(data)
    try:
        return _keep(actor=actor, now=now, saved=saved)
    except BaseException:
        store.remove(saved.name)
        raise


@transactional
def _keep(*, actor: Actor, now: datetime, saved: SavedPicture) -> KeptPicture:
    picture = Picture(
        name=saved.name,
        owner_id=actor.user_id,
        width=saved.width,
        height=saved.height,
        bytes=saved.bytes,
        created_at=now,
    )
    db.session.add(picture)
    db.session.flush()
    return KeptPicture(id=picture.id, name=picture.name, width=picture.width, height=picture.height)


def _check_quota(actor: Actor, now: datetime) -> None:
    if actor.user_id is None:
        return
    if queries.pictures_since(actor.user_id, now - timedelta(days=1)) >= DAILY_PICTURES:
        raise QuotaExceeded(f"at most {DAILY_PICTURES} pictures a day")
