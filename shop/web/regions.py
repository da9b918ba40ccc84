"""Choosing a county in three lists that work without JavaScript."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shop.domain.logistics import regions
from shop.domain.logistics.regions import Region, UnknownRegion
from shop.kernel.clock import local_date
from shop.tools import tools

PICK = "pick"
"""The name of the button that only asks for the next list."""

Options = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class RegionPicker:
    """What stands in the lists ``province``, ``city`` and ``region_code``, and what is chosen."""

    province: str
    city: str
    region_code: str
    provinces: Options
    cities: Options
    counties: Options


def picker(values: Mapping[str, Any]) -> RegionPicker:
    """From what a form holds; a ``region_code`` alone is enough to fill the lists above it."""
    today = local_date(tools().clock())
    county = _known(values.get("region_code"))
    city = _known(values.get("city"))
    province = _known(values.get("province"))
    if county is not None and city is None and province is None:
        city = county if _is_second(county) else _above(county)
        province = _above(city) if city is not None else None
    city = _below(city, province)
    county = county if city is not None and _is_under(county, city) else None
    return RegionPicker(
        province=province.code if province else "",
        city=city.code if city else "",
        region_code=county.code if county else "",
        provinces=_options(regions.children(None, on=today)),
        cities=_options(regions.children(province.code, on=today)) if province else [],
        counties=_last(city, today) if city else [],
    )


def _known(code: object) -> Region | None:
    try:
        return regions.region(str(code)) if code else None
    except UnknownRegion:
        return None


def _above(one: Region) -> Region | None:
    return regions.region(one.parent) if one.parent else None


def _is_second(one: Region) -> bool:
    """Directly below a province: a city, or a county of a municipality."""
    above = _above(one)
    return above is not None and above.parent is None


def _below(city: Region | None, province: Region | None) -> Region | None:
    if city is None or province is None or city.parent != province.code:
        return None
    return city


def _is_under(county: Region | None, city: Region) -> bool:
    return county is not None and city.code in {county.parent, county.code}


def _last(city: Region, today: date) -> Options:
    """The counties of a city; where there is no level below, the place itself."""
    if regions.is_deliverable_level(city.code):
        return _options((city,))
    return _options(regions.children(city.code, on=today))


def _options(found: tuple[Region, ...]) -> Options:
    return [(one.code, one.name) for one in found]
