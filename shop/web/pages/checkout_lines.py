"""Goods that stand in the address of the checkout, so that every way back leads to the same."""

import re
from collections.abc import Sequence
from typing import Any

from flask import request

from shop.kernel.errors import NotFound
from shop.reads import pricing
from shop.reads.live_items import sku_of
from shop.reads.pricing import Wish
from shop.web.urls import asked_id

LINE = re.compile(r"([0-9]{1,6}):([0-9]{0,15}):(.{1,40})")
"""Quantity, live item if any, SKU."""


def asked() -> list[Wish]:
    """One item as links name it (``sku`` or ``live_item``, ``quantity``), or each ``line``."""
    lines = request.args.getlist("line")[: pricing.MAX_LINES]
    if lines:
        return [_read(line) for line in lines]
    live_item = request.args.get("live_item", type=asked_id)
    sku = request.args.get("sku") or (sku_of(live_item) if live_item else None)
    if live_item and sku is None:
        raise NotFound
    if sku is None:
        return []
    return [_wish(sku[:40], request.args.get("quantity", 1, type=int), live_item)]


def query(wishes: Sequence[Wish]) -> dict[str, Any]:
    """What ``asked`` reads again."""
    if len(wishes) == 1:
        only = wishes[0]
        return {"sku": only.sku, "quantity": only.quantity, "live_item": only.live_item_id}
    return {"line": [f"{one.quantity}:{one.live_item_id or ''}:{one.sku}" for one in wishes]}


def _read(line: str) -> Wish:
    found = LINE.fullmatch(line)
    if found is None:
        raise NotFound
    return _wish(found[3], int(found[1]), int(found[2]) if found[2] else None)


def _wish(sku: str, quantity: int, live_item_id: int | None) -> Wish:
    units = min(max(quantity, 1), pricing.MAX_UNITS)
    return Wish(sku=sku, quantity=units, live_item_id=live_item_id)
