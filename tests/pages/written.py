"""Every text that people can write into the shop, each replaced by words that want to be markup."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from sqlalchemy import Column, String, Table, Text, text, update

from shop.db import db
from shop.models import known
from tests.pages.markup import PAYLOADS

WORDS = frozenset(
    {
        "address", "answer", "blocked_rule", "contact", "description", "grade", "holder", "intro",
        "intro_en", "label", "name", "name_en", "note", "reason", "scope", "seller_address",
        "seller_contact", "seller_name", "ship_name", "ship_region", "ship_street",
        "status_reason", "storage", "story", "street", "summary", "text", "title", "title_en",
        "unit",
    }
)  # fmt: skip
"""Columns that hold what people say."""
CODES = frozenset(
    {
        "actor", "actor_role", "body", "carrier", "cause_key", "code", "code_hash", "currency",
        "dedupe_key", "event_id", "failure_code", "field", "fingerprint", "from_status", "gateway",
        "gateway_key", "id", "key", "kind", "last_error", "lease", "licence_no", "location",
        "method", "number", "password_hash", "period", "phone", "place", "play_url", "prefix",
        "provider_id", "ref", "region_code", "request_key", "route", "seller_licence_no",
        "seller_of_record", "ship_phone", "ship_region_code", "sku", "slip_no", "slug", "source",
        "template", "term", "to_status", "token_hash", "type", "version", "waybill_no", "what",
    }
)  # fmt: skip
"""Columns that hold codes of one form, which the shop makes or checks sign by sign."""
NOT_WORDS = {("picture", "name")}
"""Columns of such a name that hold codes all the same."""
ALSO = {("certificate", "number"), ("strike_evidence", "source"), ("orders", "source")}
"""Columns of such a name that hold people's words all the same."""
JSON_WORDS = WORDS | {"cooperative", "title", "variant", "village", "what", "carrier_name"}
VECTORS = (
    *(PAYLOADS[place] for place in (0, 2, 3, 5, 6, 8, 10, 12, 14, 15, 16, 18)),
    "'><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "</title><script>alert(1)</script>",
    "</textarea><svg/onload=alert(1)>",
    "--><b onclick=alert(1)>",
    "{{7*7}}<b onmouseover=alert(1)>",
)


def texts() -> Iterator[tuple[Table, Column[Any]]]:
    """Every column of text that is not an enum or a foreign key."""
    known()
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, String | Text) and not column.foreign_keys:
                yield table, column


def is_words(table: Table, column: Column[Any]) -> bool:
    """Whether people write it."""
    where = (table.name, column.name)
    return where in ALSO or (column.name in WORDS and where not in NOT_WORDS)


def vandalise() -> dict[str, str]:
    """Write words that want to be markup everywhere; gives them by ``table.column``.

    Rows that are never changed are changed here, so this is the end of a database.
    """
    for (name,) in db.session.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    ).all():
        db.session.execute(text(f"DROP TRIGGER {name}"))
    written, turn = {}, cycle(VECTORS)
    for number, (table, column) in enumerate(texts()):
        if not is_words(table, column):
            continue
        length = getattr(column.type, "length", None) or 200
        mark = f"w{number:03d}" if length > 20 else f"w{number:02d}"
        written[f"{table.name}.{column.name}"] = word = f"{mark}{next(turn)}"[:length]
        db.session.execute(update(table).where(column.is_not(None)).values({column.name: word}))
    _vandalise_json(turn)
    db.session.commit()
    return written


def _vandalise_json(turn: Iterator[str]) -> None:
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            if column.type.python_type not in (dict, list) or not len(table.primary_key):
                continue
            key = next(iter(table.primary_key.columns))
            for row_id, value in db.session.execute(db.select(key, column)).all():
                changed = {column.name: _worded(value, turn)}
                db.session.execute(update(table).where(key == row_id).values(changed))


def _worded(value: Any, turn: Iterator[str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _worded(inner, turn, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_worded(inner, turn, name) for inner in value]
    return f"json{next(turn)}" if isinstance(value, str) and name in JSON_WORDS else value
