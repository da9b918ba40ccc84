"""Periodic work: find what is due, hand it to a flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from shop.domain.payments.gateways.sandbox import SandboxGateway
from shop.flows import (
    answering,
    asking,
    cancelling,
    claiming,
    completing,
    counting,
    erasing,
    linking,
    making_months,
    paying,
    reconciling,
    sandboxing,
    sending_back,
    stocking,
    subscribing,
    telling,
    tracking,
    working,
)
from shop.flows.delivering import Handler
from shop.kernel.clock import SHANGHAI
from shop.tools import tools


@dataclass(frozen=True, kw_only=True)
class Job:
    """``run`` finds what is due and says how much it did.

    It runs once when a worker starts, then every so many seconds or daily in Asia/Shanghai; any
    number of workers may run it at the same moment, so its flows decide by rows, not by turns.
    ``on_the_minute``: every minute of the clock, so that one run falls on midnight.
    """

    run: Callable[[], int]
    every_seconds: float | None = None
    daily_at: time | None = None
    on_the_minute: bool = False

    @property
    def when(self) -> str:
        """For people."""
        if self.daily_at is not None:
            return f"daily at {self.daily_at:%H:%M}"
        return f"every {self.every_seconds:g} s"

    def trigger(self) -> BaseTrigger:
        """For the scheduler."""
        if self.daily_at is not None:
            return CronTrigger(
                hour=self.daily_at.hour, minute=self.daily_at.minute, timezone=SHANGHAI
            )
        if self.on_the_minute:
            return CronTrigger(second=0, timezone=SHANGHAI)
        return IntervalTrigger(seconds=self.every_seconds, timezone=SHANGHAI)


def forget_answers() -> int:
    """Drop the kept answers of keys older than a day."""
    return answering.forget_old(now=tools().clock())


def complete_orders() -> int:
    """Complete what was delivered long enough ago; its income is posted."""
    return completing.complete_due(tools().clock(), after_days=tools().settings.complete_after_days)


def expire_orders() -> int:
    """Close unpaid orders whose time is over."""
    return cancelling.expire_due(tools().clock())


def forget_people() -> int:
    """Drop old messages and codes, and what was held of people who left until its term."""
    now = tools().clock()
    return telling.forget_old(now=now) + erasing.forget_held(now=now)


def make_event_months() -> int:
    """Make the partitions of the months of live events that come."""
    return making_months.make_months(now=tools().clock())


def reconcile_payments() -> int:
    """Ask the providers about money whose end was never heard."""
    return reconciling.reconcile(
        gateways=tools().gateways, return_url=tools().pay_return_url, now=tools().clock()
    )


def recount_all_sales() -> int:
    """Count what of each product stayed sold, whatever the recounts of the day have missed."""
    return counting.recount_all(now=tools().clock())


def recount_sales() -> int:
    """Count what of the products just sold or given back stayed sold, by which lists sort."""
    return counting.recount_lately(now=tools().clock())


def return_stale_allotments() -> int:
    """Give shops back what was set aside for shows that do not come."""
    return linking.return_stale_allotments(now=tools().clock())


def ask_carriers() -> int:
    """Ask Kuaidi100 about parcels under way, where the shop has a contract."""
    query = tools().couriers.query
    return 0 if query is None else asking.ask_carriers(query, now=tools().clock())


def follow_parcels() -> int:
    """Apply reports that were only stored, and take orders along with their parcels."""
    now = tools().clock()
    return (
        tracking.apply_waiting(now)
        + tracking.start_station_clocks(now)
        + tracking.follow_parcels(now)
    )


def watch() -> int:
    """Put into the work queue what nobody reports: late parcels and answers, papers, reports."""
    now = tools().clock()
    return tracking.find_late(now) + claiming.chase_answers(now) + working.watch(now)


def write_off_expired() -> int:
    """Take lots past their best off the shelf."""
    return stocking.write_off_expired(tools().clock())


JOBS: dict[str, Job] = {
    "ask-carriers": Job(run=ask_carriers, every_seconds=60),
    "complete-orders": Job(run=complete_orders, every_seconds=600),
    "expire-orders": Job(run=expire_orders, every_seconds=5),
    "follow-parcels": Job(run=follow_parcels, every_seconds=60),
    "forget-answers": Job(run=forget_answers, every_seconds=3600),
    "forget-people": Job(run=forget_people, daily_at=time(3, 30)),
    "make-event-months": Job(run=make_event_months, daily_at=time(3, 0)),
    "reconcile-payments": Job(run=reconcile_payments, every_seconds=30),
    "recount-all-sales": Job(run=recount_all_sales, daily_at=time(2, 30)),
    "recount-sales": Job(run=recount_sales, every_seconds=300),
    "return-stale-allotments": Job(run=return_stale_allotments, every_seconds=600),
    "watch": Job(run=watch, every_seconds=300),
    "write-off-expired": Job(run=write_off_expired, every_seconds=60, on_the_minute=True),
}
"""Every job by name, in alphabetical order."""


def cancel_payment(payload: Mapping[str, Any], _key: str) -> None:
    """Call off an unfinished payment of an order that can no longer be paid by it."""
    paying.cancel_payment(payload["payment_id"], gateways=tools().gateways, now=tools().clock())


def subscribe_parcel(payload: Mapping[str, Any], _key: str) -> None:
    """Let Kuaidi100 report on a parcel, where the shop has a contract."""
    subscribing.subscribe(payload["shipment_id"], reporter=tools().couriers.subscription)


def send_sms(payload: Mapping[str, Any], _key: str) -> None:
    """Carry one text message."""
    telling.carry(payload["message_id"], messenger=tools().messenger, now=tools().clock())


def send_refund(payload: Mapping[str, Any], _key: str) -> None:
    """Give money back; the sandbox then says so at the hook, as a provider would."""
    now, gateways = tools().clock(), tools().gateways
    provider_id = sending_back.send_refund(payload["refund_id"], gateways=gateways, now=now)
    sandbox = gateways.get("sandbox")
    if provider_id is not None and isinstance(sandbox, SandboxGateway):
        sandboxing.announce(provider_id, gateway=sandbox, now=now)


def deliver_sandbox_event(payload: Mapping[str, Any], _key: str) -> None:
    """Post one event of the sandbox to the shop's own hook."""
    sandbox = tools().gateways["sandbox"]
    if isinstance(sandbox, SandboxGateway):
        sandboxing.deliver(
            payload["body"],
            gateway=sandbox,
            hook_url=f"{tools().settings.base_url}/api/hooks/sandbox",
            now=tools().clock(),
        )


def run_job(payload: Mapping[str, Any], _key: str) -> None:
    """Run a job that failed once more, because a person asked for it."""
    JOBS[payload["job"]].run()


HANDLERS: dict[str, Handler] = {
    "courier.subscribe": subscribe_parcel,
    "job.run": run_job,
    "payment.cancel": cancel_payment,
    "refund.send": send_refund,
    "sandbox.deliver": deliver_sandbox_event,
    "sms": send_sms,
}
"""What carries each kind of outbox message: called outside any transaction, once or more often."""
