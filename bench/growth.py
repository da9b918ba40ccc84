"""``python -m bench --growth``: the same requests in a young shop and in one of many years.

A second table: a shop with the demo county alone beside one with 100,000 products and 1,000,000
orders in its tables, asked in turn; and a list's page 1,000 beside its first.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import psycopg

from bench import fill, shop_load
from bench.client import load, request
from bench.ground import Bench, Shop, opened
from tests.servers import grown

RUNS = 5
SKU = "MG-XG-500"
BUYERS, SURE = 1000, 100
PRODUCTS, ORDERS = 100_000, 1_000_000
LIST = "/api/v1/products"
DEEP = 1000

Requests = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is asked, and how much of its first rate must be left."""

    name: str
    requests: Requests
    good: int = 200
    aim: str = "0.9"


class Cost(NamedTuple):
    """Answers a second, and milliseconds of processor that each took."""

    rate: float
    cpu_ms: float


def table(bench: Bench, seconds: float, *, products: int = PRODUCTS, orders: int = ORDERS) -> None:
    """Two shops side by side, one of them grown, asked in turn; prints the table."""
    first = bench.shop(bench.database("young"))
    tokens = first.flask("demo", "buyers", "--count", str(BUYERS)).split()
    first.stop()
    fill.endless(bench.url("young"), [SKU])
    with psycopg.connect(bench.url("postgres"), autocommit=True) as line:
        line.execute("CREATE DATABASE grown TEMPLATE young")
    began = time.monotonic()
    age(bench.url("grown"), products=products, orders=orders)
    print(
        f"\n{products:,} products and {orders:,} orders, written in"
        f" {time.monotonic() - began:,.0f} s, {size(bench.url('grown'))}\n"
        "| figure | young, a second | grown, a second | CPU ms, young | grown | ratio | aim |\n"
        "|---|---|---|---|---|---|---|",
        flush=True,
    )
    settle(bench.url("young"))
    young, old = (bench.shop(bench.url(name), demo=False) for name in ("young", "grown"))
    for kind in (
        Kind(
            name="orders, one hot SKU",
            requests=lambda: shop_load.orders(tokens, [SKU]),
            good=201,
        ),
        Kind(name="product list, page 1", requests=lambda: shop_load.different_reads(LIST)),
        Kind(
            name="product detail",
            requests=lambda: shop_load.different_reads(f"{LIST}/dried-shiitake"),
        ),
        Kind(name="a buyer's newest order", requests=lambda: own(tokens)),
    ):
        print(_row(kind.name, *compare(bench, (young, kind), (old, kind), seconds), kind.aim))
    page = min(DEEP, products // 48)
    path = f"{LIST}?after={cursor(old, rows=(page - 1) * 24)}"
    start = Kind(name="page 1", requests=lambda: shop_load.different_reads(LIST))
    deep = Kind(name=f"page {page:,}", requests=lambda: shop_load.different_reads(path))
    costs = compare(bench, (old, start), (old, deep), seconds)
    print(_row(f"product list, grown: page 1 and page {page:,}", *costs, "0.67"), flush=True)
    young.stop()
    old.stop()


def own(tokens: list[str]) -> Iterator[bytes]:
    """The newest order of each buyer who has one in any case, so that answers are of one size."""
    for token in itertools.cycle(tokens[:SURE]):
        yield request("GET", "/api/v1/orders?limit=1", token=token)


def compare(
    bench: Bench, one: tuple[Shop, Kind], other: tuple[Shop, Kind], seconds: float
) -> tuple[Cost, Cost]:
    """Both in turn, so that whatever else the machine does befalls both: medians of the runs."""
    both = (one, other)
    for shop, kind in both:
        load(shop.port, kind.requests(), clients=64, seconds=1)
    runs = [[measure(bench, shop, kind, seconds) for shop, kind in both] for _ in range(RUNS)]
    young, old = (
        Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))
        for costs in zip(*runs, strict=True)
    )
    return young, old


def measure(bench: Bench, shop: Shop, kind: Kind, seconds: float) -> Cost:
    """One run."""
    before = bench.cpu(shop)
    run = load(shop.port, kind.requests(), clients=64, seconds=seconds)
    cpu = bench.cpu(shop) - before
    return Cost(run.good(kind.good), cpu / max(len(run.latencies), 1) * 1000)


def age(url: str, *, products: int, orders: int) -> None:
    """Let the years pass: the buyers of the benchmark bought it all."""
    with psycopg.connect(url, autocommit=True) as line:
        row = line.execute("SELECT max(id) FROM users").fetchone()
        assert row is not None
        skipped = dict.fromkeys(SKIPPED, "false")
        growth = grown.Growth(
            rows={"product": products, "orders": orders},
            only=skipped | {"order_history": "t.from_status IS NULL", "product_term": "n % 20 = 0"},
            words={"orders.buyer_id": f"{row[0]} - n % {BUYERS}"},
        )
        grown.grow(line, growth)
    settle(url)


def settle(url: str) -> None:
    """What the server does by itself within minutes: statistics, and what is written is on disk."""
    with psycopg.connect(url, autocommit=True) as line:
        line.execute("VACUUM ANALYZE")
        line.execute("CHECKPOINT")


SKIPPED = (
    "claim", "claim_history", "claim_line", "inbox_event", "ledger_entry", "ledger_tx", "lot_sale",
    "message", "outbox_message", "payment_history", "refund", "refund_line", "shipment",
    "shipment_event", "shipment_line", "task", "task_history",
)  # fmt: skip
"""Tables of the years that none of these requests comes near."""


def cursor(shop: Shop, *, rows: int) -> str:
    """Where a list goes on after so many rows, found by following it in long pages."""
    after = ""
    while rows > 0:
        limit = min(rows, 100)
        address = f"http://127.0.0.1:{shop.port}{LIST}?limit={limit}{after and f'&after={after}'}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            after = json.load(answer)["next"]
        rows -= limit
    return after


def size(url: str) -> str:
    """How much the database holds, in words."""
    with psycopg.connect(url) as line:
        row = line.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
    return str(row[0]) if row else ""


def _row(name: str, young: Cost, old: Cost, aim: str) -> str:
    ratio = old.rate / young.rate if young.rate else 0.0
    return (
        f"| {name} | {young.rate:,.0f} | {old.rate:,.0f} | {young.cpu_ms:.2f} "
        f"| {old.cpu_ms:.2f} | {ratio:.2f} | {aim} |"
    )


def main() -> int:
    asked = argparse.ArgumentParser(prog="bench.growth", description=__doc__)
    asked.add_argument("--seconds", type=float, default=5.0, help="length of one run")
    asked.add_argument("--products", type=int, default=PRODUCTS)
    asked.add_argument("--orders", type=int, default=ORDERS)
    given = asked.parse_args()
    with opened() as bench:
        table(bench, given.seconds, products=given.products, orders=given.orders)
    return 0


if __name__ == "__main__":
    sys.exit(main())
