"""Whose freight a refund gives back: plain arithmetic over the refunds of one order."""

from collections.abc import Iterable, Mapping

from shop.domain.payments.models import Refund
from shop.domain.payments.queries import AGAIN
from shop.kernel.money import allocate


def drawn(left: Mapping[int, int], fen: int) -> dict[int, int]:
    """``fen`` taken from what is left of each cooperative's freight, in proportion.

    The same numbers always give the same parts, so that ``by_refund`` can tell them again.
    """
    sellers = sorted(seller for seller, rest in left.items() if rest > 0)
    if fen == 0:
        return {}
    return dict(zip(sellers, allocate(fen, [left[seller] for seller in sellers]), strict=True))


def by_refund(
    refunds: Iterable[Refund], freight_fen: Mapping[int, int]
) -> dict[int, dict[int, int]]:
    """Refund id to (cooperative id to fen of freight); ``freight_fen`` is what each one charged.

    Refunds of one order are written one after the other, so they are told in the order of their
    ids: one that names a cooperative took of its freight, another in proportion of what was left.
    One sent again gives what the failed one was to give.
    """
    left = dict(freight_fen)
    found: dict[int, dict[int, int]] = {}
    for refund in sorted(refunds, key=lambda refund: refund.id):
        if refund.dedupe_key.startswith(AGAIN):
            found[refund.id] = found.get(int(refund.dedupe_key.removeprefix(AGAIN)), {})
            continue
        seller = refund.cooperative_id
        parts = drawn(left if seller is None else {seller: left[seller]}, refund.freight_fen)
        for one, fen in parts.items():
            left[one] -= fen
        found[refund.id] = {one: fen for one, fen in parts.items() if fen}
    return found
