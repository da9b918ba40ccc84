"""Live events by month: each stands where its month is, none is refused, none changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from shop import triggers
from shop.db import Base, db, transactional
from shop.domain.live import months, service
from shop.domain.live.states import EventType
from shop.flows.making_months import make_months
from tests.builders import a_cooperative
from tests.conftest import NOON
from tests.live_builders import a_host, a_show, events_of
from tests.structure.rows import refused

pytestmark = [pytest.mark.usefixtures("ctx"), pytest.mark.spoils]
LATER = datetime(2041, 5, 5, 4, 0, tzinfo=UTC)
"""When no migration has made a month."""
only_on_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@transactional
def tell(show: int, text: str, *, now: datetime) -> int:
    return service.announce(show, EventType.NOTICE, {"text": text}, now=now)


@transactional
def make(first: date) -> bool:
    return months.make(first)


def where(show: int) -> list[tuple[int, str]]:
    """(number, partition) of a room's events."""
    asked = (
        "SELECT seq, tableoid::regclass::text FROM live_event WHERE session_id = :id ORDER BY seq"
    )
    rows = db.session.execute(sa.text(asked), {"id": show})
    found = [(row[0], row[1]) for row in rows]
    db.session.rollback()
    return found


def test_without_partitions_there_is_nothing_to_make(ctx: Flask) -> None:
    made = make_months(now=LATER)
    assert made == (0 if db.engine.dialect.name == "sqlite" else 4)
    assert make_months(now=LATER) == 0


@only_on_postgres
def test_the_year_turns() -> None:
    assert make_months(now=datetime(2031, 11, 30, 23, 59, tzinfo=UTC)) == 4
    with db.engine.connect() as line:
        made = {name for name in triggers.partitions(line) if "_20" in name}
    wanted = {f"live_event_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")}
    assert made >= wanted


@only_on_postgres
def test_a_show_goes_on_from_one_month_to_the_next() -> None:
    make_months(now=NOON)
    show = a_show(host=a_host())
    midnight = datetime(2026, 4, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    for n, at in enumerate((NOON, midnight - second, midnight, midnight + second), start=1):
        assert tell(show, str(n), now=at) == n
    march, april = "live_event_2026_03", "live_event_2026_04"
    assert where(show) == [(1, march), (2, march), (3, april), (4, april)]
    assert [event.data["text"] for event in events_of(show)] == ["1", "2", "3", "4"]
    assert [event.seq for event in events_of(show, after=2)] == [3, 4]


@only_on_postgres
def test_an_event_of_a_month_that_nobody_made_is_kept() -> None:
    show = a_show(host=a_host(), now=LATER)
    tell(show, "early", now=LATER)
    assert where(show) == [(1, "live_event_default")]
    assert make_months(now=LATER) == 3, "its month stays with the default"
    tell(show, "late", now=LATER + timedelta(days=31))
    assert where(show) == [(1, "live_event_default"), (2, "live_event_2041_06")]
    assert [event.data["text"] for event in events_of(show)] == ["early", "late"]


@only_on_postgres
def test_partitions_refuse_what_their_table_refuses() -> None:
    make_months(now=NOON)
    show = a_show(host=a_host())
    tell(show, "march", now=NOON)
    tell(show, "default", now=NOON - timedelta(days=365))
    with db.engine.connect() as line:
        for name in ("live_event_2026_03", "live_event_default", "live_event"):
            for statement in (
                f"UPDATE {name} SET data = '{{}}'",
                f"DELETE FROM {name}",
                f"TRUNCATE {name}",
            ):
                assert "append-only: live_event" in refused(line, statement)
        again = f"INSERT INTO live_event SELECT {show}, 1, type, data, at FROM live_event_2026_03"
        assert "pk_live_event_2026_03" in refused(line, again)
        stranger = "INSERT INTO live_event SELECT 99, 1, type, data, at FROM live_event_2026_03"
        assert "fk_live_event_session_id" in refused(line, stranger)
        listed = {
            row[0]
            for row in line.execute(sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
        }
        made = triggers.partitions(line)
    assert len(made) >= 5
    assert {f"{name}_no_truncate" for name in made} <= listed
    assert set(made.values()) == {"live_event"}
    assert Base.metadata.tables["live_event"].info["append_only"]


@only_on_postgres
def test_the_months_before_a_show_are_not_looked_at() -> None:
    for month in (1, 2, 3, 4):
        make(date(2026, month, 1))
    show = a_show(host=a_host())
    tell(show, "x", now=NOON)
    sent: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, given: object, *_more: object) -> None:
        sent.append((statement, given))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    events_of(show)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    statement, given = next(one for one in sent if "FROM live_event" in one[0])
    with db.engine.connect() as line:
        plan = str(line.exec_driver_sql(f"EXPLAIN {statement}", given).all())  # type: ignore[arg-type]
    assert "live_event_2026_03" in plan
    assert "live_event_2026_01" not in plan
    assert "live_event_2026_02" not in plan


def test_events_stay_when_the_partitions_go_and_come() -> None:
    make_months(now=NOON)
    a_cooperative()
    show = a_show(host=a_host())
    for n in range(3):
        tell(show, str(n), now=NOON + timedelta(days=20 * n))
    before = events_of(show)
    db.session.remove()
    downgrade(revision="0004")
    assert events_of(show) == before
    db.session.remove()
    upgrade()
    assert events_of(show) == before
    assert tell(show, "more", now=NOON) == 4
