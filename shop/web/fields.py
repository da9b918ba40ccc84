"""Marshmallow fields that take exactly what the contract says; API and page forms share them.

Every refusal is a ``Said``: an English key for the reader's language and a code for programs.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma

from shop.domain.accounts import phones
from shop.kernel.clock import rfc3339
from shop.kernel.codes import clean_lot_code
from shop.kernel.errors import Invalid
from shop.kernel.money import MAX_FEN

MAX_INT = 2**53
MAX_GRAMS = 10**10
WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
INVISIBLE = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u2060\ufeff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb\ufffe\uffff]")
BIDI = re.compile("[\u061c\u202a-\u202e\u2066-\u2069]")
LONE = re.compile("[\ud800-\udfff]")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?$"
SKU = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$"
LOT_CODE = r"^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{5}$"
PHONE = r"^1[3-9][0-9]{9}$"


class Said(str):
    """A refusal: what people read (an English key) and the code that programs read."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, text: str, *, code: str = "invalid") -> "Said":
        made = super().__new__(cls, text)
        made.code = code
        return made


def refuse(text: str, *, code: str = "invalid") -> ma.ValidationError:
    """The error to raise from a field or a schema."""
    return ma.ValidationError([Said(text, code=code)])


class Strict(ma.fields.Field[Any]):
    """A field whose whole reading is ``read``: what comes in is taken as it is, never coerced."""

    def read(self, value: Any) -> Any:
        """Give the value the shop works with, or raise ``refuse(...)``."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return self.read(value)


class Whole(Strict, ma.fields.Integer):
    """A whole number written as one: no float, no text, no boolean, within ``low`` and ``high``."""

    def __init__(self, low: int = -MAX_INT, high: int = MAX_INT, **kwargs: Any) -> None:
        self.low, self.high = low, high
        super().__init__(**kwargs)
        self.metadata = {"minimum": low, "maximum": high, "format": "int64", **self.metadata}

    def read(self, value: Any) -> Any:
        if type(value) is not int:
            raise refuse("a whole number is needed", code="not-an-integer")
        return self.within(value)

    def within(self, value: int) -> int:
        """Give the value back, or say that it is out of range."""
        if not self.low <= value <= self.high:
            raise refuse("this number is too small or too large", code="out-of-range")
        return value


class QueryInt(Whole):
    """A whole number in the text of an address or a form."""

    def read(self, value: Any) -> Any:
        if not (isinstance(value, str) and WHOLE.fullmatch(value.strip())):
            raise refuse("a whole number is needed", code="not-an-integer")
        return self.within(int(value.strip()))


class Fen(Whole):
    """Money in fen (CNY)."""

    def __init__(self, low: int = 0, high: int = MAX_FEN, **kwargs: Any) -> None:
        super().__init__(low, high, **kwargs)


class Grams(Whole):
    """A weight in grams."""

    def __init__(self, low: int = 0, high: int = MAX_GRAMS, **kwargs: Any) -> None:
        super().__init__(low, high, **kwargs)


class Bp(Whole):
    """A share in basis points: 10,000 is the whole."""

    def __init__(self, low: int = 0, high: int = 10_000, **kwargs: Any) -> None:
        super().__init__(low, high, **kwargs)


class Flag(Strict, ma.fields.Boolean):
    """``true`` or ``false`` and nothing that looks like them."""

    def read(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise refuse("true or false is needed", code="not-a-boolean")
        return value


class ByName(ma.fields.Dict):
    """An object whose names are data; a complaint stands at the name, not at its ``value``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ma.ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            at_names = {
                name: said.get("value", said.get("key")) for name, said in error.messages.items()
            }
            raise ma.ValidationError(at_names, valid_data=error.valid_data) from error


class Text(Strict, ma.fields.String):
    """Words of people: NFC, stripped, without invisible or direction-changing characters.

    ``low`` and ``high`` count characters; ``lines=True`` allows line breaks.
    """

    def __init__(
        self, low: int = 1, high: int = 200, *, lines: bool = False, **kwargs: Any
    ) -> None:
        self.low, self.high, self.lines = low, high, lines
        super().__init__(**kwargs)
        self.metadata = {"minLength": low, "maxLength": high, **self.metadata}

    def read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise refuse("text is needed", code="not-a-text")
        if len(value) > 4 * self.high + 16:
            raise refuse("this text is too long", code="too-long")
        if CONTROL.search(value) or BIDI.search(value) or LONE.search(value):
            raise refuse("this text holds a character that is not allowed", code="bad-character")
        text = self._clean(value)
        if len(text) > self.high or len(text.encode()) > 4 * self.high:
            raise refuse("this text is too long", code="too-long")
        if len(text) < self.low:
            raise refuse("this text is too short", code="too-short")
        return text

    def _clean(self, value: str) -> str:
        text = INVISIBLE.sub("", unicodedata.normalize("NFC", value))
        if self.lines:
            return text.replace("\r\n", "\n").replace("\r", "\n").strip()
        return " ".join(text.split())


class Pattern(Strict, ma.fields.String):
    """A code of a fixed form; ``pattern`` is also what the OpenAPI document says."""

    def __init__(self, pattern: str, **kwargs: Any) -> None:
        self.pattern = re.compile(pattern, re.ASCII)
        super().__init__(**kwargs)
        self.metadata = {"pattern": pattern, **self.metadata}

    def read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise refuse("text is needed", code="not-a-text")
        if len(value) > 200 or self.pattern.fullmatch(value) is None:
            raise refuse("this does not have the right form", code="bad-form")
        return value


class Slug(Pattern):
    """The name of a thing in an address: small letters, digits and hyphens."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SLUG, **kwargs)


class Sku(Pattern):
    """A variant's own code, at most 40 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SKU, **kwargs)


class LotCode(Strict, ma.fields.String):
    """A lot's code however it was typed; the check sign must be right."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {"pattern": LOT_CODE, **self.metadata}

    def read(self, value: Any) -> Any:
        code = clean_lot_code(value) if isinstance(value, str) and len(value) < 40 else None
        if code is None:
            raise refuse("this is not the code of a lot", code="bad-form")
        return code


class Phone(Strict, ma.fields.String):
    """A mainland mobile number: E.164 inside, eleven digits towards people."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {"pattern": PHONE, **self.metadata}

    def read(self, value: Any) -> Any:
        try:
            return phones.parse(value if isinstance(value, str) else "")
        except Invalid as error:
            raise refuse(error.detail, code="bad-phone") from error

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else phones.national(str(value))


class Utc(Strict, ma.fields.DateTime):
    """An instant in RFC 3339: any offset comes in, ``Z`` goes out; text that left before stays."""

    def read(self, value: Any) -> Any:
        if not (isinstance(value, str) and INSTANT.fullmatch(value)):
            raise refuse("a time such as 2026-02-01T08:00:00Z is needed", code="bad-time")
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise refuse("there is no such time", code="bad-time") from error

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        return rfc3339(value) if isinstance(value, datetime) else value


class Day(Strict, ma.fields.Date):
    """A calendar day, ``YYYY-MM-DD``."""

    def read(self, value: Any) -> Any:
        if not (isinstance(value, str) and DAY.fullmatch(value)):
            raise refuse("a date such as 2026-02-01 is needed", code="bad-date")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise refuse("there is no such day", code="bad-date") from error
