"""Every view says who may call it, and those open to everyone are the ones listed here."""

import pytest
from flask import Flask

from shop.web.who import access_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNGUARDED = {"static"}


def views(app: Flask) -> list[tuple[str, str]]:
    return sorted(
        {
            (rule.endpoint, method)
            for rule in app.url_map.iter_rules()
            for method in METHODS
            if method in (rule.methods or ()) and rule.endpoint not in UNGUARDED
        }
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_view_says_who_may_call_it(app: Flask) -> None:
    silent = [view for view in views(app) if access_of(app, *view) is None]
    assert silent == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_changes_something_is_not_open_but_for_a_few(app: Flask) -> None:
    """Signing in and up, hooks, quotes, a cart before signing in, presence, preferences."""
    few = ("sign", "token", "code", "user", "hook", "quote", "cart", "presence", "language",
           "size", "choose", "like", "view")  # fmt: skip
    found = [
        endpoint
        for endpoint, method in views(app)
        if method != "GET"
        and (access := access_of(app, endpoint, method)) is not None
        and access.open
        and not any(word in endpoint.lower() for word in few)
    ]
    assert found == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_route_ends_with_a_slash(app: Flask) -> None:
    found = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.endswith("/")]
    assert [rule for rule in found if rule != "/"] == []
