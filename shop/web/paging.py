"""Lists in pages: ``?limit=`` and an opaque, signed ``?after=``."""

import base64
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import marshmallow as ma
from flask import current_app, json, request

from shop.keyset import DEFAULT_LIMIT, MAX_LIMIT, Key, Keyset, keyset
from shop.web.fields import QueryInt, Strict, refuse
from shop.web.strict_json import MalformedBody, parse

__all__ = ["Cursor", "Key", "Keyset", "PageArgs", "keyset", "page", "paged"]

MAC_BYTES = 12
MAX_CURSOR = 600
OWN = frozenset({"after", "limit", "lang"})


def page(found: Keyset) -> dict[str, Any]:
    """``{"items", "next"}`` as the contract has lists."""
    return {"items": found.rows, "next": encode(found.next) if found.next is not None else None}


def paged(found: Keyset, show: Callable[[Any], Any]) -> dict[str, Any]:
    """The same with every row turned into what its schema dumps."""
    return page(Keyset(rows=[show(row) for row in found.rows], next=found.next))


def encode(keys: Sequence[Any]) -> str:
    """Keys of the last row as a text that only this list, filtered in this way, takes back."""
    raw = json.dumps([_plain(key) for key in keys]).encode()
    return encode_bytes(_mac(raw) + raw)


def decode(text: str) -> tuple[Any, ...] | None:
    """The keys, or ``None`` for anything this list did not give out."""
    if len(text) > MAX_CURSOR or not text.isascii():
        return None
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    given, raw = whole[:MAC_BYTES], whole[MAC_BYTES:]
    if not hmac.compare_digest(given, _mac(raw)) or encode_bytes(whole) != text:
        return None
    try:
        return tuple(_rich(key) for key in parse(raw))
    except (MalformedBody, TypeError, ValueError):
        return None


def encode_bytes(whole: bytes) -> str:
    """Base64 has several spellings of one value; only ours is taken."""
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


class Cursor(Strict, ma.fields.String):
    """``?after=`` as a tuple of keys."""

    def read(self, value: Any) -> Any:
        keys = decode(str(value))
        if keys is None:
            raise refuse("this is not a page of this list", code="cursor")
        return keys


class PageArgs(ma.Schema):
    """``limit`` 1 to 100, ``after`` as the former page's ``next``; extend it with filters."""

    class Meta:
        unknown = ma.EXCLUDE

    limit = QueryInt(1, MAX_LIMIT, load_default=DEFAULT_LIMIT)
    after = Cursor(load_default=None)


def _mac(raw: bytes) -> bytes:
    filters = sorted((name, value) for name, value in request.args.items(multi=True))
    scope = [request.path, [pair for pair in filters if pair[0] not in OWN]]
    key = str(current_app.secret_key).encode()
    return hmac.digest(key, b"cursor\0" + json.dumps(scope).encode() + b"\0" + raw, sha256)[
        :MAC_BYTES
    ]


def _plain(key: Any) -> Any:
    if isinstance(key, datetime):
        return {"t": key.astimezone(UTC).isoformat()}
    if isinstance(key, date):
        return {"d": key.isoformat()}
    return key


def _rich(key: Any) -> Any:
    if not isinstance(key, dict):
        return key
    if "t" in key:
        return datetime.fromisoformat(key["t"])
    return date.fromisoformat(key["d"])
