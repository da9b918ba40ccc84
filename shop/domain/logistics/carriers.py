"""Carriers by any name people write, and waybill numbers as they come out of a spreadsheet."""

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from shop.kernel.errors import Invalid

DATA = Path(__file__).resolve().parents[2] / "data"
MIN_WAYBILL, MAX_WAYBILL = 6, 32
"""The lengths that Kuaidi100 accepts."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """``code`` is Kuaidi100's ``com``; ``hint`` what its numbers mostly look like, no proof."""

    code: str
    name: str
    short_name: str
    kdniao: str
    aliases: tuple[str, ...]
    hint: re.Pattern[str] | None
    needs_phone: bool
    """Kuaidi100 answers queries of this carrier only with the receiver's or sender's phone."""


class UnknownCarrier(Invalid):
    """No carrier goes by this name or code."""


class BadWaybill(Invalid):
    """Not a waybill number; the detail says what happened to it."""


@cache
def carriers() -> tuple[Carrier, ...]:
    """All carriers in the order of the file: the one used most first."""
    with (DATA / "carriers.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(_carrier(row) for row in csv.DictReader(lines))


def _carrier(row: dict[str, str]) -> Carrier:
    return Carrier(
        code=row["code"],
        name=row["name"],
        short_name=row["short_name"],
        kdniao=row["kdniao"],
        aliases=tuple(filter(None, row["aliases"].split("|"))),
        hint=re.compile(row["hint"]) if row["hint"] else None,
        needs_phone=row["needs_phone"] == "1",
    )


@cache
def _by_key() -> MappingProxyType[str, Carrier]:
    """Every spelling → carrier; one that two share (DBL) belongs to the first in the file."""
    found: dict[str, Carrier] = {}
    for one in carriers():
        for spelling in (one.code, one.name, one.short_name, one.kdniao, *one.aliases):
            if spelling:
                found.setdefault(_key(spelling), one)
    return MappingProxyType(found)


def _key(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def find(text: str) -> Carrier:
    """The carrier of a code, name, short name or alias in any case or width.

    Raises ``UnknownCarrier``.
    """
    found = _by_key().get(_key(text)) if len(text) <= 64 else None
    if found is None:
        raise UnknownCarrier("no such carrier", carrier=text[:64])
    return found


def squeeze(text: str) -> str:
    """Half width, upper case, without spaces, invisible marks and Excel's leading apostrophe."""
    plain = unicodedata.normalize("NFKC", text).upper()
    seen = (letter for letter in plain if not _is_invisible(letter))
    return "".join(seen).removeprefix("'")


def _is_invisible(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) == "Cf"


_DAMAGE = (
    (
        re.compile(r"[+-]?\d+(\.\d+)?E[+-]\d+|[+-]?\d\.\d*E\d+"),
        "the spreadsheet turned this number into scientific notation and its last digits are lost;"
        " format the column as text and enter it again",
    ),
    (
        re.compile(r"\d+\.0*"),
        "the spreadsheet turned this number into a decimal; format the column as text",
    ),
    (
        re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?"),
        "the spreadsheet put thousands separators into this number; format the column as text",
    ),
    (re.compile(r"#+|#N/A|#VALUE!|#REF!"), "the spreadsheet shows an error instead of a number"),
)


def clean_waybill(text: str) -> str:
    """A waybill number as carriers print it; raises ``BadWaybill`` with the reason."""
    if len(text) > 8 * MAX_WAYBILL:
        raise BadWaybill("a waybill number has at most 32 characters")
    number = squeeze(text)
    for damage, reason in _DAMAGE:
        if damage.fullmatch(number):
            raise BadWaybill(reason, waybill_no=number)
    if not re.fullmatch(r"[A-Z0-9-]*", number):
        raise BadWaybill("a waybill number has only letters, digits and hyphens", waybill_no=number)
    if len(number) < MIN_WAYBILL:
        raise BadWaybill("a waybill number has at least 6 characters", waybill_no=number)
    if len(number) > MAX_WAYBILL:
        raise BadWaybill("a waybill number has at most 32 characters")
    if not re.search(r"[1-9]", number):
        raise BadWaybill("a waybill number has digits", waybill_no=number)
    return number


def hint_mismatch(carrier: Carrier, waybill: str) -> bool:
    """Whether the number looks like another carrier's: a warning, never a refusal."""
    return carrier.hint is not None and carrier.hint.fullmatch(waybill) is None
