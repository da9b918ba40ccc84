"""Loading the demo county, and renewing what would rot."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.config import Settings
from shop.db import db
from shop.demo import goods, people, shows
from shop.demo.county import COOPERATIVES
from shop.demo.orders import DemoOrders
from shop.domain.accounts.models import User
from shop.domain.inventory.queries import available
from shop.domain.payments.gateways.base import Gateway
from shop.domain.villages.models import Cooperative
from shop.flows import going_live, stocking
from shop.reads.pricing import Wish
from shop.tools import tools

TITLE = "北杨家庄蘑菇专场（演示）"
LOW_STOCK = 20


def load_if_empty() -> bool:
    """Fill an empty database; ``False`` when it holds anybody, or in production."""
    now, settings = tools().clock(), tools().settings
    if settings.production or db.session.scalar(select(User.id).limit(1)) is not None:
        return False
    start = now - timedelta(days=12)
    people.make(start)
    goods.make_places(store=tools().pictures, base_url=settings.base_url, now=start)
    goods.make_goods(store=tools().pictures, now=start)
    _past_show(settings, tools().gateways, now)
    _shows_of_today(now)
    top_up()
    return True


def _past_show(settings: Settings, gateways: Mapping[str, Gateway], now: datetime) -> None:
    """A show of nine days ago, with an order in every state."""
    at = now - timedelta(days=9)
    room = shows.open_show("丰收杂粮专场（演示）", shows.PAST_ITEMS, at=at)
    shows.pin_first(room, now=at)
    play = DemoOrders(settings, gateways)
    mushrooms = Wish(sku="MG-XG-500", quantity=2, live_item_id=shows.item_of(room, "MG-XG-500"))
    grains = Wish(sku="ZL-HE-4000", quantity=1, live_item_id=shows.item_of(room, "ZL-HE-4000"))
    dried = Wish(sku="GS-GC-600", quantity=1, live_item_id=shows.item_of(room, "GS-GC-600"))
    first, second = people.BUYER, people.OTHER_BUYER
    ours, theirs = people.MANAGER, people.OTHER_MANAGER
    for buyer in (first, second):
        play.through(buyer, ours, mushrooms, at=at + timedelta(minutes=5), to="completed")
        play.through(buyer, theirs, grains, at=at + timedelta(minutes=9), to="completed")
    play.through(second, theirs, dried, at=at + timedelta(minutes=12), to="completed")
    play.cancel(
        first,
        play.place(first, mushrooms, at=at + timedelta(minutes=14)),
        at=at + timedelta(minutes=15),
    )
    damaged = play.through(second, theirs, dried, at=at + timedelta(minutes=20), to="delivered")
    play.refund_by_claim(second, damaged, "GS-GC-600", at=at + timedelta(days=3, hours=4))
    going_live.end(room, actor=people.actor(people.HOST, "host"), now=at + timedelta(hours=2))
    _recent_orders(play, now)


def _recent_orders(play: DemoOrders, now: datetime) -> None:
    """Orders of the last days from the shelf: delivered, on the way, partly sent, paid, unpaid."""
    first, second = people.BUYER, people.OTHER_BUYER
    ours, theirs = people.MANAGER, people.OTHER_MANAGER
    shelf = Wish(sku="MG-ME-250", quantity=1)
    millet = Wish(sku="ZL-XM-2500", quantity=1)
    play.through(first, ours, shelf, at=now - timedelta(days=3, hours=3), to="completed")
    play.through(first, ours, shelf, at=now - timedelta(days=3, hours=1), to="delivered")
    play.through(second, theirs, millet, at=now - timedelta(days=1), to="shipped")
    both = play.through(second, ours, shelf, millet, at=now - timedelta(hours=20), to="paid")
    play.ship(ours, both, at=now - timedelta(hours=12))
    play.through(first, ours, shelf, at=now - timedelta(hours=3), to="paid")
    play.place(first, millet, at=now)


def _shows_of_today(now: datetime) -> None:
    shows.schedule(
        "高家庄核桃开袋（演示）",
        (shows.DemoItem(sku="GS-HT-2500", live_price_fen=5480, allotment=30),),
        starts_at=now + timedelta(days=1),
        now=now,
    )


def top_up() -> None:
    """See to it that every SKU has fresh units, and that a room is on air; only in the demo."""
    now = tools().clock()
    if tools().settings.production or not _is_demo():
        return
    stocking.write_off_expired(now)
    for cooperative in COOPERATIVES:
        for product in cooperative.products:
            for variant in product.variants:
                if available([variant.sku])[variant.sku] < LOW_STOCK:
                    goods.shelve(cooperative, product, variant.sku, now=now)
    if not shows.is_on_air():
        room = shows.open_show(TITLE, shows.ON_AIR_ITEMS, at=now)
        shows.pin_first(room, now=now)


def _is_demo() -> bool:
    """Whether this county was loaded by ``load_if_empty``: its first cooperative is ours."""
    slugs = [cooperative.slug for cooperative in COOPERATIVES]
    known = db.session.scalars(select(Cooperative.slug).where(Cooperative.slug.in_(slugs)))
    return set(known) == set(slugs)
