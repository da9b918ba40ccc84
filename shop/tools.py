"""What the edges hold in their hands: settings, clock and doors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import Flask, current_app

from shop.config import Settings
from shop.domain.catalog.images import Pictures, StoredPictures
from shop.domain.live import queries as live
from shop.domain.live.bus import Bus
from shop.domain.live.doors import open_bus, open_presence
from shop.domain.live.presence import Presence
from shop.domain.logistics.couriers.doors import Couriers, open_couriers
from shop.domain.notices.messengers import HttpMessenger, Messenger, OutboxPage
from shop.domain.payments.gateways.base import Gateway
from shop.domain.payments.gateways.doors import open_gateways
from shop.kernel.clock import Clock

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(kw_only=True)
class Tools:
    """One set an app; tests give their own."""

    settings: Settings
    clock: Clock
    messenger: Messenger
    pictures: Pictures
    bus: Bus
    presence: Presence
    gateways: Mapping[str, Gateway]
    couriers: Couriers

    def pay_return_url(self, number: str) -> str:
        """Where a payment provider sends the buyer of an order back to."""
        return f"{self.settings.base_url}/orders/{number}/paid"


def install(app: Flask, *, settings: Settings, clock: Clock) -> Tools:
    """Open every door once and keep them on the app."""
    made = Tools(
        settings=settings,
        clock=clock,
        messenger=_messenger(settings),
        pictures=StoredPictures(settings.pictures_url),
        bus=_bus(app, settings),
        presence=open_presence(settings.redis_url),
        gateways=open_gateways(settings, clock=clock),
        couriers=open_couriers(
            salts=settings.kuaidi100_salts,
            customer=settings.kuaidi100_customer,
            key=settings.kuaidi100_key,
            hook_url=f"{settings.base_url}/api/hooks/kuaidi100",
        ),
    )
    app.extensions["shop_tools"] = made
    return made


def _bus(app: Flask, settings: Settings) -> Bus:
    """The bus looks at the database from a thread of its own, each time in a fresh context."""
    return open_bus(
        redis_url=settings.redis_url,
        positions=_in_context(app, live.positions),
        events_after=_in_context(app, live.events_after),
        most=settings.max_streams,
    )


def _in_context(app: Flask, read: Callable[P, R]) -> Callable[P, R]:
    @wraps(read)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with app.app_context():
            return read(*args, **kwargs)

    return run


def _messenger(settings: Settings) -> Messenger:
    if settings.sms_url:
        return HttpMessenger(url=settings.sms_url, token=settings.sms_token)
    return OutboxPage()


def tools() -> Tools:
    """The tools of the app at hand."""
    return cast(Tools, current_app.extensions["shop_tools"])
