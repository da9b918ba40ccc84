"""The work queue's pages: each kind of trouble has a button that sees to it."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shop import jobs
from shop.db import db
from shop.domain.compliance.models import Task
from shop.domain.outbox.models import OutboxMessage
from shop.domain.payments.models import Refund
from shop.flows import delivering, working
from tests.builders import a_cooperative, a_manager, a_product, a_sku, an_operator
from tests.conftest import NOON
from tests.money import a_payment, an_event, place, told
from tests.pages.goods_reader import Reader

pytestmark = pytest.mark.usefixtures("ctx")


@pytest.fixture
def operator(house: Flask) -> Reader:
    return Reader(house, an_operator())


def newest_task() -> str:
    db.session.rollback()
    task_id = db.session.scalars(select(Task.id).order_by(Task.id.desc())).first()
    db.session.rollback()
    return f"/work/{task_id}"


def counted(table: type) -> int:
    db.session.rollback()
    return len(db.session.scalars(select(table)).all())


def test_money_held_back_is_sent_back_by_one_button(operator: Reader) -> None:
    order = place({a_sku(on_hand=2): 1})
    told(an_event(a_payment(order), order, amount_fen=500))
    task = newest_task()
    shown = operator.get(f"{task}?lang=en")
    assert "Send ¥5.00 back" in shown
    assert f"{task}/dismiss" in shown
    assert operator.send(task, {}, to=f"{task}/send-back").status_code == 303
    assert counted(Refund) == 1
    after = operator.get(task)
    assert f"{task}/send-back" not in after
    assert f"{task}/dismiss" not in after
    assert operator.send(task, {}, to=f"{task}/send-back").status_code == 303
    assert counted(Refund) == 1


def test_what_brought_no_money_is_set_aside_with_a_reason_and_not_without(
    operator: Reader,
) -> None:
    order = place({a_sku(on_hand=2): 1})
    told(an_event(a_payment(order), order, currency="USD"))
    task = newest_task()
    assert f"{task}/send-back" not in operator.get(task)
    operator.send(task, {"note": ""}, to=f"{task}/dismiss")
    assert f"{task}/dismiss" in operator.get(task)
    operator.send(task, {"note": "演示：测试消息"}, to=f"{task}/dismiss")
    assert "演示：测试消息" in operator.get(task)
    assert counted(Refund) == 0


def test_a_failed_job_has_a_button_that_runs_it_again(operator: Reader) -> None:
    delivering.report_failure("recount-sales", error="KeyError(1)", now=NOON)
    task = newest_task()
    assert f"{task}/run-again" in operator.get(task)
    assert operator.send(task, {}, to=f"{task}/run-again").status_code == 303
    assert counted(OutboxMessage) == 1
    assert delivering.drain(jobs.HANDLERS, now=NOON) == 1
    assert f"{task}/run-again" not in operator.get(task)


def test_an_expiring_paper_leads_each_to_a_page_of_their_own(
    operator: Reader, house: Flask
) -> None:
    home = a_cooperative()
    paper = {
        "kind": "green",
        "number": "LB-1",
        "holder": "演示合作社",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 3, 2) + timedelta(days=9),
    }
    a_product(cooperative=home, certificates=[paper])
    working.watch(NOON)
    task = newest_task()
    for reader in (operator, Reader(house, a_manager(home))):
        link = re.search(r'href="(/(?:operator/review|coop/products)/[^"]+)"', reader.get(task))
        assert link is not None
        reader.get(link[1])
