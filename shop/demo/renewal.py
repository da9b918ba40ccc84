"""Renewing what would rot in the demo county: stock, rooms, and what was promised to buyers."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import select

from shop.db import db
from shop.demo import goods, shows
from shop.demo.county import COOPERATIVES
from shop.demo.orders import DemoOrders
from shop.domain.inventory.queries import available
from shop.domain.villages.models import Cooperative
from shop.flows import stocking
from shop.kernel.errors import DomainError
from shop.tools import tools

LOW_STOCK = 20


def top_up() -> list[str]:
    """See to it that there are fresh units, a room on air, a show to come and an order to pack.

    Only in the demo. People may have taken goods off sale or suspended the demo's own: what cannot
    be renewed is left as it is, and told in plain words.
    """
    now = tools().clock()
    if tools().settings.production or not _is_demo():
        return []
    stocking.write_off_expired(now)
    play = DemoOrders(tools().settings, tools().gateways)
    wanted: list[tuple[str, Callable[[], None]]] = [
        *((f"no fresh stock of {sku}", shelve) for sku, shelve in _low(now)),
        ("no demo room is on air", partial(shows.keep_one_on_air, now=now)),
        ("no demo show is coming up", partial(shows.keep_one_coming, now=now)),
        ("a demo parcel is late", partial(play.send_what_is_late, now=now)),
        ("no demo order waits to be packed", partial(play.keep_one_to_pack, now=now)),
    ]
    return [words for words in (_tried(*one) for one in wanted) if words]


def _low(now: datetime) -> list[tuple[str, Callable[[], None]]]:
    """SKUs that are nearly gone, each with what fills its shelf."""
    return [
        (variant.sku, partial(goods.shelve, cooperative, product, variant.sku, now=now))
        for cooperative in COOPERATIVES
        for product in cooperative.products
        for variant in product.variants
        if available([variant.sku])[variant.sku] < LOW_STOCK
    ]


def _tried(otherwise: str, renew: Callable[[], None]) -> str | None:
    try:
        renew()
    except DomainError as error:
        return f"{otherwise}: {error.detail or error.code}"
    return None


def _is_demo() -> bool:
    """Whether this county was loaded as the demo: its cooperatives are ours."""
    slugs = [cooperative.slug for cooperative in COOPERATIVES]
    known = db.session.scalars(select(Cooperative.slug).where(Cooperative.slug.in_(slugs)))
    return set(known) == set(slugs)
