"""Fields of page forms: what people type, turned into fen, grams, basis points and instants."""

import re
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma

from shop.kernel.clock import SHANGHAI
from shop.kernel.money import MAX_FEN
from shop.web.fields import MAX_GRAMS, QueryInt, Strict, refuse

DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?")
LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")


class FormInt(QueryInt):
    """A whole number typed into a field."""


class Decimal(Strict, ma.fields.Integer):
    """A number with ``places`` digits after the point, kept as a whole number of the last one."""

    def __init__(self, places: int, low: int, high: int, **kwargs: Any) -> None:
        self.places, self.low, self.high = places, low, high
        super().__init__(**kwargs)

    def read(self, value: Any) -> Any:
        text = str(value).strip().replace(",", "").removeprefix("¥").removesuffix("%").strip()
        if DECIMAL.fullmatch(text) is None:
            raise refuse("a number is needed", code="not-a-number")
        whole, _, part = text.partition(".")
        if len(part.rstrip("0")) > self.places:
            raise refuse("this number has too many decimals", code="too-precise")
        amount = int(whole + part[: self.places].ljust(self.places, "0"))
        if not self.low <= amount <= self.high:
            raise refuse("this number is too small or too large", code="out-of-range")
        return amount


class Yuan(Decimal):
    """``36.80`` yuan as 3680 fen."""

    def __init__(self, low: int = 0, high: int = MAX_FEN, **kwargs: Any) -> None:
        super().__init__(2, low, high, **kwargs)


class Kilos(Decimal):
    """``2.5`` kg as 2500 grams."""

    def __init__(self, low: int = 0, high: int = MAX_GRAMS, **kwargs: Any) -> None:
        super().__init__(3, low, high, **kwargs)


class Percent(Decimal):
    """``12.5`` % as 1250 basis points."""

    def __init__(self, low: int = 0, high: int = 10_000, **kwargs: Any) -> None:
        super().__init__(2, low, high, **kwargs)


class Checkbox(Strict, ma.fields.Boolean):
    """On when the box was sent at all."""

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("required"):
            kwargs.setdefault("load_default", False)
        super().__init__(**kwargs)

    def read(self, value: Any) -> Any:
        return str(value) not in ("", "0", "off", "false")


class LocalTime(Strict, ma.fields.DateTime):
    """The value of ``<input type=datetime-local>``, in Asia/Shanghai, as a UTC instant."""

    def read(self, value: Any) -> Any:
        if not (isinstance(value, str) and LOCAL.fullmatch(value)):
            raise refuse("a date and a time are needed", code="bad-time")
        try:
            return datetime.fromisoformat(value).replace(tzinfo=SHANGHAI).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise refuse("there is no such time", code="bad-time") from error
