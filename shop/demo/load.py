"""Loading the demo county into an empty database."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.config import Settings
from shop.db import db
from shop.demo import boards, goods, people, renewal, shows
from shop.demo.orders import DemoOrders
from shop.domain.accounts.models import User
from shop.domain.payments.gateways.base import Gateway
from shop.flows import going_live, working
from shop.reads.pricing import Wish
from shop.tools import tools


def load_if_empty() -> bool:
    """Fill an empty database; ``False`` when it holds anybody, or in production."""
    now, settings = tools().clock(), tools().settings
    if settings.production or db.session.scalar(select(User.id).limit(1)) is not None:
        return False
    start = now - timedelta(days=12)
    people.make(start)
    goods.make_places(store=tools().pictures, now=start)
    goods.make_goods(store=tools().pictures, now=start)
    goods.weigh_delivery(now=now - timedelta(hours=5))
    goods.propose_change(now=now - timedelta(hours=4))
    _past_show(settings, tools().gateways, now)
    boards.make(now=now)
    renewal.top_up()
    working.watch(now)
    return True


def _past_show(settings: Settings, gateways: Mapping[str, Gateway], now: datetime) -> None:
    """A show of the day before, with an order in every state that an ended show can have."""
    at = now - timedelta(hours=26)
    room = shows.open_show(shows.PAST_TITLE, shows.PAST_ITEMS, at=at)
    play = DemoOrders(settings, gateways)
    _completed(play, room, at)
    _under_way(play, room, at)
    going_live.end(room, actor=people.actor(people.HOST, "host"), now=at + timedelta(hours=2))
    shelf = Wish(sku="MG-ME-250", quantity=1)
    play.through(people.BUYER, {people.MANAGER}, shelf, at=now - timedelta(days=3), to="completed")
    play.place(people.BUYER, Wish(sku="ZL-XM-2500", quantity=1), at=now)


def _wish(room: int, sku: str, quantity: int = 1) -> Wish:
    return Wish(sku=sku, quantity=quantity, live_item_id=shows.item_of(room, sku))


def _completed(play: DemoOrders, room: int, at: datetime) -> None:
    """What has become income: of six mushroom growers, and of one grower of coarse grains."""
    ours, theirs = {people.MANAGER}, {people.OTHER_MANAGER}
    mushrooms, grains = _wish(room, "MG-XG-500", 2), _wish(room, "ZL-HE-4000")
    for minute, buyer in enumerate((people.BUYER, people.OTHER_BUYER)):
        play.through(buyer, ours, mushrooms, at=at + timedelta(minutes=5 + minute), to="completed")
        play.through(buyer, theirs, grains, at=at + timedelta(minutes=9 + minute), to="completed")
    buyer, dried = people.OTHER_BUYER, _wish(room, "GS-GC-600")
    damaged = play.through(buyer, theirs, dried, at=at + timedelta(minutes=12), to="completed")
    play.refund_by_claim(buyer, damaged, "GS-GC-600", at=at + timedelta(hours=23))


def _under_way(play: DemoOrders, room: int, at: datetime) -> None:
    """One order in each other state; the newest complaint still waits for its answer."""
    first, second = people.BUYER, people.OTHER_BUYER
    ours, theirs = {people.MANAGER}, {people.OTHER_MANAGER}
    mushrooms, dried = _wish(room, "MG-XG-500"), _wish(room, "GS-GC-600")
    play.cancel(
        first,
        play.place(first, mushrooms, at=at + timedelta(minutes=14)),
        at=at + timedelta(minutes=15),
    )
    returned = play.through(
        second, theirs, _wish(room, "ZL-HE-4000"), at=at + timedelta(minutes=16), to="delivered"
    )
    play.refund_all(returned, at=at + timedelta(hours=21))
    play.through(first, ours, mushrooms, at=at + timedelta(minutes=20), to="delivered")
    rotten = play.through(second, theirs, dried, at=at + timedelta(minutes=22), to="delivered")
    play.complain(second, rotten, "GS-GC-600", at=at + timedelta(hours=24))
    play.through(first, theirs, dried, at=at + timedelta(minutes=25), to="shipped")
    play.through(second, ours, mushrooms, dried, at=at + timedelta(minutes=30), to="shipped")
    play.through(first, set(), mushrooms, at=at + timedelta(minutes=40), to="paid")
