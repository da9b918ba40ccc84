"""Shops as they run for people, one on each database, with goods, buyers and a Stripe each."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any

import requests

from shop.app import create_app
from shop.db import db
from shop.kernel.clock import utc_now
from shop.reads.pricing import Wish
from tests.builders import COUNTY, a_sku, a_token, a_user
from tests.fakes.stripe_server import FakeStripe
from tests.invariants import assert_sound
from tests.lengths import rounds
from tests.money import a_deal
from tests.seen import item, stock
from tests.servers.databases import Postgres, settings_for
from tests.servers.ground import Ground
from tests.servers.shop import ShopServer

PATIENCE_S = rounds(15, 240)
"""In full, hundreds of people wait in one line."""
SHIP_TO = {
    "name": "演示收件人",
    "phone": "13800000099",
    "region_code": COUNTY,
    "street": "演示街 9 号",
}


class Stall:
    """One served shop; ``fake`` is the Stripe it speaks to."""

    def __init__(self, server: ShopServer, database_url: str, fake: FakeStripe) -> None:
        self.server, self.fake, self.url = server, fake, server.url
        folder = server.folder.parent / f"{server.folder.name}-beside"
        self.app = create_app(settings_for(database_url, folder))
        with self.app.app_context():
            self.sku = a_sku(on_hand=90, now=utc_now())

    def a_buyer(self) -> dict[str, str]:
        """The header of a new person."""
        with self.app.app_context():
            token = a_token(a_user(now=utc_now()), now=utc_now())
        return {"Authorization": f"Bearer {token}"}

    def a_deal(self, units: int) -> Wish:
        """One unit of an allotment in a room on air."""
        with self.app.app_context():
            return a_deal(live_price_fen=2900, on_hand=units + 50, allotment=units)

    def order(
        self,
        me: dict[str, str],
        *,
        key: str,
        url: str | None = None,
        wish: Wish | None = None,
    ) -> requests.Response:
        """One unit; ``url`` where somebody stands between."""
        wish = wish or Wish(sku=self.sku, quantity=1)
        body = {"items": [asdict(wish)], "ship_to": SHIP_TO, "consents": ["perishable"]}
        return self.post("/api/v1/orders", body, me | {"Idempotency-Key": key}, url=url)

    def pay(self, me: dict[str, str], number: str, *, key: str = "pay") -> requests.Response:
        """Begin to pay by Alipay at Stripe."""
        body = {"gateway": "stripe", "method": "alipay"}
        path = f"/api/v1/orders/{number}/payments"
        return self.post(path, body, me | {"Idempotency-Key": key})

    def post(
        self, path: str, body: Any, headers: dict[str, str], *, url: str | None = None
    ) -> requests.Response:
        # A line of its own, so that what ends a server does not spoil the next request.
        headers = headers | {"Connection": "close"}
        return requests.post(
            f"{url or self.url}{path}", json=body, headers=headers, timeout=PATIENCE_S
        )

    def get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        headers = (headers or {}) | {"Connection": "close"}
        return requests.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_S)

    def sold(self, wish: Wish) -> tuple[int, int]:
        """(held, sold) of a room's item as the tables have them."""
        with self.app.app_context():
            return item(wish.live_item_id)

    def stock(self) -> tuple[int, int, int]:
        """(on hand, held, allotted) as the tables have them."""
        with self.app.app_context():
            return stock(self.sku)

    def assert_sound(self) -> None:
        """Every invariant holds."""
        with self.app.app_context():
            assert_sound()


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Do them all in threads; gives what each gave, and raises what one raised."""
    results: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        try:
            results[place] = acts[place]()
        except BaseException as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(rounds(60, 1200))
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


@contextmanager
def opened(ground: Ground, postgres: Postgres, folder: Any, **env: str) -> Iterator[list[Stall]]:
    """A stall on SQLite and one on PostgreSQL, started side by side."""
    name = postgres.take()
    with ExitStack() as stack:
        stack.callback(postgres.give_back, name)
        stalls = []
        for kind in ("sqlite", "postgresql"):
            fake = stack.enter_context(FakeStripe())
            elsewhere = {"DATABASE_URL": postgres.url(name)} if kind == "postgresql" else {}
            server = ShopServer(
                ground,
                folder / kind,
                env=env
                | elsewhere
                | {
                    "SHOP_GATEWAYS": "sandbox,stripe",
                    "STRIPE_SECRET_KEY": fake.api_key,
                    "STRIPE_WEBHOOK_SECRETS": fake.secret,
                    "STRIPE_API_BASE": fake.url,
                },
            )
            stack.callback(server.stop)
            fake.hook_url = f"{server.url}/api/hooks/stripe"
            url = elsewhere.get("DATABASE_URL", f"sqlite:///{server.folder}/shop.db")
            stall = Stall(server, url, fake)
            stack.callback(_let_go, stall)
            stalls.append(stall)
        at_once([stall.server.start_web for stall in stalls])
        yield stalls


def _let_go(stall: Stall) -> None:
    with stall.app.app_context():
        for engine in db.engines.values():
            engine.dispose()
