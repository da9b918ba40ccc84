"""The ground the other tests stand on."""

from flask import Flask
from sqlalchemy import text

from shop.db import db
from tests.conftest import Race


def test_every_test_gets_an_empty_database(ctx: Flask) -> None:
    assert db.session.execute(text("SELECT count(*) FROM users")).scalar_one() == 0
    db.session.execute(
        text("INSERT INTO users (name, status, created_at) VALUES ('x', 'active', '2026-01-01')")
    )
    assert db.session.execute(text("SELECT id FROM users")).scalar_one() == 1


def test_racers_start_together_and_keep_their_order(race: Race) -> None:
    def act(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    results = race(4, act)
    assert [type(r).__name__ for r in results] == ["int", "int", "ValueError", "int"]


def test_the_store_is_empty(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as store:
        assert store.dbsize() == 0
