"""Money is divided to the fen, always the same way, and never made or lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.domain.settlement.models import SplitRule
from shop.domain.settlement.split import preview
from shop.domain.settlement.states import PartyKind
from shop.kernel.money import WHOLE_BP, allocate, split_bp, yuan

fen = st.integers(min_value=0, max_value=10**12)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


@st.composite
def rules(draw: st.DrawFn) -> SplitRule:
    """Any rule whose shares fit in the whole, the ends included."""
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE_BP), min_size=3, max_size=3)))
    return SplitRule(platform_bp=cuts[0], village_bp=cuts[1] - cuts[0], farmer_bp=cuts[2] - cuts[1])


@given(fen, weights)
def test_an_allocation_is_whole_fair_to_the_fen_and_deterministic(
    total: int, shares: list[int]
) -> None:
    parts = allocate(total, shares)
    assert sum(parts) == total
    for part, weight in zip(parts, shares, strict=True):
        assert 0 <= part - total * weight // sum(shares) <= 1
        assert weight or not part
    assert parts == allocate(total, shares)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_who_weighs_more_never_gets_less(total: int, shares: list[int]) -> None:
    parts = allocate(total, shares)
    by_weight = sorted(zip(shares, parts, strict=True))
    assert [part for _, part in by_weight] == sorted(parts)


@pytest.mark.parametrize(
    ("total", "shares"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1]), (0, [])]
)
def test_what_cannot_be_divided_is_refused(total: int, shares: list[int]) -> None:
    with pytest.raises(ValueError, match="allocate"):
        allocate(total, shares)


def test_the_largest_remainder_gets_the_odd_fen() -> None:
    assert allocate(15, [80, 8, 12]) == [12, 1, 2]
    assert split_bp(15, {"a": 8000, "b": 800}, rest="c") == {"a": 12, "b": 1, "c": 2}


FIFTY = [
    SplitRule(platform_bp=platform, village_bp=village, farmer_bp=farmer)
    for platform in (0, 1, 333, 500, 3333)
    for village in (0, 7, 500)
    for farmer in (0, 1, 3333, 6000)
    if platform + village + farmer <= WHOLE_BP
][:50]


def test_every_total_to_10_000_splits_exactly_under_fifty_rules() -> None:
    assert len(FIFTY) == 50
    for rule in FIFTY:
        for total in range(1, 10_001, 7):
            parts = preview(total, rule, 1234)
            assert sum(parts.values()) == total
            assert min(parts.values()) >= 0


@given(fen, rules(), st.integers(0, WHOLE_BP))
def test_any_rule_splits_any_total_exactly_and_bounds_the_host(
    total: int, rule: SplitRule, commission_bp: int
) -> None:
    parts = preview(total, rule, commission_bp)
    assert sum(parts.values()) == total
    assert min(parts.values()) >= 0
    left = WHOLE_BP - rule.platform_bp - rule.village_bp - rule.farmer_bp
    assert parts[PartyKind.HOST] <= -(-total * min(commission_bp, left) // WHOLE_BP)


def test_shares_above_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="exceed"):
        split_bp(100, {"a": 6000, "b": 4001}, rest="c")


@given(st.integers(-(10**12), 10**12))
def test_yuan_reads_back_to_the_fen(amount: int) -> None:
    shown = yuan(amount).replace("¥", "").replace(",", "")
    assert round(float(shown) * 100) == amount
