"""FAULTS 98: a request that runs out of time gets a retryable 503, and nothing is left behind."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.naive import on_sqlite
from tests.pages.waiting import Checkout, waits
from tests.servers.ground import ROOT


@pytest.fixture
def slow_shop(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a shop whose views never answer."""
    log = (tmp_path / "slow.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.slow_shop", database_url, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    assert port, (tmp_path / "slow.log").read_text()
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()
    process.stdout.close()
    log.close()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], Any]:
    asked = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.loads(error.read())


@pytest.mark.parametrize("path", ["sleep", "database"])
def test_a_request_out_of_time_is_answered_and_its_connection_thrown_away(
    slow_shop: str, path: str
) -> None:
    for _ in range(3):
        began = time.monotonic()
        status, headers, body = ask(f"{slow_shop}/api/v1/slow/{path}")
        assert time.monotonic() - began < 3
        assert (status, body["code"], body["retryable"]) == (503, "overloaded", True)
        assert headers["Retry-After"].isdigit()
        assert headers["Content-Type"] == "application/problem+json; charset=utf-8"
        assert headers["X-Request-ID"] == body["request_id"]
        assert "Content-Security-Policy" in headers
    assert ask(f"{slow_shop}/readyz")[0] == 200


def test_a_transaction_out_of_time_leaves_no_lock_and_frees_its_key(slow_shop: str) -> None:
    for _ in range(2):
        status, _, body = ask(f"{slow_shop}/api/v1/slow/write", "POST", **{"Idempotency-Key": "k"})
        assert (status, body["code"]) == (503, "overloaded")


def test_a_long_poll_may_wait(slow_shop: str) -> None:
    assert ask(f"{slow_shop}/api/v1/slow/patient")[0] == 200


@on_sqlite
def test_an_order_out_of_time_gets_the_waiting_view_with_all_that_was_sent(
    slow_shop: str, ctx: Flask
) -> None:
    """The body is read already and the database may be stuck: the view needs neither."""
    buying = Checkout(ctx, now=datetime.now(UTC))
    cookie = buying.reader.client.get_cookie("shop")
    assert cookie is not None
    asked = urllib.request.Request(
        f"{slow_shop}/checkout?lang=en",
        data=urllib.parse.urlencode(buying.form).encode(),
        headers={"Cookie": f"shop={cookie.value}"},
    )
    began = time.monotonic()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=10)
    assert time.monotonic() - began < 3
    with refused.value as answer:
        waits(answer.code, dict(answer.headers), answer.read().decode(), buying.form)
