"""FAULTS 79: wherever an address of a reader decides where to go next, it stays in the shop."""

from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop.web.security import local_path

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
