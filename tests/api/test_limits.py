"""FAULTS 75 and 102: limits are exact, say nothing of their buckets, and hold without Redis."""

from collections.abc import Callable

import pytest
from flask import Flask

from shop.web import limits
from shop.web.limits import RULES, Limits, RateLimited
from tests.servers.ground import free_port

LIMITED = "/api/v1/probe/limited"
SMS = int(RULES["sms"].split("/")[0])

pytestmark = pytest.mark.settings(limits=True)


def statuses(app: Flask, count: int, **headers: str) -> list[int]:
    client = app.test_client()
    return [client.get(LIMITED, headers=headers).status_code for _ in range(count)]


def test_the_next_one_is_429_with_a_time_to_wait(ground_app: Flask) -> None:
    assert statuses(ground_app, SMS + 2) == [200] * SMS + [429] * 2
    answer = ground_app.test_client().get(LIMITED)
    body = answer.get_json(force=True)
    assert (body["code"], body["retryable"]) == ("rate-limited", True)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert not [name for name in dict(answer.headers) if "ratelimit" in name.lower()]
    assert set(body) == {
        "type", "title", "status", "detail", "instance", "code", "request_id", "retryable", "errors"
    }  # fmt: skip


def test_a_spoofed_address_has_no_bucket_of_its_own(ground_app: Flask) -> None:
    client = ground_app.test_client()
    answers = [
        client.get(LIMITED, headers={"X-Forwarded-For": f"6.6.6.{n}"}).status_code
        for n in range(SMS + 1)
    ]
    assert answers[-1] == 429


def test_other_views_and_other_accounts_go_on(
    ground_app: Flask, bearer: Callable[..., dict[str, str]]
) -> None:
    statuses(ground_app, SMS + 1)
    client = ground_app.test_client()
    assert client.get("/api/v1/probe/users").status_code == 200
    assert statuses(ground_app, 1, **bearer()) == [200]


def test_redis_holds_one_count_for_all_processes(redis_url: str) -> None:
    one, two = Limits(redis_url), Limits(redis_url)
    for number in range(SMS):
        (one, two)[number % 2].hit("sms", "somebody")
    with pytest.raises(RateLimited):
        two.hit("sms", "somebody")


def test_without_redis_each_process_still_counts() -> None:
    lonely = Limits(f"redis://127.0.0.1:{free_port()}/0")
    for _ in range(SMS):
        lonely.hit("sms", "somebody")
    with pytest.raises(RateLimited):
        lonely.hit("sms", "somebody")


def test_a_view_counts_for_a_subject_of_its_own(ground_app: Flask) -> None:
    with ground_app.test_request_context():
        for _ in range(SMS):
            limits.hit("sms", "13800000001")
        limits.hit("sms", "13800000002")
        with pytest.raises(RateLimited):
            limits.hit("sms", "13800000001")
