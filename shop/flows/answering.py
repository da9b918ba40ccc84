"""Claim, keep and free the answer of a key, each in a transaction of its own."""

from collections.abc import Sequence
from datetime import datetime

from shop.db import transactional
from shop.domain.audit import service as answers
from shop.domain.audit.service import Kept, KeyedRequest


@transactional
def claim(key: KeyedRequest, *, now: datetime) -> Kept | None:
    """Lease a key for 30 seconds, or give its first answer.

    Raises ``IdempotencyKeyReused`` and ``IdempotencyInProgress``.
    """
    return answers.take(key, now=now)


@transactional
def keep(key: KeyedRequest, answer: Kept, *, now: datetime) -> None:
    """Write down the answer that the claim led to."""
    answers.keep(key, answer, now=now)


@transactional
def free(key: KeyedRequest) -> None:
    """Give a key back after a refusal."""
    answers.free(key)


@transactional
def forget_old(*, now: datetime) -> int:
    """Delete answers older than 24 hours; gives how many there were."""
    return answers.forget(now=now)


def told(keys: Sequence[KeyedRequest], *, now: datetime) -> dict[KeyedRequest, Kept]:
    """What these very requests were answered before, in one indexed read."""
    return answers.kept(keys, now=now)
