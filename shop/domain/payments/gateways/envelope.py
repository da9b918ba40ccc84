"""Signed messages: ``t=UNIX,v1=HEX`` over ``t.body``, and the JSON object inside."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from shop.domain.payments.gateways.base import BadSignature, JunkEvent

PAST_S = 300
FUTURE_S = 60
MAX_HEADER = 2048
MAX_BODY = 512 * 1024
MAX_DEPTH = 64


def usable(secrets: Iterable[str]) -> tuple[str, ...]:
    """The secrets that may sign; several while one is being replaced, never none, never blank."""
    kept = tuple(secrets)
    if not kept or any(not secret.strip() for secret in kept):
        raise ValueError("a webhook secret is missing or blank")
    return kept


def sign(body: bytes, *, secret: str, now: datetime) -> str:
    """The header of a message sent now."""
    stamp = int(now.timestamp())
    return f"t={stamp},v1={_digest(secret, stamp, body)}"


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *,
    name: str,
    secrets: Iterable[str],
    now: datetime,
) -> None:
    """Refuse what no secret signed, what is older than 300 s and what is over 60 s ahead."""
    header = next((value for key, value in headers.items() if key.lower() == name.lower()), "")
    stamp, given = _parts(header)
    age = now.timestamp() - stamp
    if age > PAST_S or age < -FUTURE_S:
        raise BadSignature("the signature is too old or from the future")
    wanted = [_digest(secret, stamp, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(one, other.encode()) for one in wanted for other in given]
    if not any(matches):
        raise BadSignature("no secret of ours made this signature")


def _parts(header: str) -> tuple[int, list[str]]:
    if not header or len(header) > MAX_HEADER:
        raise BadSignature("no usable signature header")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for key, _, value in pairs if key == "t"]
    given = [value for key, _, value in pairs if key == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and given):
        raise BadSignature("the signature header has no time or no v1 signature")
    if len(stamps[0]) > 12:
        raise BadSignature("the signature's time is no time")
    return int(stamps[0]), given


def _digest(secret: str, stamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()


def open_json(body: bytes) -> dict[str, Any]:
    """The JSON object in a verified body; anything a database could choke on is junk."""
    if len(body) > MAX_BODY:
        raise JunkEvent("the event is too large")
    try:
        found = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            object_pairs_hook=_no_twins,
        )
    except (ValueError, RecursionError) as error:
        raise JunkEvent("the event is not JSON") from error
    if not isinstance(found, dict):
        raise JunkEvent("the event is not an object")
    _check_values(found)
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _check_values(root: dict[str, Any]) -> None:
    """Walk without recursion: a bound on depth, and only text that both databases can store."""
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                deeper += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                deeper += value
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, float) and value in (float("inf"), float("-inf")):
                raise JunkEvent("a number is out of range")
        if not deeper:
            return
        level = deeper
    raise JunkEvent("the event is nested too deep")


def _check_text(value: str) -> None:
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise JunkEvent("a text has a character that is none")


def whole(value: object) -> int | None:
    """An id or an amount as the provider wrote it; ``None`` when it is no whole number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62:
        return value
    return None


def text(value: object, *, limit: int = 255) -> str | None:
    """A short text, or ``None``."""
    return value if isinstance(value, str) and 0 < len(value) <= limit else None
