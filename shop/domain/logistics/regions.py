"""GB/T 2260 codes of provinces, cities and counties, from shop/data/regions.csv."""

import csv
import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from shop.kernel.errors import Invalid

Level = Literal["province", "city", "county"]
DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True, slots=True)
class Region:
    """One code; it holds from ``valid_from`` until before ``valid_to`` (``None``: today too)."""

    code: str
    name: str
    parent: str | None
    level: Level
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class UnknownRegion(Invalid):
    """No such code in the file."""


_LEVELS: dict[str, Level] = {"province": "province", "city": "city", "county": "county"}


@cache
def _regions() -> MappingProxyType[str, Region]:
    """Read the file once per process."""
    with (DATA / "regions.csv").open(encoding="utf-8", newline="") as lines:
        return MappingProxyType({row["code"]: _region(row) for row in csv.DictReader(lines)})


def _region(row: dict[str, str]) -> Region:
    return Region(
        code=row["code"],
        name=row["name"],
        parent=row["parent"] or None,
        level=_LEVELS[row["level"]],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )


@cache
def _below() -> MappingProxyType[str | None, tuple[Region, ...]]:
    """Parent code → its regions, in the order of their codes."""
    found: dict[str | None, list[Region]] = {}
    for one in _regions().values():
        found.setdefault(one.parent, []).append(one)
    return MappingProxyType({parent: tuple(each) for parent, each in found.items()})


@cache
def version() -> str:
    """The day of the newest list in the file, ``YYYY-MM-DD``."""
    meta = json.loads((DATA / "regions.meta.json").read_text(encoding="utf-8"))
    return str(meta["version"])


def region(code: str) -> Region:
    """The region of a six-digit code, ended ones too; raises ``UnknownRegion``."""
    found = _regions().get(code)
    if found is None:
        raise UnknownRegion("no such region", region_code=code)
    return found


def children(parent: str | None, *, on: date) -> tuple[Region, ...]:
    """What stands below a code on a day, provinces for ``None``; raises ``UnknownRegion``."""
    if parent is not None:
        region(parent)
    return tuple(one for one in _below().get(parent, ()) if one.holds_on(on))


def full_name(code: str) -> str:
    """``山西省 阳泉市 郊区``; raises ``UnknownRegion``."""
    one = region(code)
    return f"{full_name(one.parent)} {one.name}" if one.parent else one.name


def is_deliverable_level(code: str) -> bool:
    """Whether an address may end here: a county, or a city without counties (东莞, 儋州).

    Raises ``UnknownRegion``.
    """
    one = region(code)
    if one.level != "city":
        return one.level == "county"
    return all(below.valid_to is not None for below in _below().get(code, ()))


def is_valid_on(code: str, day: date) -> bool:
    """Whether the code holds on a day; an unknown one never does."""
    found = _regions().get(code)
    return found is not None and found.holds_on(day)
