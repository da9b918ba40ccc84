"""FAULTS 79: wherever an address of a reader decides where to go next, it stays in the shop."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.db import db
from shop.domain.accounts import passwords
from shop.domain.notices.models import Message
from shop.web.security import local_path
from tests.builders import COUNTY, a_phone, a_user
from tests.pages.visitors import Visitor

HOSTILE = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "evil.example",
    "@evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/a\r\nSet-Cookie: x=1",
    "/a\x00b",
    "/%09\u2028",
    "http://[::1",
    "/" + "a" * 3000,
    "",
    "?next=//evil.example",
    "#//evil.example",
    "/api/v1/me",
    "//127.0.0.1:8000@evil.example",
    "/\u202e//evil.example",
]
KIND = [
    "/",
    "/products?q=蘑菇&page=2",
    "/products?next=https://a.b",
    "/a/b#c",
    "/a%2f%2fb",
    "/a//b",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_address_leads_home(text: str) -> None:
    assert local_path(text) == "/"


@pytest.mark.parametrize("text", KIND)
def test_a_path_of_the_shop_is_kept(text: str) -> None:
    assert local_path(text) == text
    parts = urlsplit(urljoin("http://shop.example/x/", text))
    assert (parts.scheme, parts.netloc) == ("http", "shop.example")


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "//evil.example/%2e%2e"])
def test_an_odd_path_is_not_redirected(light: FlaskClient, path: str) -> None:
    answer = light.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_a_forged_host_makes_no_link(ground_app: Flask) -> None:
    browser = ground_app.test_client()
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    page = browser.get("/problems/not-found", headers=forged)
    api = browser.get("/api/v1/none", headers=forged)
    spec = browser.get("/api/openapi.json", headers=forged)
    assert "evil.example" not in page.get_data(as_text=True)
    assert api.get_json(force=True)["type"].startswith("http://127.0.0.1:8000/problems/")
    assert "evil.example" not in spec.get_data(as_text=True)


def test_sign_in_is_not_a_springboard(light: FlaskClient) -> None:
    answer = light.post(
        "/probe/mine", headers={"Referer": "https://evil.example/x", "Accept": "text/html"}
    )
    assert answer.status_code in (403, 405)
    for referrer in ("https://evil.example/x", "http://127.0.0.1:8000//evil.example"):
        asked = light.get("/probe/mine", headers={"Referer": referrer})
        assert "evil" not in asked.headers["Location"]


HOME = "http://127.0.0.1:8000"
CHECKOUT = "/checkout?sku=MG-1&quantity=3&live_item=7"
RECEIVER = {"name": "演示", "phone": "13800000001", "region_code": COUNTY, "street": "演示街"}
PASSWORD = "a fine password"


class Links(HTMLParser):
    """Where a page may lead, and what its forms carry on as ``next``."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        names = ("href", "action", "formaction", "src")
        self.found += [given[name] or "" for name in names if name in given]
        if given.get("name") == "next":
            self.found.append(given.get("value") or "")


def stays(address: str) -> bool:
    """Whether a browser that follows this is still in the shop."""
    if address.startswith("tel:"):
        return True
    parts = urlsplit(urljoin(f"{HOME}/a/b", address))
    return address.isprintable() and f"{parts.scheme}://{parts.netloc}" == HOME


def check(answer: TestResponse, *, where: str) -> None:
    """Neither this answer nor, once signed in, the next one leads away."""
    assert answer.status_code < 500, where
    if 300 <= answer.status_code < 400:
        location = answer.headers["Location"]
        carried = parse_qs(urlsplit(location).query).get("next", [])
        assert all(map(stays, [location, *carried])), f"{where}: {location}"
    else:
        away = [link for link in Links(answer.get_data(as_text=True)).found if not stays(link)]
        assert away == [], where


def the_code() -> str:
    db.session.rollback()
    newest = select(Message).order_by(Message.id.desc()).limit(1)
    message = db.session.scalars(newest).one()
    db.session.rollback()
    return str(message.variables["code"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_view_that_carries_an_address_on_leads_away(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every hostile address at every view that reads ``next``; a kind one is followed."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    phone = a_phone()
    user = a_user(phone=phone, password_hash=passwords.hashed(PASSWORD))
    member, stranger = Visitor(ctx, user), Visitor(ctx)
    books = [f"/account/addresses/{way}" for way in ("new", "1")]
    member.post(books[0], RECEIVER)
    pair = {"phone": phone, "password": PASSWORD}
    for text in HOSTILE:
        given = {"next": text}
        check(stranger.get("/sign-in", given), where=f"sign-in {text!r}")
        for path in ("/language/en", "/text-size"):
            check(stranger.post(path, given | {"size": "large"}), where=f"{path} {text!r}")
        for path in ("/sign-in", "/sign-up"):
            check(stranger.post(path, given | {"phone": "1"}), where=f"{path} {text!r}")
        for path in books:
            check(member.get(path, given), where=f"{path} {text!r}")
            check(member.post(path, given), where=f"{path} refused {text!r}")
        check(member.get("/sign-in", given), where=f"signed in {text!r}")
        check(member.post(books[1], RECEIVER | given), where=f"kept {text!r}")
        came = {"Referer": f"{HOME}{text[:99]}"} if text.isprintable() and text.isascii() else {}
        for form in (given, {}):
            led = stranger.post("/account/name", form, **came)
            check(led, where=f"led to sign in {text!r}")
        check(Visitor(ctx).post("/sign-in", pair | given), where=f"entered {text!r}")
    for text in [*HOSTILE[::6], CHECKOUT]:
        new = {"phone": a_phone(), "name": "演示", "password": PASSWORD, "agreed": "1"}
        made = Visitor(ctx).post("/sign-up", new | {"next": text})
        check(made, where=f"signed up {text!r}")
        phone = a_phone()
        stranger.post("/sign-in/code", {"phone": phone})
        by_code = {"phone": phone, "code": the_code(), "agreed": "1", "next": text}
        entered = Visitor(ctx).post("/sign-in/with-code", by_code)
        check(entered, where=f"by code {text!r}")
        assert [made.status_code, entered.status_code] == [303, 303]
    assert [made.headers["Location"], entered.headers["Location"]] == [CHECKOUT, CHECKOUT]


def test_every_address_that_comes_from_a_request_is_looked_at() -> None:
    """``next`` is read through ``local_path`` alone, and nobody redirects to what was sent."""
    said = re.compile(r"""request\.\w+(?:\.get\(|\[)["']next["']""")
    shop = Path(__file__).parents[2] / "shop"
    readers = []
    for path in (shop / "web").rglob("*.py"):
        for line in path.read_text().splitlines():
            if said.search(line):
                assert "local_path(" in line, f"{path.name}: {line.strip()}"
                readers.append(path.name)
            assert not re.search(r"redirect\(\s*request\b", line), f"{path.name}: {line.strip()}"
    tried = {"addresses.py": 2, "signin.py": 2, "storefront.py": 1, "who.py": 1}
    assert {name: readers.count(name) for name in readers} == tried, "and is tried above"
