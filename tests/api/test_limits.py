"""FAULTS 75 and 102: limits are exact, say nothing of their buckets, and hold without Redis."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
from flask import Flask
from limits import parse_many

from shop.domain.accounts.states import TokenKind
from shop.web import limits
from shop.web.limits import RULES, Limits, RateLimited
from tests.builders import a_token, a_user
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


def allow(app: Flask, rule: str) -> None:
    """Every view without a limit of its own takes this one."""
    app.extensions["shop_limits"]._rules["default"] = parse_many(rule)


def test_who_watches_over_the_shop_is_never_turned_away(app: Flask) -> None:
    allow(app, "2/minute")
    client = app.test_client()
    for path in ("/healthz", "/readyz", "/metrics"):
        assert {client.get(path).status_code for _ in range(4)} <= {200, 404}


def test_neighbours_behind_one_address_do_not_use_up_each_others_pages(app: Flask) -> None:
    allow(app, "3/minute")
    visitor, signed_in = app.test_client(), [app.test_client(), app.test_client()]
    for client in signed_in:
        with app.app_context():
            token = a_token(a_user(), kind=TokenKind.PAGE)
        with client.session_transaction() as session:
            session["_user_id"] = token
    for client in signed_in:
        assert [client.get("/").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [visitor.get("/").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_visitor_without_a_credential_costs_no_query(app: Flask) -> None:
    asked: list[str] = []
    with app.test_request_context("/"), patch.object(limits, "person", lambda: asked.append("")):
        assert limits.caller() == "a:None"
    assert asked == []


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
