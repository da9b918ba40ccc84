"""Bare Flask endpoints as fast as they can be: what the shop is measured against.

(a) the four statements of an order in one transaction a request, (b) the same as one statement,
(c) 24 rows read and returned, and a constant answer. No tokens, no checks, no schema.
"""

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import orjson
import psycopg
from flask import Flask, Response, request

TABLES = """
DROP TABLE IF EXISTS b_outbox, b_order, b_quota, b_counter, b_card;
CREATE TABLE b_counter (id int PRIMARY KEY, free bigint NOT NULL CHECK (free >= 0));
CREATE TABLE b_quota (counter int, buyer int, n int NOT NULL, PRIMARY KEY (counter, buyer));
CREATE TABLE b_order (
    id bigserial PRIMARY KEY, key text UNIQUE, buyer int, counter int, qty int, body jsonb,
    at timestamptz DEFAULT now());
CREATE TABLE b_outbox (id bigserial PRIMARY KEY, order_id bigint, kind text, sent_at timestamptz);
CREATE TABLE b_card (id int PRIMARY KEY, slug text, title text, price int, free int, village text);
INSERT INTO b_counter SELECT i, 1000000000 FROM generate_series(1, 100) i;
INSERT INTO b_card SELECT i, 'slug-' || i, '演示商品 ' || i, 1000 + i, i, '演示村'
  FROM generate_series(1, 1000) i;
"""

ONE = """
WITH o AS (INSERT INTO b_order (key, buyer, counter, qty, body)
             VALUES (%(key)s, %(buyer)s, %(counter)s, 1, %(body)s)
             ON CONFLICT DO NOTHING RETURNING id),
     q AS (INSERT INTO b_quota VALUES (%(counter)s, %(buyer)s, 1)
             ON CONFLICT (counter, buyer) DO UPDATE SET n = b_quota.n + 1
             WHERE b_quota.n < 1000000 RETURNING n),
     c AS (UPDATE b_counter SET free = free - 1 WHERE id = %(counter)s AND free >= 1 RETURNING free)
INSERT INTO b_outbox (order_id, kind) SELECT o.id, 'placed' FROM o, q, c RETURNING order_id
"""

app = Flask("baselines")


class Pool:
    """A few connections, handed out first come first served."""

    def __init__(self, url: str, size: int) -> None:
        self.free: queue.SimpleQueue[psycopg.Connection[Any]] = queue.SimpleQueue()
        for _ in range(size):
            self.free.put(psycopg.connect(url, autocommit=True))

    @contextmanager
    def line(self) -> Iterator["psycopg.Connection[Any]"]:
        found = self.free.get()
        try:
            yield found
        finally:
            self.free.put(found)


_pools: list[Pool] = []
_turn = Lock()


def pool() -> Pool:
    """The process's own, opened at the first request, after the fork."""
    if not _pools:
        with _turn:
            if not _pools:
                _pools.append(Pool(os.environ["BENCH_DATABASE"], int(os.environ["BENCH_POOL"])))
    return _pools[0]


def _answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


@app.post("/four")
def four() -> Response:
    """(a): key, quota, counter, outbox, then commit."""
    wish = orjson.loads(request.get_data())
    with pool().line() as line, line.transaction():
        made = line.execute(
            "INSERT INTO b_order (key, buyer, counter, qty, body) VALUES (%s, %s, %s, 1, %s)"
            " ON CONFLICT DO NOTHING RETURNING id",
            (request.headers["Idempotency-Key"], wish["buyer"], wish["counter"], "{}"),
        ).fetchone()
        line.execute(
            "INSERT INTO b_quota VALUES (%s, %s, 1) ON CONFLICT (counter, buyer)"
            " DO UPDATE SET n = b_quota.n + 1 WHERE b_quota.n < 1000000",
            (wish["counter"], wish["buyer"]),
        )
        line.execute(
            "INSERT INTO b_outbox (order_id, kind) VALUES (%s, 'placed')", (made and made[0],)
        )
        sold = line.execute(
            "UPDATE b_counter SET free = free - 1 WHERE id = %s AND free >= 1", (wish["counter"],)
        ).rowcount
        if not sold:
            raise psycopg.Rollback
    return _answer({"order": made and made[0]}, 201 if sold else 409)


@app.post("/one")
def one() -> Response:
    """(b): the same in one statement."""
    wish = orjson.loads(request.get_data())
    with pool().line() as line:
        made = line.execute(
            ONE,
            {
                "key": request.headers["Idempotency-Key"],
                "buyer": wish["buyer"],
                "counter": wish["counter"],
                "body": "{}",
            },
        ).fetchone()
    return _answer({"order": made and made[0]}, 201 if made else 409)


@app.get("/rows")
def rows() -> Response:
    """(c): 24 rows from the database."""
    with pool().line() as line:
        found = line.execute(
            "SELECT id, slug, title, price, free, village FROM b_card ORDER BY id LIMIT 24"
        ).fetchall()
    names = ("id", "slug", "title", "price_fen", "available", "village")
    return _answer({"items": [dict(zip(names, row, strict=True)) for row in found], "next": None})


@app.get("/constant")
def constant() -> Response:
    """A small answer from memory."""
    return _answer({"code": "insufficient-stock", "status": 409}, 409)


@app.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return _answer({"status": "ok"})
