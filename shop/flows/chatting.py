"""What viewers say, and how the host and the operator keep order (Order 117 art. 31)."""

from datetime import datetime, timedelta

from shop.db import transactional
from shop.domain.accounts import queries as accounts
from shop.domain.live import queries, service, talk
from shop.domain.live.models import LiveComment, LiveSession
from shop.domain.live.states import ON_AIR, EventType
from shop.kernel.actor import Actor
from shop.kernel.clock import rfc3339
from shop.kernel.errors import IllegalMove, Invalid, NotFound
from shop.reads import live as rooms


@transactional
def comment(session_id: int, *, actor: Actor, now: datetime, text: str) -> LiveComment:
    """Say something in a room on air; kept always, shown to all unless the room is crowded.

    Raises ``NotFound`` in another's draft, ``IllegalMove`` off air, ``Invalid``,
    ``Forbidden`` when muted, ``TooFast``.
    """
    who = accounts.person(actor.user_id) if actor.user_id else None
    if who is None:
        raise NotFound
    session = service.lock(session_id)
    if session.status not in ON_AIR:
        if rooms.view_of(session, actor) == "viewer" and not queries.is_public(session):
            raise NotFound
        raise IllegalMove("nobody is on air here", current=str(session.status))
    said = talk.say(session_id, user_id=who.user_id, name=who.name, text=text, now=now)
    if not talk.is_crowded(session_id, now=now):
        service.announce(session_id, EventType.COMMENT_NEW, _shown(said), now=now)
    return said


@transactional
def hide_comment(session_id: int, comment_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a comment off every screen; it stays in the books."""
    _keeper(session_id, actor)
    said = talk.comment_of(session_id, comment_id)
    if talk.hide(said, by=actor.user_id, now=now):
        service.announce(session_id, EventType.COMMENT_HIDE, {"id": said.id}, now=now)
        service.log(session_id, "hide", actor=_hat(actor), now=now, reason=f"comment {said.id}")


@transactional
def unhide_comment(session_id: int, comment_id: int, *, actor: Actor, now: datetime) -> None:
    """Put a hidden comment back."""
    _keeper(session_id, actor)
    said = talk.comment_of(session_id, comment_id)
    if talk.unhide(said):
        service.announce(session_id, EventType.COMMENT_NEW, _shown(said), now=now)
        service.log(session_id, "unhide", actor=_hat(actor), now=now, reason=f"comment {said.id}")


@transactional
def mute(
    session_id: int,
    comment_id: int,
    *,
    actor: Actor,
    now: datetime,
    minutes: int | None = None,
) -> None:
    """Keep the speaker of a comment from commenting here, and hide what they said.

    Without ``minutes`` it holds for good. Raises ``Invalid`` for the host's own comment.
    """
    session = _keeper(session_id, actor)
    said = talk.comment_of(session_id, comment_id)
    if said.user_id == session.host_id:
        raise Invalid("the host is not muted in their own room")
    until = now + (talk.FOREVER if minutes is None else timedelta(minutes=minutes))
    talk.mute(session_id, user_id=said.user_id, by=actor.user_id, until=until)
    for hidden in talk.hide_all_of(session_id, user_id=said.user_id, by=actor.user_id, now=now):
        service.announce(session_id, EventType.COMMENT_HIDE, {"id": hidden}, now=now)
    service.log(session_id, "mute", actor=_hat(actor), now=now, reason=f"user {said.user_id}")


@transactional
def unmute(session_id: int, comment_id: int, *, actor: Actor, now: datetime) -> None:
    """Let the speaker of a comment speak again."""
    _keeper(session_id, actor)
    said = talk.comment_of(session_id, comment_id)
    if talk.unmute(session_id, user_id=said.user_id, now=now):
        service.log(session_id, "unmute", actor=_hat(actor), now=now, reason=f"user {said.user_id}")


@transactional
def notice(session_id: int, *, actor: Actor, now: datetime, text: str) -> None:
    """Tell the whole room something, such as a slip put right on air."""
    session = _keeper(session_id, actor)
    words = talk.normalised(text)
    if not 1 <= len(words) <= talk.LONGEST:
        raise Invalid.at("/text", f"1 to {talk.LONGEST} characters", code="length")
    if session.status not in ON_AIR:
        raise IllegalMove("nobody is on air here", current=str(session.status))
    service.announce(session_id, EventType.NOTICE, {"text": words}, now=now)
    service.log(session_id, "notice", actor=_hat(actor), now=now, reason=words)


def _keeper(session_id: int, actor: Actor) -> LiveSession:
    """Inside a transaction: the room, for its own host or the operator."""
    if actor.user_id is None:
        raise NotFound
    return service.lock(session_id, host_id=None if actor.is_operator else actor.user_id)


def _hat(actor: Actor) -> Actor:
    return actor.wearing("operator" if actor.is_operator else "host")


def _shown(said: LiveComment) -> dict[str, object]:
    return {"id": said.id, "name": said.name, "text": said.text, "at": rfc3339(said.at)}
