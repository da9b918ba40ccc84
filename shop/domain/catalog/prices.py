"""Prices of a SKU: every change leaves a row, and a comparison needs its ground."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.db import db
from shop.domain.catalog import queries
from shop.domain.catalog.models import PriceChange, StrikeEvidence, Variant
from shop.domain.catalog.states import StrikeBasis
from shop.domain.catalog.strike import Deals, objection
from shop.kernel.errors import Invalid

HISTORIED = ("price_fen", "strike_price_fen")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a struck-through price leans on."""

    basis: StrikeBasis
    source: str | None = None


def set_prices(
    variant: Variant,
    values: Mapping[str, Any],
    *,
    deals: Deals,
    ground: Ground | None,
    offered: bool,
    pointer: str,
    actor_id: int | None,
    now: datetime,
) -> bool:
    """Change prices in fen, floor and commission; gives whether anything changed.

    ``ground`` is the basis stated now, else the one of the last evidence holds. ``offered`` is
    false for a draft, whose prices nobody saw. Raises ``Invalid`` at ``pointer``.
    """
    before = {name: getattr(variant, name) for name in (*HISTORIED, *values)}
    for name, value in values.items():
        setattr(variant, name, value)
    check_floor(variant.live_floor_fen, price_fen=variant.price_fen, pointer=pointer)
    moved = {name for name in before if before[name] != getattr(variant, name)}
    if variant.strike_price_fen is not None and (moved & set(HISTORIED) or ground is not None):
        _justify(variant, ground, deals=deals, pointer=pointer, actor_id=actor_id, now=now)
    if offered:
        for name in HISTORIED:
            if name in moved:
                _record(variant, name, before[name], actor_id=actor_id, now=now)
    return bool(moved)


def check_floor(floor_fen: int | None, *, price_fen: int, pointer: str) -> None:
    """A room's lowest price is not above the page's; raises ``Invalid`` at ``pointer``."""
    if floor_fen is not None and floor_fen > price_fen:
        raise Invalid.at(f"{pointer}/live_floor_fen", "the live floor is above the price")


def _justify(
    variant: Variant,
    ground: Ground | None,
    *,
    deals: Deals,
    pointer: str,
    actor_id: int | None,
    now: datetime,
) -> None:
    """Write the evidence of a comparison, or refuse it."""
    strike_fen = variant.strike_price_fen
    if strike_fen is None:
        return
    with db.session.no_autoflush:
        ground = ground or _ground_before(variant.sku)
    refused = objection(
        strike_fen=strike_fen,
        price_fen=variant.price_fen,
        basis=ground.basis,
        source=ground.source,
        deals=deals,
    )
    if refused:
        raise Invalid.at(f"{pointer}/strike_price_fen", refused, code="baseless-comparison")
    db.session.add(
        StrikeEvidence(
            sku=variant.sku,
            strike_price_fen=strike_fen,
            basis=ground.basis,
            lowest_paid_fen=deals.ceiling_fen,
            source=ground.source,
            actor_id=actor_id,
            at=now,
        )
    )


def _ground_before(sku: str) -> Ground:
    last = queries.last_evidence(sku)
    if last is None:
        return Ground(basis=StrikeBasis.LOWEST_PAID)
    return Ground(basis=last.basis, source=last.source)


def _record(
    variant: Variant, name: str, old_fen: int | None, *, actor_id: int | None, now: datetime
) -> None:
    db.session.add(
        PriceChange(
            sku=variant.sku,
            field=name,
            old_fen=old_fen,
            new_fen=getattr(variant, name),
            actor_id=actor_id,
            at=now,
        )
    )
