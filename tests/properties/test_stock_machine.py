"""Whatever is done to a shelf in whatever order, its counters are those of a simple model."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shop.domain.accounts.states import Role
from shop.domain.inventory.errors import OutOfStock
from shop.domain.inventory.states import AdjustReason
from shop.domain.orders.models import Order
from shop.flows import cancelling, stocking
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.errors import Invalid
from tests.builders import a_category, a_cooperative, a_sku, an_actor, an_operator
from tests.conftest import NOON
from tests.invariants import assert_sound
from tests.lengths import FULL, rounds
from tests.money import a_lot, a_payment, an_event, place, refund, told
from tests.seen import order_now, stock

HOLD = timedelta(minutes=15)


@dataclass
class Pile:
    """A lot as the model knows it."""

    code: str
    quantity: int
    left: int
    best_before: date
    sold: int = 0


@dataclass
class Bought:
    """An order as the model knows it."""

    order: Order
    units: int
    expires_at: datetime
    state: str = "held"
    taken: dict[str, int] | None = None


class Shelf(RuleBasedStateMachine):
    """One SKU, its lots and its buyers."""

    ground: dict[str, Any] = {}  # noqa: RUF012 - set by the test, shared by its examples
    lots = Bundle("lots")
    orders = Bundle("orders")

    @initialize()
    def begin(self) -> None:
        self.now: datetime = NOON
        self.piles: list[Pile] = []
        self.bought: list[Bought] = []
        self.sku = a_sku(cooperative=self.ground["home"], category=self.ground["category"])
        a_lot(self.sku, 1, best_before=local_date(NOON) + timedelta(days=400))
        self.piles.append(Pile("first", 1, 1, local_date(NOON) + timedelta(days=400)))

    @property
    def today(self) -> date:
        return local_date(self.now)

    @property
    def on_hand(self) -> int:
        return sum(pile.left for pile in self.piles)

    def held(self) -> int:
        return sum(x.units for x in self.bought if x.state == "held")

    def expired(self) -> int:
        return sum(pile.left for pile in self.piles if pile.best_before < self.today)

    def drop_expired(self) -> None:
        """Units came back to the shelf: those past their best leave as far as nobody has them."""
        free = self.on_hand - self.held()
        for pile in self.piles:
            if pile.best_before < self.today:
                gone = min(pile.left, free)
                pile.left -= gone
                free -= gone

    def lapsed(self) -> list[Bought]:
        return [x for x in self.bought if x.state == "held" and x.expires_at <= self.now]

    @rule(target=lots, quantity=st.integers(1, 6), days=st.integers(0, 3))
    def receive(self, quantity: int, days: int) -> Pile:
        best_before = self.today + timedelta(days=days)
        lot = a_lot(self.sku, quantity, best_before=best_before, now=self.now)
        made = Pile(lot.code, quantity, quantity, best_before)
        self.piles.append(made)
        self.drop_expired()
        return made

    @rule(target=orders, units=st.integers(1, 4))
    def buy(self, units: int) -> Bought | None:
        free = self.on_hand - self.held()
        lapsed = self.lapsed() if free < units else []
        back = free + sum(x.units for x in lapsed)
        fits = back - (min(self.expired(), back) if lapsed else 0) >= units
        try:
            order = place({self.sku: units}, buyer=self.ground["buyer"], now=self.now)
        except OutOfStock:
            order = None
        for gone in lapsed:
            gone.state = "lapsed"
        if lapsed:
            self.drop_expired()
        assert fits == (order is not None)
        if order is None:
            return None
        self.bought.append(Bought(order, units, self.now + HOLD))
        return self.bought[-1]

    @rule(bought=consumes(orders))
    def pay(self, bought: Bought | None) -> None:
        if bought is None or bought.state not in {"held", "lapsed"}:
            return
        free = self.on_hand - self.held() if bought.state == "lapsed" else bought.units
        taken = self.take(bought.units) if free >= bought.units else None
        told(an_event(a_payment(bought.order), bought.order), now=self.now)
        gave_back = taken is None and bought.state == "held"
        bought.state, bought.taken = ("paid", taken) if taken else ("over", None)
        if gave_back:
            self.drop_expired()
        assert str(order_now(bought.order).status) == ("paid" if taken else "cancelled")
        for pile in self.piles:
            used = (taken or {}).get(pile.code, 0)
            pile.left -= used
            pile.sold += used

    def take(self, units: int) -> dict[str, int] | None:
        """Fresh lots, the earliest best-before first; ``None`` when they are too few."""
        fresh = [pile for pile in self.piles if pile.best_before >= self.today]
        found: dict[str, int] = {}
        for pile in sorted(fresh, key=lambda pile: (pile.best_before, self.piles.index(pile))):
            found[pile.code] = min(pile.left, units - sum(found.values()))
        return found if sum(found.values()) == units else None

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        open_orders = [x for x in self.bought if x.state != "over"]
        if not open_orders:
            return
        bought = open_orders[pick % len(open_orders)]
        cancelling.cancel_order(
            actor=self.ground["buyer"].wearing("buyer"), number=bought.order.number, now=self.now
        )
        for pile in self.piles:
            back = (bought.taken or {}).get(pile.code, 0)
            pile.left += back
            pile.sold -= back
        gave_back = bought.state == "held" or any((bought.taken or {}).values())
        bought.state = "over"
        if gave_back:
            self.drop_expired()

    @rule(pick=st.integers(0, 99), units=st.integers(1, 4))
    def pay_back(self, pick: int, units: int) -> None:
        """Units that never left are refunded; the last lot taken has them back first."""
        open_orders = [
            x for x in self.bought if x.state == "paid" and any((x.taken or {}).values())
        ]
        if not open_orders:
            return
        bought = open_orders[pick % len(open_orders)]
        taken = bought.taken or {}
        left = min(units, sum(taken.values()))
        refund(bought.order, actor=self.ground["operator"], lines={self.sku: left}, now=self.now)
        piles = {pile.code: pile for pile in self.piles}
        for code in reversed(taken):
            back = min(left, taken[code])
            taken[code] -= back
            piles[code].left += back
            piles[code].sold -= back
            left -= back
        self.drop_expired()

    @rule()
    def sweep(self) -> None:
        due = [x for x in self.bought if x.state in {"held", "lapsed"} and x.expires_at <= self.now]
        gave_back = any(bought.state == "held" for bought in due)
        assert cancelling.expire_due(self.now) == len(due)
        for bought in due:
            bought.state = "over"
        if gave_back:
            self.drop_expired()

    @rule(pile=lots, delta=st.integers(-6, 6))
    def count(self, pile: Pile, delta: int) -> None:
        fits = (
            delta != 0
            and (delta < 0 or pile.best_before >= self.today)
            and pile.left + delta >= 0
            and (delta < 0 or pile.left + delta + pile.sold <= pile.quantity)
            and self.on_hand + delta >= self.held()
        )
        try:
            stocking.correct_lot(
                actor=self.ground["keeper"],
                code=pile.code,
                delta=delta,
                reason=AdjustReason.COUNTED,
                note=None,
                now=self.now,
            )
        except (Invalid, OutOfStock):
            assert not fits
            return
        assert fits
        pile.left += delta
        if delta > 0:
            self.drop_expired()

    @rule()
    def write_off(self) -> None:
        before = self.on_hand
        self.drop_expired()
        assert self.written_off() == before - self.on_hand

    def written_off(self) -> int:
        before = stock(self.sku)[0]
        stocking.write_off_expired(self.now)
        return before - stock(self.sku)[0]

    @rule(minutes=st.sampled_from([5, 15, 60, 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def counters_are_the_models(self) -> None:
        if hasattr(self, "sku"):
            assert stock(self.sku) == (self.on_hand, self.held(), 0)

    def teardown(self) -> None:
        assert_sound()
        for bought in getattr(self, "bought", []):
            if bought.state != "over":
                cancelling.cancel_order(
                    actor=self.ground["buyer"].wearing("buyer"),
                    number=bought.order.number,
                    now=self.now,
                )


def test_a_shelf_behaves_as_its_model_says(ctx: Flask) -> None:
    home = a_cooperative()
    keeper: Actor = an_actor(seat=(Role.KEEPER, home.id))
    Shelf.ground = {
        "home": home,
        "category": a_category(),
        "buyer": an_actor(),
        "keeper": keeper,
        "operator": an_operator(),
    }
    run_state_machine_as_test(
        Shelf,
        settings=settings(
            max_examples=rounds(5, 100),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=tuple(Phase) if FULL else (Phase.generate,),
        ),
    )
