"""FAULTS 92, 97 to 101 and 105: PostgreSQL dies, stands still, is locked, or full in two ways.

Nothing acknowledged is lost, nobody waits longer than the shop's own deadline, and the shop comes
back by itself.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
import requests

from tests.chaos.house import House
from tests.faults.crowd import Crowd, slowest, statuses
from tests.faults.small_disk import full_and_free_again, small_disk
from tests.lengths import FULL, rounds
from tests.servers.ground import Ground, until

SLACK_S = 0.5 if FULL else 5.0
"""What other tests on the same cores may add in ``make test``; the full form runs alone."""
ANSWER_S = 5.0 + SLACK_S
BACK_S = 5.0 + SLACK_S
CONNECTIONS = 40


@pytest.fixture(scope="module")
def house(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One shop for the whole file; every test leaves it well."""
    made = House(
        ground,
        tmp_path_factory.mktemp("outage"),
        worker=False,
        settings={"max_connections": str(CONNECTIONS)},
        WEB_CONCURRENCY="1",
    )
    yield made
    made.close()


def a_crowd(house: House, *, people: int = 6) -> Crowd:
    return Crowd(house.shop.url, house.postgres.url(), house.shop, people=people)


def ask(house: House, path: str) -> requests.Response:
    return requests.get(f"{house.shop.url}{path}", timeout=15)


def back_within(house: House, crowd: Crowd) -> float:
    """Seconds until an order is placed again; also what began late is answered."""
    took = crowd.until_placed(1, within_s=BACK_S)
    assert ask(house, "/readyz").status_code == 200
    return took


def test_acknowledged_orders_survive_the_death_of_postgres(house: House) -> None:
    """FAULTS 92."""
    with house.postgres.connect() as line:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert line.execute(f"SHOW {name}").fetchone() == ("on",)
    crowd = a_crowd(house)
    with crowd:
        for _ in range(rounds(1, 10)):
            crowd.until_placed(10)
            house.postgres.kill()
            house.postgres.start()
            print(f"killed: orders again after {back_within(house, crowd):.1f} s")
    crowd.assert_nothing_lost()


def test_while_the_database_is_away_the_shop_says_so_and_comes_back_by_itself(
    house: House,
) -> None:
    """FAULTS 97."""
    crowd = a_crowd(house)
    with crowd:
        for number in range(rounds(2, 10)):
            crowd.until_placed(5)
            began = time.monotonic()
            if number % 2:
                house.postgres.restart()
            else:
                house.to_postgres.close()
                until(lambda: 503 in statuses(crowd.tries_since(began)), what="a refusal")  # noqa: B023
                assert ask(house, "/healthz").status_code == 200
                ready = ask(house, "/readyz")
                assert (ready.status_code, ready.json()["code"]) == (503, "dependency-unavailable")
                assert ready.headers["Retry-After"].isdigit()
                house.to_postgres.heal()
            back_within(house, crowd)
            refused = {one.code for one in crowd.tries_since(began) if one.status == 503}
            assert refused <= {"dependency-unavailable"}
    crowd.assert_nothing_lost()


def test_lines_to_the_database_that_break_again_and_again_are_nobodys_accident(
    house: House,
) -> None:
    """FAULTS 97: cut at whatever moment, an order is answered 201 or may be asked for again."""
    with a_crowd(house, people=8) as crowd:
        crowd.until_placed(5)
        for _ in range(rounds(8, 200)):
            house.to_postgres.cut()
            crowd.until_placed(3)
    crowd.assert_nothing_lost()


def test_while_postgres_stands_still_everybody_is_answered_within_the_deadline(
    house: House,
) -> None:
    """FAULTS 98."""
    serving = [one.pid for one in house.web_workers()]
    ways = [
        (house.postgres.stop, house.postgres.go_on),
        (house.to_postgres.stall, house.to_postgres.heal),
    ]
    for hurt, heal in ways[: rounds(1, 2)]:
        with a_crowd(house) as crowd:
            crowd.until_placed(5)
            began = time.monotonic()
            hurt()
            try:
                until(
                    lambda: time.monotonic() > began + rounds(6, 20),  # noqa: B023
                    within_s=30,
                    what="the end of the stall",
                )
            finally:
                heal()
            back_within(house, crowd)
            tries = crowd.tries_since(began)
            assert slowest(tries) < ANSWER_S, slowest(tries)
            assert set(statuses(tries)) <= {200, 201, 409, 503}
            assert statuses(tries)[503] > 0
        crowd.assert_nothing_lost()
    assert [one.pid for one in house.web_workers()] == serving


def test_a_table_that_somebody_has_locked_costs_a_pause_and_no_pile_of_work(house: House) -> None:
    """FAULTS 99; with more people than connections, also the wait for one of those is short."""
    with a_crowd(house, people=14) as crowd:
        crowd.until_placed(5)
        with house.postgres.connect() as line, line.transaction():
            line.execute("LOCK TABLE orders")
            began = time.monotonic()
            until(
                lambda: time.monotonic() > began + rounds(6, 30),
                within_s=40,
                what="the end of the lock",
            )
        back_within(house, crowd)
        tries = [one for one in crowd.tries_since(began) if one.path == "/api/v1/orders"]
        assert slowest(tries) < ANSWER_S, slowest(tries)
        assert set(statuses(tries)) <= {201, 503}
        with house.postgres.connect() as line:
            waiting = line.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
        assert waiting is not None
        assert waiting[0] <= 1
    crowd.assert_nothing_lost()


def test_a_transaction_that_met_another_is_run_again(house: House) -> None:
    """FAULTS 100: PostgreSQL refuses the first two tries of an order, then ever more of them."""
    with house.postgres.connect() as line:
        line.execute("CREATE SEQUENCE refusals")
        line.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF nextval('refusals') <= current_setting('shop.refusals')::int THEN "
            "RAISE EXCEPTION 'met another' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$"
        )
        line.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH STATEMENT "
            "EXECUTE FUNCTION refuse()"
        )
        try:
            for refusals, tries in ((2, [201]), (6, [503, 201])):
                line.execute("SELECT setval('refusals', 1, false)")
                line.execute(f"ALTER DATABASE shop SET shop.refusals = {refusals}")
                house.to_postgres.cut()
                crowd = Crowd(house.shop.url, house.postgres.url(), house.shop, people=1, most=1)
                with crowd:
                    until(lambda: not crowd.busy(), within_s=15, what="the order")  # noqa: B023
                asked = [one.status for one in crowd.log.times if one.path == "/api/v1/orders"]
                assert asked[-len(tries) :] == tries, asked
                crowd.assert_nothing_lost()
        finally:
            line.execute("DROP TRIGGER refuse ON orders")
            line.execute("ALTER DATABASE shop RESET shop.refusals")


def test_a_deadlock_with_somebody_else_is_not_the_buyers(house: House) -> None:
    """FAULTS 100: the other holds what the order needs next, and wants what the order has."""
    crowd = a_crowd(house, people=2)
    with crowd, house.postgres.connect() as line:
        crowd.until_placed(2)
        for _ in range(rounds(2, 20)):
            try:
                with line.transaction():
                    line.execute("SET LOCAL deadlock_timeout = '10s'")
                    line.execute("LOCK TABLE stock_move IN EXCLUSIVE MODE")
                    until(lambda: _someone_waits(house), within_s=10, what="an order that waits")
                    line.execute("UPDATE stock SET held = held WHERE sku = %s", (crowd.sku,))
            except psycopg.errors.DeadlockDetected:
                continue
            crowd.until_placed(1)
    assert set(statuses(crowd.log.times)) <= {200, 201, 409, 503}
    crowd.assert_nothing_lost()


def _someone_waits(house: House) -> bool:
    with house.postgres.connect() as line:
        found = line.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return found is not None and found[0] > 0


def test_when_others_have_taken_every_connection_the_shop_says_so_soon(house: House) -> None:
    """FAULTS 101."""
    with a_crowd(house) as crowd, ExitStack() as others:
        crowd.until_placed(5)
        house.to_postgres.close()
        until(lambda: _fill(house, others), what="no connection left")
        began = time.monotonic()
        house.to_postgres.heal()
        until(lambda: len(crowd.tries_since(began)) > 20, what="twenty answers")
        tries = crowd.tries_since(began)
        assert slowest(tries) < 3 + SLACK_S
        assert set(statuses(tries)) == {503}
        others.close()
        back_within(house, crowd)
    crowd.assert_nothing_lost()


def _fill(house: House, others: ExitStack) -> bool:
    """Take connections until there is none; the shop's own end one by one meanwhile."""
    taken = 0
    try:
        while True:
            others.enter_context(house.postgres.connect())
            taken += 1
    except psycopg.OperationalError:
        return taken == 0


def test_a_full_tablespace_of_postgresql_is_told_and_passes(house: House, ground: Ground) -> None:
    """FAULTS 105: kept answers stand on a disk of their own, which is the first to be full."""
    place = ground.folder / f"disk-{os.getpid()}"
    with small_disk(place, megabytes=2) as disk, house.postgres.connect() as line:
        inside = disk / "space"
        inside.mkdir(mode=0o700)
        os.chown(inside, (house.postgres.folder / "data").stat().st_uid, -1)
        line.execute(f"CREATE TABLESPACE small LOCATION '{inside}'")
        line.execute("ALTER TABLE kept_answer SET TABLESPACE small")
        crowd = Crowd(house.shop.url, house.postgres.url(), house.shop, people=3)
        full_and_free_again(crowd, house.shop, disk)
        line.execute("ALTER TABLE kept_answer SET TABLESPACE pg_default")
        line.execute("DROP TABLESPACE small")
    place.rmdir()
