"""Promises to orders that come together: each all or nothing, none at another's cost.

Steps of ``checkout``, inside its transaction. Everybody touches rows in one order: quotas by item
and buyer, allotments by item, the shelf by SKU.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shop.domain.inventory import holds
from shop.domain.inventory.errors import OutOfStock
from shop.domain.live import sales
from shop.domain.live.sales import PurchaseLimit
from shop.flows.holding import release
from shop.kernel.errors import DomainError
from shop.reads import shortage
from shop.reads.pricing import PricedLine
from shop.reads.shortage import Shortage


@dataclass(frozen=True, order=True)
class Counter:
    """What a line is counted down from: a room's allotment, or the shelf of its SKU."""

    on_shelf: bool
    live_item_id: int
    sku: str

    @classmethod
    def of(cls, line: PricedLine) -> "Counter":
        return cls(not line.allotted, line.live_item_id or 0 if line.allotted else 0, line.sku)

    @property
    def item(self) -> int | None:
        return None if self.on_shelf else self.live_item_id

    def take(self, units: int) -> bool:
        """One conditional UPDATE, so two buyers cannot both win the last one."""
        if self.on_shelf:
            return holds.take_from_shelf(self.sku, units)
        return sales.hold(self.live_item_id, units)

    def untake(self, units: int) -> None:
        if self.on_shelf:
            holds.untake_from_shelf(self.sku, units)
        else:
            sales.unhold(self.live_item_id, units)

    def shortage(self) -> Shortage:
        """What is left on it, and when units may come back."""
        if self.on_shelf:
            return shortage.of_shelf(self.sku)
        return shortage.of_allotment(self.sku, self.live_item_id)


@dataclass(kw_only=True)
class Wanted:
    """One buyer's priced lines; ``refused`` says why they are not promised."""

    buyer_id: int
    lines: Sequence[PricedLine]
    refused: DomainError | None = None
    quotas: list[PricedLine] = field(default_factory=list)
    taken: list[tuple[Counter, int]] = field(default_factory=list)


def promise(asked: Sequence[Wanted], *, now: datetime) -> None:
    """Take quotas and counters for every order, or set why one gets nothing.

    A buyer stands once in ``asked``. Where a counter or quota has too few, its expired holds are
    released first, so no sweeper is needed to be right. What an order that fails further on had
    taken goes to those who were refused for it.
    """
    _take_quotas(asked, now=now)
    _take_counters([one for one in asked if one.refused is None], now=now)
    freed = give_back(one for one in asked if one.refused is not None)
    if len(asked) > 1:
        for one in asked:
            if isinstance(one.refused, OutOfStock) and freed & {Counter.of(x) for x in one.lines}:
                one.refused = None
                promise([one], now=now)


def _take_quotas(asked: Sequence[Wanted], *, now: datetime) -> None:
    of_item: dict[tuple[int, str], list[tuple[Wanted, PricedLine]]] = {}
    for one in asked:
        for line in one.lines:
            if line.live_item_id is not None:
                of_item.setdefault((line.live_item_id, line.sku), []).append((one, line))
    for (item_id, sku), wishes in sorted(of_item.items()):
        limit = wishes[0][1].per_buyer_max or sales.NO_LIMIT
        units = {one.buyer_id: line.quantity for one, line in wishes}
        may = sales.take_quotas(item_id, units, limit=limit)
        late = {buyer: n for buyer, n in units.items() if buyer not in may and n <= limit}
        expired = holds.expired_on(sku, Counter.of(wishes[0][1]).item, now=now)
        if late and release(expired, now=now):
            may |= sales.take_quotas(item_id, late, limit=limit)
        for one, line in wishes:
            if one.buyer_id in may:
                one.quotas.append(line)
            else:
                one.refused = one.refused or PurchaseLimit(
                    "one buyer may not take more", sku=sku, per_buyer_max=limit
                )


def _take_counters(asked: Sequence[Wanted], *, now: datetime) -> None:
    wishes: dict[Counter, list[tuple[Wanted, int]]] = {}
    for one in asked:
        for line in one.lines:
            wishes.setdefault(Counter.of(line), []).append((one, line.quantity))
    for counter in in_order(wishes):
        _serve(counter, [(one, n) for one, n in wishes[counter] if one.refused is None], now=now)


def in_order(counters: Iterable[Counter]) -> list[Counter]:
    """The one order in which everybody touches counters, so that carts do not deadlock."""
    return sorted(counters)


def _serve(counter: Counter, wishes: Sequence[tuple[Wanted, int]], *, now: datetime) -> None:
    """All at once where there is enough for all, else one after the other as they came."""
    if not wishes:
        return
    total = sum(units for _, units in wishes)
    enough = counter.take(total)
    if not enough:
        release(holds.expired_on(counter.sku, counter.item, now=now), now=now)
        enough = counter.take(total)
    too_many, short = total if len(wishes) == 1 else total + 1, None
    for one, units in wishes:
        if enough or (units < too_many and counter.take(units)):
            one.taken.append((counter, units))
        else:
            short = short or counter.shortage()
            one.refused = short.refusal(units)
            too_many = min(units, too_many)


def give_back(asked: Iterable[Wanted]) -> set[Counter]:
    """Undo what this transaction took for these orders; gives the counters that got units back."""
    refused = list(asked)
    for one in refused:
        for line in one.quotas:
            if line.live_item_id is not None:
                sales.return_quota(line.live_item_id, buyer_id=one.buyer_id, quantity=line.quantity)
    freed: dict[Counter, int] = {}
    for one in refused:
        for counter, units in one.taken:
            freed[counter] = freed.get(counter, 0) + units
        one.quotas, one.taken = [], []
    for counter in sorted(freed):
        counter.untake(freed[counter])
    return set(freed)
