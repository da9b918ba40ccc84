"""``make bench``: the shop against bare Flask endpoints beside it, medians of three runs.

Absolute figures are the machine's mood; what counts is the ratio to the baseline of the same run,
and the processor time an order costs.
"""

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from bench import fill, growth, journeys, pgbench, shop_load, viewers
from bench.baselines import TABLES
from bench.client import Result, converse, load, request
from bench.ground import Bench, Served, Shop, opened

RUNS = 3
SKU = "MG-XG-500"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    refused: int
    to: str = ""
    ratio: float = 0.0
    aim: str = ""


class Book:
    """Measures, remembers, and writes the table."""

    def __init__(self, bench: Bench, seconds: float) -> None:
        self.bench, self.seconds = bench, seconds
        self.figures: dict[str, Figure] = {}

    def measure(
        self,
        name: str,
        served: Served,
        requests: Callable[[], Iterator[bytes]],
        *,
        clients: int = 64,
        good: int = 200,
        to: str = "",
        aim: str = "",
    ) -> Figure:
        """The median of three runs, after a short one to warm up."""
        load(served.port, requests(), clients=clients, seconds=1)
        runs = [self._run(served, requests(), clients) for _ in range(RUNS)]
        result, cpu = sorted(runs, key=lambda run: run[0].good(good))[RUNS // 2]
        base = self.figures[to].rate if to else 0.0
        rate = statistics.median(run[0].good(good) for run in runs)
        figure = Figure(
            name=name,
            rate=rate,
            p50_ms=result.at(0.5),
            p99_ms=result.at(0.99),
            cpu_ms=cpu / max(len(result.latencies), 1) * 1000,
            refused=sum(n for status, n in result.statuses.items() if status != good),
            to=to,
            ratio=rate / base if base else 0.0,
            aim=aim,
        )
        self.figures[name] = figure
        print(row(figure), flush=True)
        return figure

    def _run(self, served: Served, requests: Iterator[bytes], clients: int) -> tuple[Result, float]:
        before = self.bench.cpu(served)
        result = load(served.port, requests, clients=clients, seconds=self.seconds)
        return result, self.bench.cpu(served) - before


HEAD = (
    "| figure | a second | p50 ms | p99 ms | CPU ms each | other answers | ratio to | aim |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(one: Figure) -> str:
    """A line of the table."""
    ratio = f"{one.ratio:.2f} × {one.to}" if one.to else ""
    return (
        f"| {one.name} | {one.rate:,.0f} | {one.p50_ms:.1f} | {one.p99_ms:.1f} "
        f"| {one.cpu_ms:.2f} | {one.refused} | {ratio} | {one.aim} |"
    )


def baselines(book: Book) -> None:
    """What bare Flask does beside us."""
    url = book.bench.database("baselines")
    with psycopg.connect(url, autocommit=True) as line:
        line.execute(TABLES)
    served = book.bench.baselines(url)

    def wishes(path: str) -> Callable[[], Iterator[bytes]]:
        def made() -> Iterator[bytes]:
            stamp = datetime.now(UTC).timestamp()
            number = 0
            while True:
                number += 1
                body = json.dumps({"buyer": number % 1000, "counter": 1}).encode()
                yield request("POST", path, body, key=f"{path}{stamp}{number}")

        return made

    book.measure("(a) four statements", served, wishes("/four"), good=201)
    book.measure("(b) one statement", served, wishes("/one"), good=201)
    book.measure("(c) 24 rows", served, lambda: shop_load.reads("/rows"))
    book.measure("constant answer", served, lambda: shop_load.reads("/constant"), good=409)
    served.stop()
    bare = pgbench.rate(book.bench, url, clients=64, seconds=book.seconds)
    print("| (d) pgbench, the same four statements | "
          + (f"{bare:,.0f}" if bare else "not on this machine") + " | | | | | | |")  # fmt: skip


def ordering(book: Book, shop: Shop, url: str, tokens: list[str]) -> None:
    """The order path: one hot SKU, a crowd, many SKUs, and what is gone."""
    fill.endless(url, [SKU])
    many = fill.many(url, SKU, 100)
    a, b = "(a) four statements", "(b) one statement"
    hot = "orders, one hot SKU"
    book.measure(
        hot, shop, lambda: shop_load.orders(tokens, [SKU]), good=201, to=a, aim="1.0; 2.0 ms CPU"
    )
    book.measure(
        "orders, one hot SKU, towards (b)", shop, lambda: shop_load.orders(tokens, [SKU]),
        good=201, to=b, aim="towards 1.0",
    )  # fmt: skip
    book.measure(
        "orders, 512 clients", shop, lambda: shop_load.orders(tokens, [SKU]), clients=512,
        good=201, to=hot, aim="0.9",
    )  # fmt: skip
    book.measure("orders, 100 SKUs", shop, lambda: shop_load.orders(tokens, many), good=201,
                 to=hot, aim="at most 1.25")  # fmt: skip
    fill.exactly(url, SKU, 0)
    book.measure("refused when sold out", shop, lambda: shop_load.orders(tokens, [SKU]), good=409,
                 to="constant answer", aim="0.25")  # fmt: skip


def reading(book: Book, shop: Shop, room: int) -> None:
    """Lists, pages and the snapshot, with the database behind them and in a rush."""
    for name, path in (
        ("product list", "/api/v1/products"),
        ("product detail", "/api/v1/products/dried-shiitake"),
        ("live snapshot", f"/api/v1/live-sessions/{room}"),
    ):
        book.measure(f"{name}, from the tables", shop,
                     lambda path=path: shop_load.different_reads(path),  # type: ignore[misc]
                     to="(c) 24 rows", aim="0.4")  # fmt: skip
        book.measure(f"{name}, in a rush", shop,
                     lambda path=path: shop_load.reads(path),  # type: ignore[misc]
                     to="constant answer", aim="0.6")  # fmt: skip


def last_hundred(url: str, shop: Shop, tokens: list[str]) -> None:
    """500 clients send 10,000 orders for 100 units."""
    fill.exactly(url, SKU, 0)
    before = fill.promised(url, SKU)
    fill.exactly(url, SKU, 100)
    requests = shop_load.orders(tokens, [SKU])
    result = load(shop.port, (next(requests) for _ in range(10_000)), clients=500, seconds=60)
    sold = fill.promised(url, SKU) - before
    print(
        f"\n10,000 requests by 500 clients for 100 units: {sold} sold, answers"
        f" {dict(sorted(result.statuses.items()))}, slowest {max(result.latencies):.1f} s,"
        f" {result.seconds:.1f} s in all",
        flush=True,
    )


def to_paid(book: Book) -> None:
    """Whole journeys, each of five calls."""
    shop = book.bench.shop(book.bench.database("paid"), SHOP_SANDBOX_SECRET=journeys.SECRET)
    tokens = shop.flask("demo", "buyers", "--count", "1000").split()
    journeys.stocked(shop, SKU, 1_000_000)
    growth.settle(book.bench.url("paid"))

    def run(seconds: float) -> Result:
        return converse(shop.port, journeys.journeys(tokens, SKU), clients=64, seconds=seconds)

    run(1)
    before = book.bench.cpu(shop)
    found = run(2 * book.seconds)
    cpu = (book.bench.cpu(shop) - before) / max(len(found.latencies), 1) * 1000
    paid = found.good(200)
    others = sum(n for status, n in found.statuses.items() if status != 200)
    print(row(Figure(name="journeys, quote to paid", rate=paid, p50_ms=found.at(0.5),
                     p99_ms=found.at(0.99), cpu_ms=cpu, refused=others, aim="120 a second")),
          flush=True)  # fmt: skip
    shop.stop()


def fan_out(book: Book, count: int) -> None:
    """Viewers of one room."""
    shop = book.bench.shop(book.bench.database("rooms"))
    seen = viewers.watch(shop, count)
    print(
        f"\n{count:,} viewers of one room: {seen['bytes_each'] / 1000:.1f} kB each (aim 20), idle"
        f" {seen['idle_cpu'] * 100:.0f} % of a core, a pin at the first after"
        f" {seen['first_s'] * 1000:.0f} ms and at the last after {seen['last_s'] * 1000:.0f} ms"
        f" (aim 1,000); all cut off, all back after {seen['back_s']:.1f} s with"
        f" {seen['refused']:.0f} asked to come again, a pin then at the last after"
        f" {seen['herd_last_s'] * 1000:.0f} ms",
        flush=True,
    )
    shop.stop()


def on_sqlite(book: Book) -> None:
    """The embedded engine, one process."""
    shop = book.bench.shop()
    fill.endless_on_sqlite(shop.folder / "shop.db", SKU)
    tokens = shop.flask("demo", "buyers", "--count", "200").split()
    book.measure("orders on SQLite", shop, lambda: shop_load.orders(tokens, [SKU]),
                 good=201, aim="200 a second")  # fmt: skip
    shop.stop()


def main() -> int:
    asked = argparse.ArgumentParser(prog="bench", description=__doc__)
    asked.add_argument("--seconds", type=float, default=5.0, help="length of one run")
    asked.add_argument("--workers", type=int, default=1, help="web processes of the shop")
    asked.add_argument("--viewers", type=int, default=10_000, help="of one room")
    asked.add_argument("--growth", action="store_true", help="a second table, of a grown shop")
    given = asked.parse_args()
    with opened() as bench:
        book = Book(bench, given.seconds)
        print(
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {sys.version.split()[0]}"
        )
        print(HEAD)
        baselines(book)
        url = bench.database("shop")
        shop = bench.shop(url, workers=given.workers)
        tokens = shop.flask("demo", "buyers", "--count", "1000").split()
        growth.settle(url)
        ordering(book, shop, url, tokens)
        room = json.loads(_read(shop, "/api/v1/live-sessions?status=live"))["items"][0]["id"]
        reading(book, shop, room)
        last_hundred(url, shop, tokens)
        shop.stop()
        to_paid(book)
        on_sqlite(book)
        fan_out(book, given.viewers)
        if given.growth:
            growth.table(bench, given.seconds)
    return 0


def _read(shop: Shop, path: str) -> bytes:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{shop.port}{path}", timeout=10) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    sys.exit(main())
