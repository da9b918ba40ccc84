"""Claim, keep and free the answer of a key, each in a transaction of its own."""

from collections.abc import Sequence
from datetime import datetime

from shop.db import transactional
from shop.domain.audit import service as answers
from shop.domain.audit.service import Kept, KeyedRequest


@transactional
def claim(key: KeyedRequest, *, now: datetime) -> Kept | None:
    """Lease a key for 30 seconds, or give its first answer.

    Raises ``IdempotencyKeyReused``, ``IdempotencyInProgress`` and ``IdempotencyAnswerLost``.
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
def let_go(key: KeyedRequest, *, now: datetime) -> None:
    """End a claim whose request broke."""
    answers.let_go(key, now=now)


def acted(key: KeyedRequest, *, claimed_at: datetime) -> None:
    """Note the effect of a claimed request, in the transaction of that effect.

    Raises ``IdempotencyInProgress`` where the claim is another's by now.
    """
    answers.acted(key, claimed_at=claimed_at)


@transactional
def forget_old(*, now: datetime) -> int:
    """Delete answers older than 24 hours; gives how many there were."""
    return answers.forget(now=now)


def told(keys: Sequence[KeyedRequest], *, now: datetime) -> dict[KeyedRequest, Kept]:
    """What these very requests were answered before, in one indexed read."""
    return answers.kept(keys, now=now)
