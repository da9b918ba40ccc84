"""Passwords by argon2id, outside of transactions and off gevent's loop.

19 MiB, two passes, one lane: OWASP's password storage cheat sheet, first choice for argon2id.
"""

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from gevent import get_hub, monkey

from shop.kernel.errors import Invalid

R = TypeVar("R")

MIN_LENGTH, MAX_LENGTH = 8, 128
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def checked(plain: str, *, pointer: str = "/password") -> str:
    """A new password that is long enough and not absurdly long; raises ``Invalid``."""
    if not MIN_LENGTH <= len(plain) <= MAX_LENGTH:
        raise Invalid.at(pointer, "a password has 8 to 128 characters", code="length")
    return plain


def hashed(plain: str) -> str:
    """The argon2id hash to keep; takes tens of milliseconds."""
    return _aside(lambda: _hasher.hash(_normal(plain)))


def verify(password_hash: str | None, plain: str) -> bool:
    """Whether it is the password; an absent hash takes as long as a wrong password."""
    matches = _aside(lambda: _matches(password_hash or _nobody(), _normal(plain)))
    return matches and password_hash is not None


def _matches(password_hash: str, plain: str) -> bool:
    try:
        return _hasher.verify(password_hash, plain)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """A hash that belongs to no account, so that an unknown number costs the same time."""
    return _hasher.hash("the password of nobody")


def _normal(plain: str) -> str:
    """One password typed on two keyboards stays one password."""
    return unicodedata.normalize("NFKC", plain[: MAX_LENGTH + 1])


def _aside(work: Callable[[], R]) -> R:
    """Under gevent in a real thread, since argon2 would stop every greenlet of the worker."""
    if not monkey.is_module_patched("threading"):
        return work()
    result: R = get_hub().threadpool.apply(work)
    return result
