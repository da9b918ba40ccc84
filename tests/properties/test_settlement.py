"""A sale of any lots under any rule balances; refunds bring every party to zero exactly."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from shop.domain.settlement.mirror import as_leg, mirror, reversed_legs
from shop.domain.settlement.models import LedgerEntry, SplitRule
from shop.domain.settlement.split import Grower, Leg, LotShare, SoldLine, legs_of
from shop.domain.settlement.states import PartyKind
from tests.properties.test_money import rules

LINE, SELLER = 1, 7


@st.composite
def lots(draw: st.DrawFn) -> tuple[LotShare, ...]:
    """One to three lots of one to four growers each, the cooperative itself among them."""
    grower = st.builds(
        Grower,
        farmer_id=st.none() | st.integers(1, 5),
        village_id=st.integers(1, 3),
        grams=st.integers(1, 10**6),
    )
    return tuple(
        LotShare(
            lot_id=number,
            units=draw(st.integers(1, 99)),
            growers=tuple(draw(st.lists(grower, min_size=1, max_size=4))),
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    )


@st.composite
def sold(draw: st.DrawFn) -> SoldLine:
    rule: SplitRule = draw(rules())
    rule.id = 3
    return SoldLine(
        order_line_id=LINE,
        cooperative_id=SELLER,
        host_id=draw(st.none() | st.just(11)),
        commission_bp=draw(st.integers(0, 3000)),
        rule=rule,
        gross_fen=draw(st.integers(0, 10**7)),
        freight_fen=draw(st.integers(0, 10**4)),
        lots=draw(lots()),
    )


@dataclass
class Book:
    """Entries of one order, as a ledger would hold them."""

    entries: list[LedgerEntry]

    def post(self, legs: Iterable[Leg]) -> int:
        """Write a posting, which balances; gives the fen that moved."""
        legs = list(legs)
        assert sum(leg.amount_fen for leg in legs) == 0
        self.entries += [LedgerEntry(**vars(leg)) for leg in legs]
        return sum(leg.amount_fen for leg in legs if leg.amount_fen > 0)

    def parties(self) -> dict[tuple[PartyKind, int | None], int]:
        sums: dict[tuple[PartyKind, int | None], int] = defaultdict(int)
        for entry in self.entries:
            sums[(entry.party_kind, entry.party_id)] -= entry.amount_fen
        return dict(sums)

    def of(self, *kinds: PartyKind) -> int:
        return sum(fen for (kind, _), fen in self.parties().items() if kind in kinds)


SHARERS = tuple(set(PartyKind) - {PartyKind.CLEARING, PartyKind.FREIGHT})


@given(sold())
def test_a_sale_balances_and_nobody_pays_for_selling(line: SoldLine) -> None:
    book = Book([])
    book.post(legs_of(line))
    assert book.of(*SHARERS) == line.gross_fen
    assert book.of(PartyKind.FREIGHT) == line.freight_fen
    assert book.of(PartyKind.CLEARING) == -line.gross_fen - line.freight_fen
    for (kind, _), fen in book.parties().items():
        assert fen >= 0 or kind is PartyKind.CLEARING


@given(sold())
def test_households_of_one_lot_and_village_share_by_their_grams(line: SoldLine) -> None:
    one = replace(line, lots=line.lots[:1], freight_fen=0)
    (lot,) = one.lots
    legs = legs_of(one)
    for village_id in {grower.village_id for grower in lot.growers}:
        grams: dict[int | None, int] = defaultdict(int)
        fen: dict[int | None, int] = defaultdict(int)
        for grower in lot.growers:
            if grower.village_id == village_id:
                grams[grower.farmer_id] += grower.grams
        for leg in legs:
            if leg.village_id == village_id and leg.party_kind is PartyKind.FARMER:
                fen[leg.party_id] -= leg.amount_fen
        known = [farmer for farmer in grams if farmer is not None]
        for a in known:
            for b in known:
                spread = len(lot.growers) * (grams[a] + grams[b])
                assert abs(fen[a] * grams[b] - fen[b] * grams[a]) <= spread


@given(sold(), st.lists(st.integers(1, 10**6), max_size=5))
def test_refunds_to_the_end_leave_every_party_at_zero(line: SoldLine, parts: list[int]) -> None:
    book = Book([])
    book.post(legs_of(line))
    left = line.gross_fen
    for part in parts:
        taken = min(part, left)
        assert book.post(mirror(book.entries, goods_fen={LINE: taken}, freight_fen={})) >= taken
        left -= taken
        assert book.of(*SHARERS) == left
        assert min(book.parties().values(), default=0) >= -left - line.freight_fen
    book.post(mirror(book.entries, goods_fen={LINE: left}, freight_fen={SELLER: line.freight_fen}))
    assert not any(book.parties().values())
    assert mirror(book.entries, goods_fen={LINE: 5}, freight_fen={SELLER: 5}) == []


@given(sold(), st.integers(1, 10**6))
def test_a_refund_that_failed_is_undone_to_the_fen(line: SoldLine, part: int) -> None:
    book = Book([])
    book.post(legs_of(line))
    before = book.parties()
    taken = list(mirror(book.entries, goods_fen={LINE: part}, freight_fen={}))
    book.post(taken)
    book.post(reversed_legs([LedgerEntry(**vars(leg)) for leg in taken]))
    after = book.parties()
    assert {party: fen for party, fen in after.items() if fen} == {
        party: fen for party, fen in before.items() if fen
    }


@given(sold())
def test_a_leg_survives_the_ledger(line: SoldLine) -> None:
    legs = legs_of(line)
    assert [as_leg(LedgerEntry(**vars(leg))) for leg in legs] == legs
