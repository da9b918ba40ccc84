"""Verbs of the comments: said, hidden, shown again; and who may not speak."""

import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import select, update

from shop.db import changed, db, insert_into
from shop.domain.live.errors import TooFast
from shop.domain.live.models import LiveComment, LiveMute
from shop.domain.live.shapes import masked
from shop.kernel.errors import Forbidden, Invalid, NotFound

LONGEST = 100
PAUSE = timedelta(seconds=1)
DELIVERED_A_SECOND = 10
FOREVER = timedelta(days=3650)


def normalised(text: str) -> str:
    """NFC, one line, single spaces, nothing invisible: no overrides, no zero-width signs."""
    plain = unicodedata.normalize("NFC", text)
    seen = (" " if sign.isspace() else sign for sign in plain)
    kept = (sign for sign in seen if sign == " " or unicodedata.category(sign)[0] != "C")
    return " ".join("".join(kept).split())


def say(session_id: int, *, user_id: int, name: str, text: str, now: datetime) -> LiveComment:
    """Keep a comment; raises ``Invalid``, ``Forbidden`` when muted, ``TooFast``."""
    words = normalised(text)
    if not 1 <= len(words) <= LONGEST:
        raise Invalid.at("/text", f"1 to {LONGEST} characters", code="length")
    if is_muted(session_id, user_id=user_id, now=now):
        raise Forbidden("you may not comment in this room for now")
    last = db.session.scalar(
        select(LiveComment.at)
        .where(LiveComment.session_id == session_id, LiveComment.user_id == user_id)
        .order_by(LiveComment.id.desc())
        .limit(1)
    )
    if last is not None and now - last < PAUSE:
        raise TooFast("one comment a second", retry_after=1)
    comment = LiveComment(
        session_id=session_id, user_id=user_id, name=masked(name), text=words, at=now
    )
    db.session.add(comment)
    db.session.flush()
    return comment


def is_crowded(session_id: int, *, now: datetime) -> bool:
    """Whether this second's comments fill a screen: the rest are kept and not delivered."""
    tenth = db.session.scalar(
        select(LiveComment.at)
        .where(LiveComment.session_id == session_id)
        .order_by(LiveComment.id.desc())
        .offset(DELIVERED_A_SECOND)
        .limit(1)
    )
    return tenth is not None and now - tenth < timedelta(seconds=1)


def comment_of(session_id: int, comment_id: int) -> LiveComment:
    """One comment of this room; any other is not found."""
    comment = db.session.scalar(
        select(LiveComment)
        .where(LiveComment.id == comment_id, LiveComment.session_id == session_id)
        .execution_options(populate_existing=True)
    )
    if comment is None:
        raise NotFound
    return comment


def hide(comment: LiveComment, *, by: int | None, now: datetime) -> bool:
    """Hide a comment, never delete it; ``False`` when it was hidden before."""
    return bool(
        changed(
            update(LiveComment)
            .where(LiveComment.id == comment.id, LiveComment.hidden_at.is_(None))
            .values(hidden_at=now, hidden_by=by)
            .execution_options(synchronize_session=False)
        )
    )


def unhide(comment: LiveComment) -> bool:
    """Show a comment again; ``False`` when it was not hidden."""
    return bool(
        changed(
            update(LiveComment)
            .where(LiveComment.id == comment.id, LiveComment.hidden_at.is_not(None))
            .values(hidden_at=None, hidden_by=None)
            .execution_options(synchronize_session=False)
        )
    )


def hide_all_of(session_id: int, *, user_id: int, by: int | None, now: datetime) -> list[int]:
    """Hide everything one viewer said here; gives the comments' ids."""
    rows = db.session.scalars(
        update(LiveComment)
        .where(
            LiveComment.session_id == session_id,
            LiveComment.user_id == user_id,
            LiveComment.hidden_at.is_(None),
        )
        .values(hidden_at=now, hidden_by=by)
        .returning(LiveComment.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(rows)


def mute(session_id: int, *, user_id: int, by: int | None, until: datetime) -> None:
    """Keep a viewer from commenting in a room until then."""
    fresh = insert_into(LiveMute).values(
        session_id=session_id, user_id=user_id, muted_by=by, until=until
    )
    db.session.execute(
        fresh.on_conflict_do_update(
            index_elements=[LiveMute.session_id, LiveMute.user_id],
            set_={"until": until, "muted_by": by},
        )
    )


def unmute(session_id: int, *, user_id: int, now: datetime) -> bool:
    """Let a viewer speak again; ``False`` when nothing kept them from it."""
    return bool(
        changed(
            update(LiveMute)
            .where(
                LiveMute.session_id == session_id,
                LiveMute.user_id == user_id,
                LiveMute.until > now,
            )
            .values(until=now)
            .execution_options(synchronize_session=False)
        )
    )


def is_muted(session_id: int, *, user_id: int, now: datetime) -> bool:
    """Whether this viewer may not comment here now."""
    until = db.session.scalar(
        select(LiveMute.until).where(LiveMute.session_id == session_id, LiveMute.user_id == user_id)
    )
    return until is not None and until > now


def forget(user_id: int) -> None:
    """Drop the identity behind a person's comments; the words stay as the room's record."""
    db.session.execute(
        update(LiveComment)
        .where(LiveComment.user_id == user_id)
        .values(name="**")
        .execution_options(synchronize_session=False)
    )
