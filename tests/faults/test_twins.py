"""What a naive twin may count as broken, and what it may not."""

import pytest
from flask import Flask
from sqlalchemy import exc, update

from shop.db import db, transactional
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.models import Stock
from shop.kernel.errors import Unavailable
from tests.builders import a_sku
from tests.naive import assert_breaks


class Clash(Exception):
    """A driver's error of two transactions that cannot both go on."""

    sqlstate = "40P01"


class Slow(Exception):
    """A driver's error of a lock that was waited for too long."""

    sqlstate = "55P03"


@transactional
def lose_a_unit(sku: str) -> None:
    db.session.execute(update(Stock).where(Stock.sku == sku).values(on_hand=Stock.on_hand - 1))


def test_a_twin_counts_what_the_database_refuses_and_broken_rules_but_no_mistake_of_its_own(
    ctx: Flask,
) -> None:
    for refused in (
        exc.IntegrityError("INSERT", {}, Exception()),
        exc.OperationalError("UPDATE", {}, Clash()),
        exc.OperationalError("BEGIN", {}, Exception("database is locked")),
    ):
        assert_breaks(lambda refused=refused: ["an answer", refused])  # type: ignore[misc]
    assert_breaks(lambda: [3, 4], wrong=lambda results: sum(results) > 6)
    with pytest.raises(AssertionError, match="a mistake of its own"):
        assert_breaks(lambda: [exc.IntegrityError("", {}, Exception()), TypeError("typing")])
    quiet = [OutOfStock(), Unavailable(), exc.TimeoutError(), exc.DBAPIError("", {}, Slow())]
    with pytest.raises(AssertionError, match="proves nothing"):
        assert_breaks(lambda: [None, *quiet])
    sku = a_sku(on_hand=2)
    assert_breaks(lambda: [lose_a_unit(sku)])
