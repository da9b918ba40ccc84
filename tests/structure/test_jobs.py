"""Every job is scheduled, and everything put into the outbox has somebody to carry it."""

import ast

from flask import Flask

from shop import jobs
from shop.cli.worker import scheduled
from tests.structure.code import called, modules, name, nodes


def test_every_job_is_scheduled(ctx: Flask) -> None:
    scheduler = scheduled(ctx)
    assert {job.id for job in scheduler.get_jobs()} == set(jobs.JOBS)


def test_jobs_have_exactly_one_time() -> None:
    for job_name, job in jobs.JOBS.items():
        assert (job.every_seconds is None) != (job.daily_at is None), job_name
        assert job.trigger() is not None
        assert job.when


def test_every_function_without_arguments_is_a_job() -> None:
    """A job that is written and not listed never runs."""
    listed = {job.run.__name__ for job in jobs.JOBS.values()}
    written = {
        node.name
        for path in modules()
        if name(path) == "jobs.py" or name(path).startswith("jobs/")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and not (node.args.args or node.args.kwonlyargs)
    }
    assert written - listed == set()


def test_every_kind_of_message_has_a_handler() -> None:
    put = {
        node.args[0].value
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and called(node) == "put"
        and ast.unparse(node.func).startswith("outbox")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert put - set(jobs.HANDLERS) == set()
