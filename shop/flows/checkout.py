"""Placing orders: priced, promised and written down in one transaction, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exc

from shop.db import transactional
from shop.domain.audit import service as answers
from shop.domain.audit.errors import IdempotencyInProgress
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.inventory import holds
from shop.domain.orders import placing
from shop.domain.orders import service as orders
from shop.flows import drafting, promising
from shop.flows.drafting import OrderRequest, Placed, Terms
from shop.flows.promising import Wanted
from shop.kernel.actor import Actor
from shop.kernel.errors import DomainError, Unavailable
from shop.reads import pricing

DOWN = (Unavailable, exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""The database does not answer: asking it again for each order would only take longer."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One buyer's request; ``key`` and ``answer`` tie an ``Idempotency-Key`` to the order.

    What ``answer`` gives is kept in the order's own commit, so that a reply lost on the way is
    found again.
    """

    request: OrderRequest
    actor: Actor
    key: KeyedRequest | None = None
    answer: Callable[[Placed], Kept] | None = None


Verdict = Placed | Kept | Exception


def place_order(
    request: OrderRequest,
    *,
    actor: Actor,
    terms: Terms,
    now: datetime,
    key: KeyedRequest | None = None,
    answer: Callable[[Placed], Kept] | None = None,
) -> Placed | Kept:
    """Place one order, or give the kept answer of the same key.

    Raises ``NotFound``, ``OutOfStock``, ``PurchaseLimit``, ``DealNotActive``, ``PriceChanged``,
    ``NoDelivery``, ``ConsentRequired``, ``SeveralSellers``, ``Invalid``, ``IdempotencyKeyReused``,
    ``IdempotencyInProgress``.
    """
    asked = Asked(request=request, actor=actor, key=key, answer=answer)
    (verdict,) = place_orders([asked], terms=terms, now=now)
    if isinstance(verdict, Exception):
        raise verdict
    return verdict


def place_orders(asked: Sequence[Asked], *, terms: Terms, now: datetime) -> list[Verdict]:
    """Place orders that came together; each gets its own verdict, as if it had come alone.

    A buyer's second order goes into the next transaction, after the first.
    """
    verdicts: dict[int, Verdict] = {}
    waiting = list(range(len(asked)))
    while waiting:
        first: dict[int | None, int] = {}
        for place in waiting:
            first.setdefault(asked[place].actor.user_id, place)
        together = list(first.values())
        found = _place_or_retry([asked[place] for place in together], terms=terms, now=now)
        verdicts |= dict(zip(together, found, strict=True))
        waiting = [place for place in waiting if place not in verdicts]
    return [verdicts[place] for place in range(len(asked))]


def _place_or_retry(asked: Sequence[Asked], *, terms: Terms, now: datetime) -> list[Verdict]:
    """An error that nobody foresaw must not fail those who came along with it."""
    try:
        return _place_together(asked, terms=terms, now=now)
    except DOWN as error:
        return [error] * len(asked)
    except Exception as error:
        if len(asked) == 1:
            return [error]
        return [_place_or_retry([one], terms=terms, now=now)[0] for one in asked]


@transactional
def _place_together(asked: Sequence[Asked], *, terms: Terms, now: datetime) -> list[Verdict]:
    verdicts = _told_before(asked, now=now)
    drafts, refused = _drafts(asked, set(verdicts), terms=terms, now=now)
    wanted = {
        place: Wanted(buyer_id=draft.buyer_id, lines=draft.quote.lines)
        for place, draft in drafts.items()
    }
    promising.promise(list(wanted.values()), now=now)
    refused |= {place: one.refused for place, one in wanted.items() if one.refused}
    promised = {place: draft for place, draft in drafts.items() if place not in refused}
    late = _keep_answers(asked, promised, now=now)
    promising.give_back(wanted[place] for place in late)
    placed = {place: draft for place, draft in promised.items() if place not in late}
    _write(list(placed.values()), now=now)
    verdicts |= {**refused, **late, **placed}
    return [verdicts[place] for place in range(len(asked))]


def _told_before(asked: Sequence[Asked], *, now: datetime) -> dict[int, Verdict]:
    """Whoever was answered before gets the first answer again."""
    told = answers.told([one.key for one in asked if one.key], now=now)
    return {place: told[one.key] for place, one in enumerate(asked) if one.key in told}


def _drafts(
    asked: Sequence[Asked], answered: set[int], *, terms: Terms, now: datetime
) -> tuple[dict[int, Placed], dict[int, DomainError]]:
    """Every order as it would be written, and why some cannot be."""
    drafts: dict[int, Placed] = {}
    refused: dict[int, DomainError] = {}
    fresh = {place: one for place, one in enumerate(asked) if place not in answered}
    book = pricing.open_book([wish for one in fresh.values() for wish in one.request.wishes])
    for place, one in fresh.items():
        try:
            drafts[place] = drafting.draft(one.request, book, actor=one.actor, terms=terms, now=now)
        except DomainError as refusal:
            refused[place] = refusal
    return drafts, refused


def _keep_answers(
    asked: Sequence[Asked], promised: Mapping[int, Placed], *, now: datetime
) -> dict[int, Kept | DomainError]:
    """Put answers under their keys; gives what those are told whose key a twin was faster with."""
    keyed = {
        place: (one.key, one.answer(promised[place]))
        for place, one in enumerate(asked)
        if place in promised and one.key is not None and one.answer is not None
    }
    first = answers.keep_first(dict(keyed.values()), now=now)
    late = {place: key for place, (key, _) in keyed.items() if key not in first}
    told = answers.told(list(late.values()), now=now)
    under_way = IdempotencyInProgress("the first request with this key is still under way")
    return {place: told.get(key, under_way) for place, key in late.items()}


def _write(placed: Sequence[Placed], *, now: datetime) -> None:
    if not placed:
        return
    written = placing.write([drafting.columns(one) for one in placed], now=now)
    pairs = zip(placed, written, strict=True)
    holds.open_holds([hold for one, ids in pairs for hold in drafting.promises(one, ids)], now=now)
    orders.take_from_carts({(one.buyer_id, line.sku) for one in placed for line in one.quote.lines})
