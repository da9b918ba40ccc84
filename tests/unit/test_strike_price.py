"""When a price may be struck through (pricing rules art. 16)."""

import pytest

from shop.domain.catalog.states import StrikeBasis
from shop.domain.catalog.strike import Deals, objection

LOWEST = StrikeBasis.LOWEST_PAID


@pytest.mark.parametrize(
    ("strike", "deals", "allowed"),
    [
        (5000, Deals(lowest_in_window_fen=5000, last_fen=6000), True),
        (5001, Deals(lowest_in_window_fen=5000, last_fen=6000), False),
        (6000, Deals(last_fen=6000), True),
        (6001, Deals(last_fen=6000), False),
        (5000, Deals(), False),
    ],
)
def test_without_a_stated_basis_deals_decide(strike: int, deals: Deals, allowed: bool) -> None:
    refused = objection(strike_fen=strike, price_fen=4000, basis=LOWEST, source=None, deals=deals)
    assert (refused is None) is allowed


@pytest.mark.parametrize("basis", [StrikeBasis.RETAIL_PRICE, StrikeBasis.STATED_PERIOD])
def test_a_stated_basis_needs_its_source(basis: StrikeBasis) -> None:
    about = {"strike_fen": 9000, "price_fen": 4000, "basis": basis, "deals": Deals()}
    assert objection(source="厂家标价牌 2026-01", **about) is None  # type: ignore[arg-type]
    assert objection(source=" ", **about)  # type: ignore[arg-type]


def test_a_struck_price_is_above_the_price() -> None:
    deals = Deals(lowest_in_window_fen=4000)
    assert objection(strike_fen=4000, price_fen=4000, basis=LOWEST, source=None, deals=deals)
