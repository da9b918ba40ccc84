"""``flask worker``: runs due jobs to the second and drains the outbox."""

import logging
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from shop.flows import delivering
from shop.jobs import HANDLERS, JOBS
from shop.kernel.clock import SHANGHAI
from shop.kernel.parents import end_with_parent
from shop.tools import tools

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

DRAINS = 3
"""Messages delivered at a time, so that one slow provider does not hold up the rest."""

SOON_S, LATEST_S = 0.2, 1.0

log = logging.getLogger(__name__)


@click.command()
@with_appcontext
def worker() -> None:
    """Run periodic jobs and deliver the outbox until told to stop."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    end_with_parent()
    work(app, over)


def work(app: Flask, over: threading.Event) -> None:
    """Work until ``over`` is set, then finish what was begun."""
    scheduler = scheduled(app)
    scheduler.start()
    drains = [
        threading.Thread(target=_keep_draining, args=(app, over), name=f"drain-{number}")
        for number in range(DRAINS)
    ]
    for thread in drains:
        thread.start()
    # A signal may have woken another thread than this one, which alone acts on it.
    while not over.wait(LATEST_S):
        continue
    for thread in drains:
        thread.join()
    scheduler.shutdown(wait=True)


def scheduled(app: Flask) -> "BackgroundScheduler":
    """Every job at its time and once at the start; none beside itself, the missed ones once."""
    # Every command and web process reads this module, and only this one needs the scheduler.
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(
        timezone=SHANGHAI,
        executors={"default": ThreadPoolExecutor(4)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for name, job in JOBS.items():
        scheduler.add_job(
            partial(run_once, app, name),
            trigger=job.trigger(),
            id=name,
            next_run_time=tools().clock(),
        )
    return scheduler


def run_once(app: Flask, name: str) -> None:
    """One run of one job; what it raises becomes a log line and a task for the operator."""
    with app.app_context():
        try:
            done = JOBS[name].run()
        except Exception as error:
            log.exception("job %s failed", name)
            delivering.report_failure(name, error=repr(error), now=tools().clock())
        else:
            log.debug("job %s: %s", name, done)


def _keep_draining(app: Flask, over: threading.Event) -> None:
    pause = SOON_S
    while not over.is_set():
        try:
            with app.app_context():
                sent = delivering.drain(HANDLERS, now=tools().clock(), limit=4)
        except Exception:
            log.exception("the outbox could not be read")
            sent = 0
        if sent:
            pause = SOON_S
            continue
        over.wait(pause)
        pause = min(pause * 1.5, LATEST_S)
