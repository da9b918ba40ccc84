"""A show, from its draft to its archive: DOMAIN section 2, one verb a step."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from shop.db import transactional
from shop.domain.accounts import queries as accounts
from shop.domain.live import checklist, service
from shop.domain.live.errors import GateIncomplete
from shop.domain.live.states import ON_AIR, SessionStatus
from shop.flows.show_rules import (
    CHANGEABLE,
    check,
    check_may_tick,
    check_new_start,
    check_start,
    clear,
    is_past,
    missing,
    of_another,
    own,
    reason_of,
    step,
    words_of,
)
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, IllegalMove, Invalid
from shop.reads import live as rooms

S = SessionStatus


@transactional
def create_session(
    *,
    actor: Actor,
    now: datetime,
    title: str,
    starts_at: datetime,
    media_origins: Collection[str],
    intro: str = "",
    play_url: str | None = None,
    cover_id: int | None = None,
) -> int:
    """Draft a show and give its id; raises ``UrlNotAllowed``, ``Invalid`` for a time gone by."""
    check_start(starts_at, now=now)
    words = words_of(
        {
            "title": title,
            "intro": intro,
            "starts_at": starts_at,
            "play_url": play_url,
            "cover_id": cover_id,
        },
        actor=actor,
        media_origins=media_origins,
    )
    return service.open_session(host_id=own(actor), words=words, now=now).id


@transactional
def change_session(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    changes: Mapping[str, Any],
    media_origins: Collection[str],
    expected_version: int | None = None,
) -> None:
    """Change a show's words; a rejected one becomes a draft again, a reviewed one keeps its title.

    Raises ``IllegalMove`` once the show is over, ``Stale``, ``UrlNotAllowed``, ``Invalid``.
    """
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    if session.status not in CHANGEABLE:
        raise IllegalMove("this show is over", current=str(session.status))
    words = words_of(changes, actor=actor, media_origins=media_origins)
    if session.status not in {S.DRAFT, S.REJECTED} and {"title", "intro"} & words.keys():
        raise IllegalMove("its words were reviewed", current=str(session.status))
    check_new_start(session, words.get("starts_at", session.starts_at), now=now)
    service.change_words(session, words)
    if session.status is S.REJECTED:
        step(session, S.DRAFT, only_from={S.REJECTED}, actor=actor, now=now)


@transactional
def submit(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Hand a draft to the operator."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    step(session, S.SUBMITTED, only_from={S.DRAFT}, actor=actor, now=now)


@transactional
def redraft(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Take a rejected show back to the desk."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    step(session, S.DRAFT, only_from={S.REJECTED}, actor=actor, now=now)


@transactional
def approve(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Schedule a show that is still to come; nobody approves a show of one's own."""
    session = of_another(session_id, actor, expected_version)
    if session.status is S.SUBMITTED and is_past(session.starts_at, now=now):
        raise IllegalMove("its starting time has passed; send it back for a new one")
    step(session, S.SCHEDULED, only_from={S.SUBMITTED}, actor=actor.wearing("operator"), now=now)


@transactional
def reject(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
    expected_version: int | None = None,
) -> None:
    """Send a show back with a reason the host reads."""
    session = of_another(session_id, actor, expected_version)
    step(
        session,
        S.REJECTED,
        only_from={S.SUBMITTED},
        actor=actor.wearing("operator"),
        now=now,
        reason=reason_of(reason),
    )


@transactional
def appoint_checker(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    phone: str,
    expected_version: int | None = None,
) -> int:
    """Let another person than the host confirm the checklist; ``phone`` is E.164."""
    session = of_another(session_id, actor, expected_version)
    checker = accounts.user_by_phone(phone)
    if checker is None:
        raise Invalid.at("/phone", "nobody has signed up with this number", code="unknown")
    if checker.id == session.host_id:
        raise Forbidden("the host does not check their own show")
    session.checker_id = checker.id
    session.version += 1
    service.log(
        session_id,
        "checker",
        actor=actor.wearing("operator"),
        now=now,
        reason=f"user {checker.id}",
    )
    return checker.id


@transactional
def tick_checklist(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    marks: Mapping[str, bool],
    expected_version: int | None = None,
) -> None:
    """Confirm points of the checklist, by the operator or the appointed checker.

    Raises ``Forbidden`` for the host, ``NotFound`` for anybody else, ``Invalid`` for a point that
    is not on the list.
    """
    session = service.lock(session_id, expected_version=expected_version)
    check_may_tick(session, actor)
    if session.status not in CHANGEABLE:
        raise IllegalMove("this show is over", current=str(session.status))
    checklist.tick(session_id, marks, checker_id=own(actor), now=now)


@transactional
def start(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Go on air; raises ``GateIncomplete`` with one entry for each thing that is missing."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    if session.status is not S.SCHEDULED:
        raise IllegalMove(
            f"live session: {session.status} cannot start",
            current=str(session.status),
            target=str(S.LIVE),
        )
    if found := missing(session, now=now):
        raise GateIncomplete("the show cannot start yet", errors=found)
    step(
        session,
        S.LIVE,
        only_from={S.SCHEDULED},
        actor=actor,
        now=now,
        started_at=now,
        ticked_paid_id=rooms.last_paid_id(),
    )


@transactional
def pause(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    expected_version: int | None = None,
) -> None:
    """Step away for a moment; the shelf goes on selling."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    step(session, S.PAUSED, only_from={S.LIVE}, actor=actor, now=now, reason=reason)


@transactional
def resume(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Come back; somebody who is no host any more does not."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    step(session, S.LIVE, only_from={S.PAUSED}, actor=actor, now=now)


@transactional
def end(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Go off air: the card comes off, sales stop, what is unsold returns to the shop's shelf."""
    session = service.lock(session_id, host_id=own(actor), expected_version=expected_version)
    check(session, S.ENDED, only_from=ON_AIR)
    clear(session, actor=actor, now=now)
    step(session, S.ENDED, only_from=ON_AIR, actor=actor, now=now, ended_at=now, viewers=0)


@transactional
def ban(
    session_id: int,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
    expected_version: int | None = None,
) -> None:
    """Stop a show for good, from any state; open viewers are shown out within a second.

    One that was put away too: its page is still found, and so may have to go.
    """
    session = service.lock(session_id, expected_version=expected_version)
    sources = frozenset(S) - {S.BANNED}
    words = reason_of(reason)
    check(session, S.BANNED, only_from=sources)
    clear(session, actor=actor, now=now)
    step(
        session,
        S.BANNED,
        only_from=sources,
        actor=actor.wearing("operator"),
        now=now,
        reason=words,
        ended_at=session.ended_at or now,
        viewers=0,
    )


@transactional
def archive(
    session_id: int, *, actor: Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Put a show that is over out of the way; by its host or the operator."""
    host_id = None if actor.is_operator else own(actor)
    session = service.lock(session_id, host_id=host_id, expected_version=expected_version)
    step(session, S.ARCHIVED, only_from={S.ENDED}, actor=actor, now=now)
