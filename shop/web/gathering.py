"""Orders that arrive while others are being placed go together in the next transaction."""

from collections.abc import Callable, Sequence

from flask import Flask, current_app

from shop.config import Settings
from shop.db import db
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.inventory.errors import OutOfStock
from shop.flows import answering, checkout
from shop.flows.checkout import Asked, Verdict
from shop.flows.drafting import OrderRequest, Placed
from shop.kernel.codes import new_token
from shop.kernel.errors import DomainError
from shop.reads import shortage
from shop.reads.shortage import Shortage
from shop.tools import tools
from shop.web.sold_out import SoldOut
from shop.web.terms import order_terms
from shop.web.together import Together
from shop.web.turnstile import Turnstile
from shop.web.who import me

Gathering = Together[Asked, Verdict]


def install(app: Flask, settings: Settings) -> None:
    """Open the queue of this process, and what stands before it in a rush."""
    app.extensions["shop_gathering"] = Gathering(_place)
    app.extensions["shop_told"] = Together(_told)
    app.extensions["shop_sold_out"] = SoldOut()
    app.extensions["shop_turnstile"] = Turnstile(
        settings.redis_url, look=_left, one_a_second=settings.limits
    )


def place(
    request: OrderRequest, *, key: KeyedRequest | None, answer: Callable[[Placed], Kept]
) -> Placed | Kept:
    """Place the caller's order together with others'; raises what ``checkout.place_order`` does.

    In a rush it may be refused without the tables, but for what was accepted before.
    """
    queue: Gathering = current_app.extensions["shop_gathering"]
    gone: SoldOut = current_app.extensions["shop_sold_out"]
    if refusal := gone.refusal(request.wishes) or _turned_away(request, key):
        told: Together[KeyedRequest, Kept | None] = current_app.extensions["shop_told"]
        if key and (before := told.submit(key)):
            return before
        raise refusal
    verdict = queue.submit(Asked(request=request, actor=me(), key=key, answer=answer))
    if isinstance(verdict, OutOfStock):
        gone.note(request.wishes, verdict)
    if isinstance(verdict, Exception):
        raise verdict
    return verdict


def _turned_away(request: OrderRequest, key: KeyedRequest | None) -> DomainError | None:
    turnstile: Turnstile = current_app.extensions["shop_turnstile"]
    return turnstile.refusal(
        request.wishes, buyer_id=me().user_id or 0, key=key.key if key else new_token()
    )


def _told(keys: Sequence[KeyedRequest]) -> list[Kept | None]:
    found = answering.told(keys, now=tools().clock())
    db.session.rollback()
    return [found.get(key) for key in keys]


def _left(sku: str, live_item_id: int | None) -> Shortage:
    """Read, and let the connection go: whoever waits in a queue holds none."""
    found = shortage.of_goods(sku, live_item_id)
    db.session.rollback()
    return found


def _place(asked: Sequence[Asked]) -> list[Verdict]:
    return checkout.place_orders(asked, terms=order_terms(tools().settings), now=tools().clock())
