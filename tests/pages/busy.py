"""A county where everything has happened once: what there is to read on a page is there."""

from datetime import date, timedelta
from typing import Any

from shop.db import db, transactional
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.inventory.states import AdjustReason, PackingKind
from shop.domain.live.states import SessionStatus
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.outbox.models import InboxEvent
from shop.domain.outbox.states import InboxStatus
from shop.domain.villages import queries as villages
from shop.flows import (
    cancelling,
    cataloguing,
    chatting,
    claiming,
    going_live,
    packing,
    refunding,
    reviewing,
    stocking,
    tracking,
    working,
)
from shop.flows.packing import Packing
from shop.flows.stocking import NewLot
from tests.api.world import World
from tests.builders import a_product, an_actor
from tests.conftest import NOON
from tests.live_builders import a_show
from tests.paid_orders import a_paid_order

WHY = "演示原因"
PAPER = {
    "kind": "green", "number": "演示 1", "holder": "演示", "scope": "演示",
    "valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 31), "picture": None,
}  # fmt: skip


def busy(world: World) -> None:
    """Let it all happen in a furnished world; inside an app context."""
    ids, actors = world.ids, {role: an_actor(user) for role, user in world.first.items()}
    _sell(ids, actors)
    _store(ids, actors)
    _write(ids, actors)
    _show(ids, actors)
    operator = actors["operator"]
    working.finish_task(actor=operator, task_id=ids["task_id"], note=WHY, now=NOON)
    ids["report_task"] = _report()


def _sell(ids: dict[str, Any], actors: dict[str, Any]) -> None:
    tracking.record_event(
        actor=actors["keeper"],
        number=ids["number"],
        shipment_id=ids["shipment_id"],
        status=ShipmentStatus.IN_TRANSIT,
        note=WHY,
        occurred_at=NOON,
        now=NOON + timedelta(minutes=1),
    )
    claiming.answer_claim(
        actor=actors["clerk"],
        claim_id=ids["claim_id"],
        decision="refuse",
        amount_fen=None,
        reason=WHY,
        now=NOON,
    )
    refunding.ask_refund(
        actor=actors["manager"],
        number=ids["number"],
        lines={ids["sku"]: 1},
        amount_fen=None,
        freight=False,
        reason=WHY,
        request_key="busy",
        now=NOON,
    )
    ids["cancelled"] = a_paid_order({ids["sku"]: 1}, buyer=actors["buyer"]).number
    cancelling.cancel_order(
        actor=actors["buyer"].wearing("buyer"), number=ids["cancelled"], now=NOON
    )


@transactional
def _report() -> int:
    """A payment's report that was held back, with the task to look at it."""
    event = InboxEvent(
        source="sandbox",
        event_id="演示",
        type="payment.succeeded",
        payload={},
        status=InboxStatus.QUARANTINED,
        reason=WHY,
        received_at=NOON,
    )
    db.session.add(event)
    db.session.flush()
    task_id = tasks.open_task(
        TaskKind.QUARANTINED_PAYMENT,
        dedupe_key="busy",
        ref=f"inbox:{event.id}",
        summary=WHY,
        due_at=NOON,
        now=NOON,
    )
    assert task_id is not None
    return task_id


def _store(ids: dict[str, Any], actors: dict[str, Any]) -> None:
    keeper = actors["keeper"]
    lot = NewLot(sku=ids["sku"], quantity=2, harvested_on=date(2026, 3, 1), label="演示批")
    code = stocking.shelve_lot(lot, actor=keeper, now=NOON).code
    stocking.correct_lot(
        actor=keeper, code=code, delta=-1, reason=AdjustReason.COUNTED, note=WHY, now=NOON
    )
    packing.pack(
        Packing(kind=PackingKind.PACKED, intakes=[(ids["slip_no"], 1000)], note=WHY),
        NewLot(sku=ids["sku"], quantity=1, harvested_on=date(2026, 3, 1)),
        actor=keeper,
        now=NOON,
    )


def _write(ids: dict[str, Any], actors: dict[str, Any]) -> None:
    """A product with papers and a struck price, one that waits, one sent back, one blocked."""
    home = villages.cooperative(ids["cooperative"])
    assert home is not None
    manager, operator = actors["manager"], actors["operator"]
    words = dict.fromkeys(("summary", "description", "storage"), "演示")
    ids["papered_slug"] = a_product(cooperative=home, sku="PAPER-1", certificates=[PAPER], **words)
    ids["back_slug"] = a_product(cooperative=home)
    ids["blocked_slug"] = a_product(cooperative=home)
    struck = {
        "sku": "PAPER-1", "strike_price_fen": 5000, "strike_basis": "retail_price",
        "strike_source": "演示来源",
    }  # fmt: skip
    cataloguing.change_product(
        actor=manager, now=NOON, slug=ids["papered_slug"], content={"variants": [struck]}
    )
    for name in ("slug", "back_slug"):
        cataloguing.change_product(
            actor=manager, now=NOON, slug=ids[name], content={"title": "演示新名", **words}
        )
    reviewing.reject_product(actor=operator, now=NOON, slug=ids["back_slug"], reason=WHY)
    reviewing.block_product(
        actor=operator, now=NOON, slug=ids["blocked_slug"], rule="演示规则", reason=WHY
    )


def _show(ids: dict[str, Any], actors: dict[str, Any]) -> None:
    host, operator = actors["host"], actors["operator"]
    ids["banned"] = a_show(host=host, status=SessionStatus.LIVE, intro="演示")
    chatting.notice(ids["banned"], actor=host, now=NOON, text="演示通知")
    going_live.ban(ids["banned"], actor=operator, now=NOON, reason=WHY)
    ids["rejected"] = a_show(host=host, status=SessionStatus.SUBMITTED)
    going_live.reject(ids["rejected"], actor=operator, now=NOON, reason=WHY)
