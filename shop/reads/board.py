"""The village's sunshine board (阳光公开栏): sums of the ledger, to the fen, and no household."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from shop.db import db
from shop.domain.settlement import queries as books
from shop.domain.settlement import sheets
from shop.domain.settlement.models import BoardSheet, LedgerEntry, LedgerTx, SplitRule
from shop.domain.settlement.states import PartyKind, TxKind
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.kernel.errors import NotFound

Legs = Sequence[ColumnElement[bool]]
COMPARED = (
    "orders",
    "gmv_fen",
    "refunds_fen",
    "freight_fen",
    "platform_fee_fen",
    "host_commission_fen",
    "net_fen",
    "village_fen",
)
SMALLEST_CELL = 5
"""Fewer growers than this in a cell and their line is merged (DOMAIN section 13)."""


@dataclass(frozen=True, kw_only=True)
class RuleShown:
    """One version of a cooperative's split rule that the figures were made by."""

    cooperative: str
    version: int
    platform_bp: int
    village_bp: int
    farmer_bp: int


@dataclass(frozen=True, kw_only=True)
class Published:
    """When a month was countersigned, and as of when its figures are."""

    at: datetime
    as_of: datetime
    version: int
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A figure that the ledger has changed since it was published."""

    figure: str
    published: int
    now: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A month of one village, in fen; each share is after refunds.

    ``net_fen`` = GMV − refunds − freight − platform fee − host commission
    = farmers + cooperatives + village. Where ``growers_merged`` is true, ``farmers_fen`` is
    ``None`` and is contained in ``cooperative_fen``.
    """

    orders: int
    gmv_fen: int
    refunds_fen: int
    freight_fen: int
    platform_fee_fen: int
    host_commission_fen: int
    net_fen: int
    farmers_fen: int | None
    cooperative_fen: int
    village_fen: int
    growers_merged: bool


@dataclass(frozen=True, kw_only=True)
class Board(Figures):
    """The figures as the ledger has them now, and what was published of them."""

    village: Village
    period: str
    rules: tuple[RuleShown, ...]
    posted_at: datetime | None
    published: Published | None
    corrections: tuple[Correction, ...]

    @property
    def published_at(self) -> datetime | None:
        return self.published.at if self.published else None


def village_by_slug(slug: str) -> Village:
    """The village of this slug; raises ``NotFound``."""
    village = db.session.scalar(select(Village).where(Village.slug == slug))
    if village is None:
        raise NotFound
    return village


def board(slug: str, period: str) -> Board:
    """Recompute one month's board from the ledger. ``period`` is ``YYYY-MM``, Asia/Shanghai."""
    village = village_by_slug(slug)
    found = figures(village.id, period)
    sheet = sheets.published(village.id, period)
    return Board(
        **vars(found),
        village=village,
        period=period,
        rules=_rules(village.id, period),
        posted_at=_last_posting(village.id, period),
        published=_published(sheet) if sheet else None,
        corrections=_corrections(Figures(**sheet.figures), found) if sheet else (),
    )


def figures(village_id: int, period: str, *, until: int | None = None) -> Figures:
    """One month's figures, of the whole ledger or as they were at its leg ``until``."""
    legs = [LedgerEntry.village_id == village_id, LedgerEntry.period == period]
    if until is not None:
        legs.append(LedgerEntry.id <= until)
    sums = _sums(legs)
    gmv = sums[(TxKind.COMPLETION, PartyKind.CLEARING)]
    refunds = -sums[(TxKind.REFUND, PartyKind.CLEARING)]
    by_party = {
        kind: -(sums[(TxKind.COMPLETION, kind)] + sums[(TxKind.REFUND, kind)]) for kind in PartyKind
    }
    freight, platform = by_party[PartyKind.FREIGHT], by_party[PartyKind.PLATFORM]
    host = by_party[PartyKind.HOST]
    farmers, cooperative = by_party[PartyKind.FARMER], by_party[PartyKind.COOPERATIVE]
    merged = not _may_show_growers(legs)
    return Figures(
        orders=_orders(legs),
        gmv_fen=gmv,
        refunds_fen=refunds,
        freight_fen=freight,
        platform_fee_fen=platform,
        host_commission_fen=host,
        net_fen=gmv - refunds - freight - platform - host,
        farmers_fen=None if merged else farmers,
        cooperative_fen=cooperative + (farmers if merged else 0),
        village_fen=by_party[PartyKind.VILLAGE],
        growers_merged=merged,
    )


def _published(sheet: BoardSheet) -> Published | None:
    if sheet.decided_at is None:
        return None
    return Published(
        at=sheet.decided_at, as_of=sheet.drafted_at, version=sheet.version, note=sheet.note
    )


def _corrections(before: Figures, now: Figures) -> tuple[Correction, ...]:
    """Farmers and cooperatives are told together, so that no household's sale is the difference."""
    old, new = compared(before), compared(now)
    return tuple(
        Correction(figure=name, published=old[name], now=new[name])
        for name in old
        if old[name] != new[name]
    )


def compared(one: Figures) -> dict[str, int]:
    """What two boards of a month are compared by, whoever of the growers may be shown."""
    members = one.cooperative_fen + (one.farmers_fen or 0)
    return {name: getattr(one, name) for name in COMPARED} | {"members_fen": members}


def _sums(legs: Legs) -> dict[tuple[TxKind, PartyKind], int]:
    rows = db.session.execute(
        select(LedgerTx.kind, LedgerEntry.party_kind, func.sum(LedgerEntry.amount_fen))
        .join(LedgerTx, LedgerTx.id == LedgerEntry.tx_id)
        .where(*legs)
        .group_by(LedgerTx.kind, LedgerEntry.party_kind)
    )
    found: dict[tuple[TxKind, PartyKind], int] = defaultdict(int)
    for tx_kind, party_kind, fen in rows:
        found[(tx_kind, party_kind)] = int(fen)
    return found


def _orders(legs: Legs) -> int:
    return (
        db.session.scalar(
            select(func.count(func.distinct(LedgerEntry.order_id)))
            .join(LedgerTx, LedgerTx.id == LedgerEntry.tx_id)
            .where(*legs, LedgerTx.kind == TxKind.COMPLETION)
        )
        or 0
    )


def _may_show_growers(legs: Legs) -> bool:
    """Five growers or more in the cell, or the recorded consent of each of them.

    Who has nothing left after refunds is not in it: otherwise four sales taken back would leave
    one household's income to be read.
    """
    growers = db.session.execute(
        select(Farmer.id, Farmer.consented_at)
        .join(LedgerEntry, LedgerEntry.party_id == Farmer.id)
        .where(*legs, LedgerEntry.party_kind == PartyKind.FARMER)
        .group_by(Farmer.id, Farmer.consented_at)
        .having(func.sum(LedgerEntry.amount_fen) != 0)
    ).all()
    return len(growers) >= SMALLEST_CELL or (
        bool(growers) and all(consented is not None for _, consented in growers)
    )


def _rules(village_id: int, period: str) -> tuple[RuleShown, ...]:
    rows = db.session.execute(
        select(Cooperative.name, SplitRule)
        .join(SplitRule, SplitRule.cooperative_id == Cooperative.id)
        .where(
            SplitRule.id.in_(
                select(LedgerEntry.split_rule_id).where(
                    LedgerEntry.village_id == village_id, LedgerEntry.period == period
                )
            )
        )
        .order_by(Cooperative.id, SplitRule.version)
    )
    return tuple(
        RuleShown(
            cooperative=name,
            version=rule.version,
            platform_bp=rule.platform_bp,
            village_bp=rule.village_bp,
            farmer_bp=rule.farmer_bp,
        )
        for name, rule in rows
    )


def _last_posting(village_id: int, period: str) -> datetime | None:
    return db.session.scalar(
        select(func.max(LedgerTx.posted_at))
        .join(LedgerEntry, LedgerEntry.tx_id == LedgerTx.id)
        .where(LedgerEntry.village_id == village_id, LedgerEntry.period == period)
    )


def periods(village_id: int) -> list[str]:
    """Months with figures, the newest first."""
    return books.periods(LedgerEntry.village_id == village_id)


def villages_with_boards() -> list[tuple[Village, str | None]]:
    """Every village with the newest month that has figures."""
    newest = (
        select(func.max(LedgerEntry.period))
        .where(LedgerEntry.village_id == Village.id)
        .scalar_subquery()
    )
    rows = db.session.execute(select(Village, newest).order_by(newest.is_(None), Village.id))
    return [(village, period) for village, period in rows]
