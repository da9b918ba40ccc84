"""The forms of a split rule and of a freight rule, as people think of them."""

from typing import Any

import marshmallow as ma
from flask import request

from shop.domain.logistics import regions
from shop.domain.logistics.freight import Zone
from shop.domain.logistics.models import FreightRule
from shop.domain.settlement.models import SplitRule
from shop.flows.places import Freight, Split
from shop.kernel.clock import local_date
from shop.kernel.money import yuan
from shop.tools import tools
from shop.web.fields import Pattern
from shop.web.form_fields import Kilos, Percent, Yuan
from shop.web.pages import Form, FormSchema
from shop.web.regions import Options

BOXES = ("far", "undelivered")
PROVINCE = r"^[0-9]{2}$"


class SplitForm(FormSchema):
    platform_bp = Percent(required=True)
    village_bp = Percent(required=True)
    farmer_bp = Percent(required=True)


class FreightForm(FormSchema):
    """Everywhere costs the same, but for provinces of another price and those left out."""

    first_grams = Kilos(1, 50_000, required=True)
    next_grams = Kilos(1, 50_000, required=True)
    first_fen = Yuan(0, 100_000, required=True)
    next_fen = Yuan(0, 100_000, required=True)
    free_from_fen = Yuan(1, load_default=None)
    far = ma.fields.List(Pattern(PROVINCE), load_default=list)
    far_first_fen = Yuan(0, 100_000, load_default=None)
    far_next_fen = Yuan(0, 100_000, load_default=None)
    undelivered = ma.fields.List(Pattern(PROVINCE), load_default=list)

    @ma.validates_schema
    def far_has_a_price(self, data: dict[str, Any], **_: object) -> None:
        """Without a price it would be sent there for nothing."""
        if data.get("far") and None in (data.get("far_first_fen"), data.get("far_next_fen")):
            raise ma.ValidationError("say what these provinces cost", "far_first_fen")


def chosen(form: Form) -> dict[str, list[str]]:
    """Which provinces are ticked: a form keeps only the first of several boxes of one name."""
    if request.method == "POST":
        return {name: request.form.getlist(name) for name in BOXES}
    return {name: list(form.value(name) or ()) for name in BOXES}


def provinces() -> Options:
    """(first two digits, name) of each province."""
    found = regions.children(None, on=local_date(tools().clock()))
    return [(one.code[:2], one.name) for one in found]


def split_of(data: dict[str, Any]) -> Split:
    """The typed split in the flow's own words."""
    return Split(
        platform_bp=data["platform_bp"],
        village_bp=data["village_bp"],
        farmer_bp=data["farmer_bp"],
    )


def freight_of(data: dict[str, Any]) -> Freight:
    """The typed freight in the flow's own words; not delivering wins over being far."""
    closed = set(data["undelivered"])
    zones = [Zone(prefix="", first_fen=data["first_fen"], next_fen=data["next_fen"])]
    for code, _name in provinces():
        if code in closed:
            zones.append(Zone(prefix=code, delivers=False))
        elif code in data["far"]:
            zones.append(
                Zone(prefix=code, first_fen=data["far_first_fen"], next_fen=data["far_next_fen"])
            )
    return Freight(
        first_grams=data["first_grams"],
        next_grams=data["next_grams"],
        free_from_fen=data["free_from_fen"],
        zones=zones,
    )


def split_values(rule: SplitRule | None) -> dict[str, Any]:
    """A kept split as it is typed."""
    if rule is None:
        return {"platform_bp": "2", "village_bp": "5", "farmer_bp": "60"}
    return {
        name: _number(getattr(rule, name), 2) for name in ("platform_bp", "village_bp", "farmer_bp")
    }


def freight_values(rule: FreightRule | None) -> dict[str, Any]:
    """A kept freight rule as it is typed."""
    if rule is None:
        return {"first_grams": "1", "next_grams": "1", "first_fen": "8.00", "next_fen": "2.00"}
    usual = next((zone for zone in rule.zones if zone.prefix == ""), None)
    far = [zone for zone in rule.zones if zone.prefix and zone.delivers]
    return {
        "first_grams": _number(rule.first_grams, 3),
        "next_grams": _number(rule.next_grams, 3),
        "first_fen": _fen(usual.first_fen if usual else None),
        "next_fen": _fen(usual.next_fen if usual else None),
        "free_from_fen": _fen(rule.free_from_fen),
        "far": [zone.prefix for zone in far],
        "far_first_fen": _fen(far[0].first_fen if far else None),
        "far_next_fen": _fen(far[0].next_fen if far else None),
        "undelivered": [zone.prefix for zone in rule.zones if not zone.delivers],
    }


def _number(value: int, places: int) -> str:
    whole, rest = divmod(value, 10**places)
    return f"{whole}.{rest:0{places}d}".rstrip("0").rstrip(".")


def _fen(amount: int | None) -> str:
    return "" if amount is None else yuan(amount).replace("¥", "").replace(",", "")
