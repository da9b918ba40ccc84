"""How one sale is shared: plain arithmetic, exact to the fen by largest remainder."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.domain.settlement.models import SplitRule
from shop.domain.settlement.states import PartyKind
from shop.kernel.money import WHOLE_BP, allocate, split_bp


@dataclass(frozen=True, kw_only=True)
class Grower:
    """Grams of a lot that one household grew; ``None`` is the cooperative itself."""

    farmer_id: int | None
    village_id: int
    grams: int


@dataclass(frozen=True, kw_only=True)
class LotShare:
    """Units of a line that came from one lot."""

    lot_id: int
    units: int
    growers: tuple[Grower, ...]


@dataclass(frozen=True, kw_only=True)
class SoldLine:
    """What of an order line is income: gross after refunds, with the lots it came from."""

    order_line_id: int
    cooperative_id: int
    host_id: int | None
    commission_bp: int
    rule: SplitRule
    gross_fen: int
    freight_fen: int
    lots: tuple[LotShare, ...]


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One side of a posting, in fen: debit +, credit −."""

    party_kind: PartyKind
    party_id: int | None
    cooperative_id: int
    village_id: int
    split_rule_id: int
    order_line_id: int
    lot_id: int
    amount_fen: int
    quantity: int = 0


def host_bp(rule: SplitRule, commission_bp: int) -> int:
    """The host's share; never more than the rule leaves."""
    return min(commission_bp, WHOLE_BP - rule.platform_bp - rule.village_bp - rule.farmer_bp)


def preview(goods_fen: int, rule: SplitRule, commission_bp: int) -> dict[PartyKind, int]:
    """Where ``goods_fen`` goes by a rule: what a product page shows before anything is bought."""
    return split_bp(
        goods_fen,
        {
            PartyKind.PLATFORM: rule.platform_bp,
            PartyKind.HOST: host_bp(rule, commission_bp),
            PartyKind.VILLAGE: rule.village_bp,
            PartyKind.FARMER: rule.farmer_bp,
        },
        rest=PartyKind.COOPERATIVE,
    )


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """What one village grew of one lot: the smallest part that is shared by the rule."""

    lot: LotShare
    village_id: int
    growers: tuple[Grower, ...]
    weight: int


def legs_of(line: SoldLine) -> list[Leg]:
    """The balanced legs of one line: per lot and village, then by party, then by grams."""
    cells = _cells(line)
    weights = [cell.weight for cell in cells]
    goods = allocate(line.gross_fen, weights)
    freight = allocate(line.freight_fen, weights)
    legs: list[Leg] = []
    for cell, gross_fen, freight_fen in zip(cells, goods, freight, strict=True):
        legs.extend(_cell_legs(line, cell, gross_fen, freight_fen))
    return [leg for leg in legs if leg.amount_fen != 0]


def _cells(line: SoldLine) -> list[_Cell]:
    """Weighed by units of the lot times the village's share of its grams."""
    found = []
    for lot in line.lots:
        scale = _common(line.lots) // sum(grower.grams for grower in lot.growers)
        for village_id in sorted({grower.village_id for grower in lot.growers}):
            here = tuple(g for g in lot.growers if g.village_id == village_id)
            weight = lot.units * sum(g.grams for g in here) * scale
            found.append(_Cell(lot=lot, village_id=village_id, growers=here, weight=weight))
    return found


def _common(lots: Sequence[LotShare]) -> int:
    product = 1
    for lot in lots:
        product *= sum(grower.grams for grower in lot.growers)
    return product


def _cell_legs(line: SoldLine, cell: _Cell, gross_fen: int, freight_fen: int) -> list[Leg]:
    lot, village_id, growers = cell.lot, cell.village_id, cell.growers
    shares = preview(gross_fen, line.rule, line.commission_bp if line.host_id else 0)
    by_grams = allocate(shares[PartyKind.FARMER], [grower.grams for grower in growers])
    own = sum(
        fen for grower, fen in zip(growers, by_grams, strict=True) if grower.farmer_id is None
    )
    parts: list[tuple[PartyKind, int | None, int]] = [
        (PartyKind.CLEARING, None, gross_fen + freight_fen),
        (PartyKind.PLATFORM, None, -shares[PartyKind.PLATFORM]),
        (PartyKind.HOST, line.host_id, -shares[PartyKind.HOST]),
        (PartyKind.VILLAGE, village_id, -shares[PartyKind.VILLAGE]),
        (PartyKind.COOPERATIVE, line.cooperative_id, -shares[PartyKind.COOPERATIVE] - own),
        (PartyKind.FREIGHT, line.cooperative_id, -freight_fen),
    ]
    parts += [
        (PartyKind.FARMER, grower.farmer_id, -fen)
        for grower, fen in zip(growers, by_grams, strict=True)
        if grower.farmer_id is not None
    ]
    return [
        Leg(
            party_kind=kind,
            party_id=party_id,
            cooperative_id=line.cooperative_id,
            village_id=village_id,
            split_rule_id=line.rule.id,
            order_line_id=line.order_line_id,
            lot_id=lot.lot_id,
            amount_fen=amount_fen,
            quantity=lot.units if kind is PartyKind.CLEARING else 0,
        )
        for kind, party_id, amount_fen in parts
    ]
