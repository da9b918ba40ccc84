"""Growth: what is asked often reads no more of a large table than its page, however large it is.

A county where everything has happened once is copied until its large tables have 20,000 rows and
more, then real requests and the worker's steps are made, and PostgreSQL explains each statement.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db
from shop.domain.catalog.models import Product
from shop.domain.live import queries as rooms
from shop.domain.outbox import queries as outbox
from shop.flows import delivering, watching
from shop.jobs import HANDLERS, JOBS
from shop.reads import catalogue
from tests.api.world import World, build
from tests.builders import an_actor
from tests.conftest import NOON, FixedClock, close, made_app
from tests.money import a_paid, complete
from tests.pages.busy import busy
from tests.pages.furnish import furnish
from tests.pages.visitors import Visitor
from tests.plans import Judge
from tests.servers import grown
from tests.servers.databases import TEMPLATE, Postgres, settings_for

NAME = "grown_county"
GROWTH = grown.Growth(
    rows={"users": 600, "product": 20_000, "live_session": 6000, "orders": 20_000},
    minutes_apart=1440,
    only={"product_term": "n % 4 = 0"},
)
SHIP_TO = {"name": "演示", "phone": "13800000001", "region_code": "140311", "street": "演示街"}
RARE = {"ask-carriers", "forget-people", "recount-all-sales"}
"""Jobs that may take their time: once a night, or nothing without a contract."""


@dataclass
class Grown:
    """The county, its judge, and everybody in it."""

    app: Flask
    clock: FixedClock
    world: World
    judge: Judge
    asked: list[str] = field(default_factory=list)

    def watching(self, asked: str) -> AbstractContextManager[None]:
        self.asked.append(asked)
        with self.app.app_context():
            return self.judge.watching(db.engine, asked)

    def call(self, role: str, path: str, body: Any = None, *, pages: int = 2) -> Any:
        """One request by somebody, and the pages after it."""
        client, headers = self.app.test_client(), self.world.header(role)
        with self.watching(f"{role} {'GET' if body is None else 'POST'} {path}"):
            if body is not None:
                key = {"Idempotency-Key": f"plan-{len(self.asked)}"}
                for _ in range(pages):
                    answer = client.post(path, json=body, headers=headers | key)
                    assert answer.status_code < 300, (path, answer.get_data(as_text=True))
                return answer.get_json(silent=True)
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, (path, answer.get_data(as_text=True))
            found = answer.get_json()
            for _ in range(pages - 1):
                if isinstance(found, dict) and found.get("next"):
                    mark = "&" if "?" in path else "?"
                    found = client.get(
                        f"{path}{mark}after={found['next']}", headers=headers
                    ).get_json()
                    assert found["items"]
            return found

    def look(self, role: str, path: str) -> None:
        """One page by somebody."""
        user = None if role == "stranger" else self.world.first[role]
        visitor = Visitor(self.app, user)
        with self.watching(f"{role} GET {path}"):
            assert visitor.get(path).status_code == 200, path

    def work(self, name: str, act: Callable[[], object]) -> None:
        """One step of the worker."""
        with self.watching(name), self.app.app_context():
            act()


@pytest.fixture(scope="module")
def county(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """Kept for the tests of this module, which add to it and change it."""
    folder: Path = tmp_path_factory.mktemp("grown")
    with postgres.connect() as line:
        line.execute(f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    clock = FixedClock()
    app = made_app(settings_for(postgres.url(NAME), folder / "data"), clock)
    with app.app_context():
        world = build()
        furnish(world)
        busy(world)
        buyer = an_actor(world.first["buyer"])
        for sku in (world.ids["sku"], world.ids["third_sku"]):
            complete(a_paid({sku: 1}, buyer=buyer))
        db.session.remove()
    with postgres.connect(NAME) as line:
        grown.grow(line, GROWTH)
        grown.crowd(line, world.ids["session_id"], events=10_000)
        yield Grown(app, clock, world, Judge(line))
    close(app)
    with postgres.connect() as line:
        line.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def buy(county: Grown) -> None:
    ids = county.world.ids
    county.call("buyer", "/api/v1/products")
    county.call("buyer", f"/api/v1/products?village={ids['village']}")
    county.call("buyer", f"/api/v1/products?cooperative={ids['cooperative']}&sort=price")
    county.call("buyer", f"/api/v1/products?category={ids['category']}&sort=sales")
    county.call("buyer", "/api/v1/products?q=演示&sort=-price")
    county.call("buyer", "/api/v1/products?q=xianggu")
    county.call("buyer", f"/api/v1/products/{ids['slug']}")
    wish = {"sku": ids["third_sku"], "quantity": 1}
    county.call("buyer", "/api/v1/quotes", {"items": [wish]}, pages=1)
    order = {"items": [wish], "ship_to": SHIP_TO, "consents": ["perishable-no-return"]}
    number = county.call("buyer", "/api/v1/orders", order)["number"]
    from_room = order | {
        "items": [{"sku": ids["sku"], "quantity": 1, "live_item_id": ids["item_id"]}]
    }
    county.call("buyer", "/api/v1/orders", from_room)
    way = {"gateway": "sandbox", "method": "alipay"}
    paid = county.call("buyer", f"/api/v1/orders/{number}/payments", way)["id"]
    county.call("buyer", f"/api/v1/sandbox/payments/{paid}", {"outcome": "pay"}, pages=1)
    county.call("buyer", f"/api/v1/payments/{paid}")
    county.call("buyer", "/api/v1/orders")
    county.call("buyer", "/api/v1/orders?status=pending_payment")
    county.call("buyer", f"/api/v1/orders/{number}")
    county.look("buyer", "/orders")
    for path in ("/", "/products", f"/products/{ids['slug']}", f"/villages/{ids['village']}"):
        county.look("stranger", path)
    county.look("stranger", f"/cooperatives/{ids['cooperative']}")


def watch(county: Grown) -> None:
    county.clock.tick(5)
    show = f"/api/v1/live-sessions/{county.world.ids['session_id']}"
    county.call("buyer", "/api/v1/live-sessions")
    county.call("buyer", "/api/v1/live-sessions?status=live")
    county.call("buyer", "/api/v1/live-sessions?status=ended")
    seq = county.call("buyer", show)["seq"]
    assert county.call("buyer", f"{show}/changes?after={seq - 20}")["events"]
    county.call("buyer", f"{show}/comments", {"text": "好"}, pages=1)
    county.look("stranger", f"/live/{county.world.ids['session_id']}")
    county.look("host", f"/host/sessions/{county.world.ids['session_id']}/console")
    county.look("host", f"/host/sessions/{county.world.ids['draft']}")


def manage(county: Grown) -> None:
    ids = county.world.ids
    county.call("manager", "/api/v1/orders?as=manager")
    county.call("manager", "/api/v1/orders?as=manager&status=completed")
    county.call("manager", "/api/v1/orders?as=manager&status=paid")
    county.call("operator", "/api/v1/orders?as=operator&status=paid")
    county.call("operator", "/api/v1/orders?as=operator")
    county.call("keeper", f"/api/v1/orders/{ids['number']}")
    county.call("manager", "/api/v1/inventory")
    county.call("manager", "/api/v1/inventory/moves")
    county.call("manager", f"/api/v1/inventory/moves?sku={ids['sku']}")
    county.call("buyer", f"/api/v1/board/{ids['village']}?period=2026-02")
    books = f"cooperative={ids['cooperative']}&period=2026-02"
    county.call("manager", f"/api/v1/settlements?{books}")
    for show in ("to_ship", "late", "sent", "all"):
        county.look("keeper", f"/coop/orders?show={show}")
    for path in (
        "/coop/products",
        "/coop/claims",
        "/coop/stock",
        "/coop/stock/moves",
        "/coop/stock/lots/new",
        "/coop/stock/pack",
        "/coop/stock/scale",
    ):
        county.look("keeper" if "stock" in path else "manager", path)
    county.look("stranger", "/board")
    county.look("stranger", f"/board/{ids['village']}")
    for path in ("/work", "/operator/review", "/operator/review/goods"):
        county.look("operator", path)


def labour(county: Grown) -> None:
    county.clock.tick(minutes=30)
    for name, job in JOBS.items():
        if name not in RARE:
            county.work(f"job {name}", job.run)
    carried = dict.fromkeys(HANDLERS, lambda _payload, _key: None)
    county.work("outbox", lambda: delivering.drain(carried, now=NOON, limit=4))
    county.work("lag of the outbox", lambda: (outbox.oldest_due(now=NOON), outbox.counts()))
    show = county.world.ids["session_id"]
    county.work("pulse of a room", lambda: watching.tick(show, viewers=5, now=NOON))
    county.work("positions of rooms", lambda: rooms.positions([show]))


@pytest.mark.parametrize("what", [buy, watch, manage, labour])
def test_nothing_reads_a_large_table_whole(county: Grown, what: Callable[[Grown], None]) -> None:
    county.judge.caught.clear()
    what(county)
    assert len(county.judge.caught) > 10
    faults = county.judge.faults()
    assert faults == [], "\n\n".join(faults)


@pytest.mark.parametrize("sort", ["newest", "price", "-price", "sales"])
def test_the_middle_of_a_list_costs_what_its_beginning_does(county: Grown, sort: Any) -> None:
    with county.app.app_context():
        ids = select(Product.id).order_by(Product.id).offset(10_000).limit(1)
        middle = db.session.get_one(Product, db.session.scalar(ids))
        keys = tuple(getattr(middle, column.key) for column, _ in catalogue.KEYS[sort])
        db.session.remove()
    read = {}
    for place, after in (("first", None), ("middle", keys)):
        county.judge.caught.clear()
        county.work(place, lambda after=after: catalogue.products(sort=sort, after=after))
        (caught,) = county.judge.caught.values()
        read[place] = county.judge.rows_read(caught)
    assert 25 <= read["first"] <= 400
    assert read["middle"] <= 1.5 * read["first"]


def test_a_dropped_index_is_named_with_the_request_that_missed_it(county: Grown) -> None:
    """The naive twin: without their index the orders of a buyer are looked for among all."""
    county.judge.caught.clear()
    county.judge.line.execute("DROP INDEX ix_orders_buyer_id_id")
    county.call("host", "/api/v1/orders", pages=1)
    (fault,) = county.judge.faults()
    assert fault.startswith("host GET /api/v1/orders: reads")
    assert "of orders" in fault.partition("\n")[0]
    assert "WHERE orders.buyer_id =" in fault
