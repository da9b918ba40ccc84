"""Telling people: a message is written with its cause and carried after the commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.db import transactional
from shop.domain.accounts import codes
from shop.domain.accounts import queries as people
from shop.domain.notices import queries, service
from shop.domain.notices.messengers import Messenger
from shop.domain.outbox import service as outbox

CODE_TEMPLATES = frozenset({"sign-in-code", "sign-up-code"})
KEPT_FOR = timedelta(days=180)


@dataclass(frozen=True, kw_only=True)
class _Letter:
    """What a door needs, in plain values."""

    phone: str
    template: str
    variables: Mapping[str, str]
    key: str


def tell(
    *,
    user_id: int | None,
    phone: str | None,
    template: str,
    variables: Mapping[str, object],
    dedupe_key: str,
    now: datetime,
) -> None:
    """Write a message and its outbox row, inside a transaction; once for each ``dedupe_key``.

    ``template`` is a file of ``templates/notices``; variables beyond 35 characters are cut. Without
    ``phone`` the person's own is used; an erased person has none and is told nothing.
    """
    if phone is None and user_id is not None:
        phone = people.phone_of(user_id)
    if phone is None:
        return
    message_id = service.write(
        user_id=user_id,
        phone=phone,
        template=template,
        variables=variables,
        dedupe_key=dedupe_key,
        now=now,
    )
    if message_id is not None:
        outbox.put(
            "sms", dedupe_key=f"sms:{message_id}", payload={"message_id": message_id}, now=now
        )


def carry(message_id: int, *, messenger: Messenger, now: datetime) -> None:
    """Hand one message to the door; again is harmless. Raises ``Unavailable``."""
    letter = _open(message_id, now=now)
    if letter is None:
        return
    messenger.send(
        phone=letter.phone, template=letter.template, variables=letter.variables, key=letter.key
    )
    _sent(message_id, keeps_copy=messenger.keeps_copy, now=now)


@transactional
def _open(message_id: int, *, now: datetime) -> _Letter | None:
    """``None`` when it is gone, was carried, or holds a code that is no longer good."""
    message = queries.message(message_id)
    if message is None or message.sent_at is not None:
        return None
    if message.template in CODE_TEMPLATES and message.created_at + codes.LIFE <= now:
        return None
    return _Letter(
        phone=message.phone,
        template=message.template,
        variables={str(name): str(value) for name, value in message.variables.items()},
        key=message.dedupe_key,
    )


@transactional
def _sent(message_id: int, *, keeps_copy: bool, now: datetime) -> None:
    service.mark_sent(message_id, keeps_copy=keeps_copy, now=now)


@transactional
def forget_old(*, now: datetime) -> int:
    """Drop messages and codes that have served; says how many."""
    return service.drop_old(before=now - KEPT_FOR) + codes.drop_old(before=now - timedelta(days=2))
