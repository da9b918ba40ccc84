"""The work queue: each trouble once, seen by whom it concerns, with owner and history."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop import jobs
from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.compliance import queries, service
from shop.domain.compliance.models import Task
from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.domain.outbox import service as outbox
from shop.domain.outbox.models import InboxEvent, OutboxMessage
from shop.domain.outbox.states import InboxStatus, OutboxStatus
from shop.flows import delivering, working
from shop.kernel.actor import SYSTEM
from shop.kernel.errors import IllegalMove, NotFound
from shop.reads import work
from tests.builders import a_cooperative, a_manager, a_product, an_operator
from tests.conftest import NOON, Race

DUE = NOON + timedelta(hours=4)


@transactional
def a_task(
    key: str = "k", *, ref: str = "order:1", cooperative_id: int | None = None
) -> int | None:
    return service.open_task(
        TaskKind.LATE_PARCEL,
        dedupe_key=key,
        ref=ref,
        summary="260302-ABC · SF1",
        cooperative_id=cooperative_id,
        due_at=DUE,
        now=NOON,
    )


def opened(key: str = "k", **about: object) -> int:
    made = a_task(key, **about)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_the_same_trouble_is_one_task_and_is_not_opened_again(ctx: Flask, race: Race) -> None:
    assert sorted(race(6, lambda _: a_task() is not None)) == [False] * 5 + [True]
    transactional(lambda: service.close_task("k", actor=SYSTEM, note="gone", now=NOON))()
    assert a_task() is None
    task = db.session.scalars(select(Task)).one()
    assert task.status is TaskStatus.DONE
    assert [step.what for step in queries.history(task.id)] == ["opened", "done"]


def test_closing_what_is_not_open_is_no_error(ctx: Flask) -> None:
    close = transactional(lambda: service.close_task("none", actor=SYSTEM, note=None, now=NOON))
    assert close() is False


def test_somebody_takes_a_task_and_finishes_it_with_a_note(ctx: Flask) -> None:
    made, operator = opened(), an_operator()
    working.take_task(actor=operator, task_id=made, now=NOON)
    working.finish_task(actor=operator, task_id=made, note="电话联系了", now=NOON)
    view = work.task(made, None, now=NOON)
    assert (view.row.done, view.row.owner) == (True, "演示用户")
    assert [(step.what, step.note) for step in view.steps] == [
        ("opened", None),
        ("taken", None),
        ("done", "电话联系了"),
    ]
    for act in (
        lambda: working.take_task(actor=operator, task_id=made, now=NOON),
        lambda: working.finish_task(actor=operator, task_id=made, note="又", now=NOON),
    ):
        with pytest.raises(IllegalMove):
            act()


def test_a_manager_sees_the_tasks_of_the_own_cooperative_only(ctx: Flask) -> None:
    one, two = a_cooperative(), a_cooperative()
    mine, other, platform = (
        opened("a", cooperative_id=one.id),
        opened("b", cooperative_id=two.id),
        opened("c"),
    )
    manager = a_manager(one)

    def seen(reach: tuple[int, ...] | None) -> set[int]:
        found = work.tasks(
            reach,
            status=TaskStatus.OPEN,
            kind=None,
            owner_id=None,
            now=NOON,
            after=None,
            limit=24,
        )
        db.session.rollback()
        return {row.id for row in found.rows}

    assert seen(working.reach(manager)) == {mine}
    assert seen(working.reach(an_operator())) == {mine, other, platform}
    assert seen(working.reach(a_manager(one, role=Role.CLERK))) == set()
    with pytest.raises(NotFound):
        working.take_task(actor=manager, task_id=other, now=NOON)
    with pytest.raises(NotFound):
        working.finish_task(actor=manager, task_id=platform, note="x", now=NOON)


def test_a_stuck_message_goes_out_again_from_its_task(ctx: Flask) -> None:
    @transactional
    def stuck() -> int:
        outbox.put("sms", dedupe_key="s", payload={"message_id": 1}, now=NOON)
        message = db.session.scalars(select(OutboxMessage)).one()
        message.status, message.last_error = OutboxStatus.DEAD, "Unavailable: the SMS provider"
        return message.id

    message_id = stuck()
    made, operator = opened(ref=f"outbox:{message_id}"), an_operator()
    report = work.task(made, None, now=NOON).report
    assert report is not None
    assert (report.kind, report.status) == ("sms", "dead")
    working.send_again(actor=operator, task_id=made, now=NOON)
    db.session.rollback()
    assert db.session.get_one(OutboxMessage, message_id).status is OutboxStatus.WAITING
    assert work.task(made, None, now=NOON).row.done
    with pytest.raises(NotFound):
        working.send_again(actor=operator, task_id=opened("x", ref="order:1"), now=NOON)


def test_a_dead_report_becomes_a_task_and_may_live_again(ctx: Flask) -> None:
    @transactional
    def dead() -> int:
        event = InboxEvent(
            source="kuaidi100",
            event_id="e",
            type="shunfeng:SF1",
            payload={"param": "{}"},
            status=InboxStatus.DEAD,
            attempts=8,
            received_at=NOON,
        )
        db.session.add(event)
        db.session.flush()
        return event.id

    event_id = dead()
    assert working.watch(NOON) == 1
    assert working.watch(NOON) == 0
    task = db.session.scalars(select(Task)).one()
    assert task.ref == f"inbox:{event_id}"
    found = working.report_to_retry(actor=an_operator(), task_id=task.id, now=NOON)
    assert found == (event_id, "kuaidi100")
    db.session.rollback()
    event = db.session.get_one(InboxEvent, event_id)
    db.session.refresh(event)
    assert (event.status, event.attempts) == (InboxStatus.RECEIVED, 0)


def test_a_paper_that_expires_within_thirty_days_is_the_managers_task(ctx: Flask) -> None:
    home = a_cooperative()
    today = date(2026, 3, 2)

    def paper(number: str, days: int) -> dict[str, object]:
        return {
            "kind": "green",
            "number": number,
            "holder": "演示合作社",
            "valid_from": today - timedelta(days=300),
            "valid_to": today + timedelta(days=days),
        }

    slug = a_product(cooperative=home, certificates=[paper("LB-1", 30), paper("LB-2", 31)])
    assert working.watch(NOON) == 1
    assert working.watch(NOON) == 0
    task = db.session.scalars(select(Task)).one()
    assert (task.kind, task.ref) == (TaskKind.EXPIRING_PAPER, f"product:{slug}")
    assert task.cooperative_id == home.id
    assert "LB-1" in task.summary


@pytest.mark.parametrize("name", ["ask-carriers", "follow-parcels", "watch"])
def test_the_jobs_find_nothing_in_an_empty_shop(ctx: Flask, name: str) -> None:
    assert jobs.JOBS[name].run() == 0


def test_a_job_that_failed_is_run_again_by_the_worker(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setitem(
        jobs.JOBS, "lame", jobs.Job(run=lambda: len(ran.append("lame") or ran), every_seconds=9)
    )
    delivering.report_failure("lame", error="LookupError()", now=NOON)
    task_id = db.session.scalars(select(Task.id)).one()
    working.run_again(actor=an_operator(), task_id=task_id, now=NOON)
    db.session.expire_all()
    assert work.task(task_id, None, now=NOON).row.done
    delivering.drain(jobs.HANDLERS, now=NOON)
    assert ran == ["lame"]
    with pytest.raises(IllegalMove):
        working.run_again(actor=an_operator(), task_id=task_id, now=NOON)
    with pytest.raises(NotFound):
        working.run_again(actor=an_operator(), task_id=opened("x", ref="order:1"), now=NOON)
