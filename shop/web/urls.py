"""Path converters: what does not look like an id is as absent as an unknown one."""

from flask import Flask
from werkzeug.routing import BaseConverter, ValidationError

from shop.kernel.codes import clean_lot_code

MAX_ID = 2**53


def asked_id(text: str) -> int:
    """An id after the question mark, for ``request.args.get(..., type=asked_id)``."""
    number = int(text)
    if not 0 < number <= MAX_ID:
        raise ValueError
    return number


class IdConverter(BaseConverter):
    """``1`` to 2^53, written in one way only."""

    regex = "[1-9][0-9]{0,15}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValidationError
        return number


class SlugConverter(BaseConverter):
    """Small letters, digits and hyphens, at most 80."""

    regex = "[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?"


class NumberConverter(BaseConverter):
    """An order number: the day and ten signs."""

    regex = "[0-9]{6}-[2-9A-HJ-NP-Z]{10}"


class CodeConverter(BaseConverter):
    """A lot's code, however it was typed; a wrong check sign is an absent lot."""

    regex = "[0-9A-Za-z-]{9,20}"

    def to_python(self, value: str) -> str:
        code = clean_lot_code(value)
        if code is None:
            raise ValidationError
        return code


class SlipConverter(BaseConverter):
    """A weighing slip's number: the day and six signs."""

    regex = "W[0-9]{6}-[2-9A-HJ-NP-Z]{6}"


class SkuConverter(BaseConverter):
    """A variant's own code, at most 40 characters."""

    regex = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?"


CONVERTERS: dict[str, type[BaseConverter]] = {
    "id": IdConverter,
    "slug": SlugConverter,
    "number": NumberConverter,
    "code": CodeConverter,
    "sku": SkuConverter,
    "slip": SlipConverter,
}


def install(app: Flask) -> None:
    """Teach the map; a doubled slash is a path that does not exist, not a redirect."""
    app.url_map.converters.update(CONVERTERS)
    app.url_map.merge_slashes = False
