"""Freight by weight and region; where no rule answers, nothing is sold rather than sent free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from shop.bulk import among
from shop.db import db
from shop.domain.logistics.models import FreightRule, FreightZone
from shop.kernel.errors import DomainError, Invalid


class NoDelivery(DomainError):
    """A cooperative does not send to this region; facts: ``cooperative``, ``region_code``."""

    code = "no-delivery"


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A price for regions whose code starts with ``prefix`` ('' is everywhere else)."""

    prefix: str
    first_fen: int = 0
    next_fen: int = 0
    delivers: bool = True


def freight_fen(rule: FreightRule, *, region_code: str, grams: int, goods_fen: int) -> int | None:
    """What a parcel costs: first weight, then each started next weight. ``None``: not delivered."""
    zone = max(
        (zone for zone in rule.zones if region_code.startswith(zone.prefix)),
        key=lambda zone: len(zone.prefix),
        default=None,
    )
    if zone is None or not zone.delivers:
        return None
    if rule.free_from_fen is not None and goods_fen >= rule.free_from_fen:
        return 0
    over = max(grams - rule.first_grams, 0)
    return zone.first_fen + -(-over // rule.next_grams) * zone.next_fen


def current_rules(cooperative_ids: Sequence[int]) -> dict[int, FreightRule]:
    """The newest rule of each cooperative that has one."""
    newest = (
        select(FreightRule.cooperative_id, func.max(FreightRule.version).label("version"))
        .where(among(FreightRule.cooperative_id, cooperative_ids))
        .group_by(FreightRule.cooperative_id)
        .subquery()
    )
    rules = db.session.scalars(
        select(FreightRule).join(
            newest,
            (FreightRule.cooperative_id == newest.c.cooperative_id)
            & (FreightRule.version == newest.c.version),
        )
    )
    return {rule.cooperative_id: rule for rule in rules}


def set_rule(
    cooperative_id: int,
    *,
    first_grams: int,
    next_grams: int,
    free_from_fen: int | None,
    zones: Sequence[Zone],
    actor_id: int | None,
    now: datetime,
) -> FreightRule:
    """Add the next version of a cooperative's freight; quotes made from now on use it."""
    if first_grams <= 0 or next_grams <= 0 or not zones:
        raise Invalid("a freight rule has weights and at least one zone")
    if len({zone.prefix for zone in zones}) != len(zones):
        raise Invalid("a region stands twice in the freight rule")
    newest = db.session.scalar(
        select(func.max(FreightRule.version)).where(FreightRule.cooperative_id == cooperative_id)
    )
    rule = FreightRule(
        cooperative_id=cooperative_id,
        version=(newest or 0) + 1,
        first_grams=first_grams,
        next_grams=next_grams,
        free_from_fen=free_from_fen,
        created_by=actor_id,
        created_at=now,
        zones=[
            FreightZone(
                prefix=zone.prefix,
                first_fen=zone.first_fen,
                next_fen=zone.next_fen,
                delivers=zone.delivers,
            )
            for zone in zones
        ],
    )
    db.session.add(rule)
    db.session.flush()
    return rule
