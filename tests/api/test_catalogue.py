"""The catalogue over HTTP, as the contract has it."""

import io
import json
import os
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from shop.domain.accounts.states import Role
from shop.domain.villages.models import Cooperative
from tests import builders as a
from tests.unit.test_pictures import SPOOFS, encoded, photo, png_bomb

pytestmark = pytest.mark.usefixtures("ctx")

VARIANT = {"sku": "MG-500", "name": "500 克", "price_fen": 3680, "unit": "袋", "weight_grams": 500}


def bearer(user_id: int, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {a.a_token(user_id)}", **more}


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a.a_cooperative(slug="shan-ding", name="山顶合作社")


@pytest.fixture
def manager(home: Cooperative) -> dict[str, str]:
    return bearer(a.a_user(seat=(Role.MANAGER, home.id)))


@pytest.fixture
def operator(ctx: Flask) -> dict[str, str]:
    return bearer(a.a_user(roles=(Role.OPERATOR,)))


@pytest.fixture
def draft(home: Cooperative) -> dict[str, Any]:
    kind = a.a_category(slug="mushrooms", name="菌菇")
    return {"cooperative": home.slug, "title": "鲜香菇", "category": kind, "variants": [VARIANT]}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def sent(client: FlaskClient, body: Any, who: dict[str, str]) -> Any:
    """A draft in plain JSON, which can hold what our own writer refuses."""
    raw = json.dumps(body).encode()
    return client.post("/api/v1/products", data=raw, headers=who, content_type="application/json")


def picture(client: FlaskClient, who: dict[str, str], data: bytes | None = None) -> Any:
    content = encoded(photo((60, 40)), "PNG") if data is None else data
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="../../x.php.jpg"\r\n'
    body = head + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n--b--\r\n"
    return client.post(
        "/api/v1/pictures",
        headers=who,
        data=body,
        content_type="multipart/form-data; boundary=b",
    )


def test_a_product_goes_from_draft_to_shelf_and_back(
    client: FlaskClient,
    manager: dict[str, str],
    operator: dict[str, str],
    draft: dict[str, Any],
) -> None:
    made = client.post("/api/v1/products", json=draft, headers=manager)
    assert made.status_code == 201
    slug, url = made.json["slug"], made.headers["Location"]
    assert made.json["status"] == "draft"
    assert client.get(url).status_code == 404
    assert client.post(f"{url}/submit", headers=manager).json["status"] == "in_review"
    assert client.post(f"{url}/approve", headers=operator).json["status"] == "on_sale"
    listed = client.get("/api/v1/products?q=xianggu").json["items"]
    assert [item["slug"] for item in listed] == [slug]
    assert (
        listed[0]
        | {
            "title": "鲜香菇",
            "price_fen": 3680,
            "available": 0,
            "cooperative": "shan-ding",
            "cover_url": None,
        }
        == listed[0]
    )
    page = client.get(url).json
    assert page["variants"] == [VARIANT | {"strike_price_fen": None, "available": 0}]
    assert page["seller"]["name"] == "山顶合作社"
    assert page["cooperative"] == {"slug": "shan-ding", "name": "山顶合作社"}
    assert "revision" not in page
    assert client.post(f"{url}/off-sale", headers=manager).json["status"] == "off_sale"
    assert client.get(url).status_code == 404
    assert client.post(f"{url}/on-sale", headers=manager).json["status"] == "on_sale"
    blocked = client.post(
        f"{url}/block", json={"rule": "广告法 9", "reason": "最高级"}, headers=operator
    )
    assert blocked.json["status"] == "blocked"
    assert code(client.post(f"{url}/on-sale", headers=manager)) == (409, "illegal-transition")
    assert client.post(f"{url}/unblock", headers=operator).json["status"] == "off_sale"


def test_a_rejected_product_says_why(
    client: FlaskClient,
    manager: dict[str, str],
    operator: dict[str, str],
    draft: dict[str, Any],
) -> None:
    url = client.post("/api/v1/products", json=draft, headers=manager).headers["Location"]
    client.post(f"{url}/submit", headers=manager)
    back = client.post(f"{url}/reject", json={"reason": "图片不清"}, headers=operator)
    assert (back.json["status"], back.json["status_reason"]) == ("draft", "图片不清")


def test_a_changed_page_waits_and_the_price_does_not(
    client: FlaskClient, manager: dict[str, str], operator: dict[str, str], home: Cooperative
) -> None:
    slug = a.a_product(cooperative=home, sku="ONE", title="香菇")
    url = f"/api/v1/products/{slug}"
    body = {"title": "花菇", "variants": [{"sku": "ONE", "price_fen": 990}]}
    answer = client.patch(url, json=body, headers=manager).json
    assert (answer["title"], answer["revision"]["status"]) == ("香菇", "waiting")
    assert answer["revision"]["fields"] == ["title"]
    assert client.get(url).json["variants"][0]["price_fen"] == 990
    assert client.post(f"{url}/approve", headers=operator).json["title"] == "花菇"
    assert code(client.post(f"{url}/approve", headers=operator)) == (409, "illegal-transition")


def test_a_stale_editor_is_told(
    client: FlaskClient, manager: dict[str, str], home: Cooperative
) -> None:
    url = f"/api/v1/products/{a.a_product(cooperative=home, on_sale=False)}"
    seen = client.get(url, headers=manager)
    assert seen.headers["ETag"]
    first = {**manager, "If-Match": seen.headers["ETag"]}
    assert client.patch(url, json={"title": "甲"}, headers=first).status_code == 200
    assert code(client.patch(url, json={"title": "乙"}, headers=first)) == (
        412,
        "precondition-failed",
    )
    unchanged = {**manager, "If-None-Match": client.get(url, headers=manager).headers["ETag"]}
    assert client.get(url, headers=unchanged).status_code == 304


def test_who_may_do_what(
    client: FlaskClient, manager: dict[str, str], operator: dict[str, str], draft: dict[str, Any]
) -> None:
    buyer = bearer(a.a_user())
    assert code(client.post("/api/v1/products", json=draft)) == (401, "unauthenticated")
    assert code(client.post("/api/v1/products", json=draft, headers=buyer)) == (403, "forbidden")
    other = bearer(a.a_user(seat=(Role.MANAGER, a.a_cooperative().id)))
    assert code(client.post("/api/v1/products", json=draft, headers=other)) == (404, "not-found")
    url = client.post("/api/v1/products", json=draft, headers=manager).headers["Location"]
    absent = client.patch("/api/v1/products/nowhere", json={"title": "x"}, headers=other).json
    foreign = client.patch(url, json={"title": "x"}, headers=other).json
    differing = {"instance", "request_id"}
    assert {k: v for k, v in absent.items() if k not in differing} == {
        k: v for k, v in foreign.items() if k not in differing
    }
    assert code(client.get(url, headers=other)) == (404, "not-found")
    assert code(client.post(f"{url}/approve", headers=manager)) == (403, "forbidden")
    assert client.get(url, headers=operator).status_code == 200


WRONG = [0, -1, 1.5, 2**31, 2**63, "1e3", "100", None, True, [], 10**30]
NUMBERS = [
    ("price_fen", WRONG),
    ("weight_grams", WRONG),
    ("live_floor_fen", [n for n in WRONG if n is not None]),
    ("commission_bp", [n for n in WRONG if n != 0]),
    ("strike_price_fen", [n for n in WRONG if n is not None]),
]


@pytest.mark.parametrize(("name", "values"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_no_number_of_a_variant_is_taken_from_outside_its_range(
    client: FlaskClient,
    manager: dict[str, str],
    draft: dict[str, Any],
    name: str,
    values: list[Any],
) -> None:
    for value in values:
        body = draft | {"variants": [VARIANT | {name: value}]}
        answer = sent(client, body, manager)
        assert answer.status_code == 422, (name, value)
        assert answer.json["errors"][0]["pointer"] == f"/variants/0/{name}"


@pytest.mark.parametrize("name", ["shelf_life_days", "ship_within_hours"])
def test_no_number_of_a_product_is_taken_from_outside_its_range(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any], name: str
) -> None:
    for value in WRONG:
        answer = sent(client, draft | {name: value}, manager)
        assert answer.status_code == 422, (name, value)


COLUMNS = [
    "id",
    "status",
    "version",
    "approved_at",
    "created_at",
    "updated_at",
    "sales",
    "from_fen",
    "blocked_rule",
    "slug",
    "cooperative_id",
    "village_id",
    "category_id",
    "seller_name",
    "status_reason",
    "is_assisted",
    "role",
    "coop_id",
]


@pytest.mark.parametrize("column", COLUMNS)
def test_no_column_is_set_that_is_not_offered(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any], column: str
) -> None:
    answer = client.post("/api/v1/products", json=draft | {column: 1}, headers=manager)
    assert code(answer) == (422, "unknown-field")
    url = client.post("/api/v1/products", json=draft, headers=manager).headers["Location"]
    before = client.get(url, headers=manager).json
    assert code(client.patch(url, json={column: 1}, headers=manager)) == (422, "unknown-field")
    assert client.get(url, headers=manager).json == before


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=1000000000",
        "limit=x",
        "after=xyz",
        "after=%00",
        "sort=price;drop",
        "sort=",
        "q=" + "x" * 101,
        "village=UP",
    ],
)
def test_a_wrong_parameter_is_said(client: FlaskClient, query: str) -> None:
    assert code(client.get(f"/api/v1/products?{query}")) == (400, "invalid-parameter")


def test_a_page_of_another_list_is_refused(client: FlaskClient) -> None:
    home, kind = a.a_cooperative(), a.a_category()
    for _ in range(3):
        a.a_product(cooperative=home, category=kind)
    first = client.get("/api/v1/products?limit=2&sort=price").json
    second = client.get(f"/api/v1/products?limit=2&sort=price&after={first['next']}").json
    assert len(first["items"]) + len(second["items"]) == 3
    assert second["next"] is None
    other = client.get(f"/api/v1/products?limit=2&sort=newest&after={first['next']}")
    assert code(other) == (400, "invalid-parameter")
    tampered = first["next"][:-2] + ("AA" if first["next"][-2:] != "AA" else "BB")
    answer = client.get(f"/api/v1/products?limit=2&sort=price&after={tampered}")
    assert code(answer) == (400, "invalid-parameter")


def test_words_are_normalised_and_bounded(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any]
) -> None:
    made = client.post(
        "/api/v1/products", json=draft | {"title": "  cafe\u0301\u200b  香菇 "}, headers=manager
    )
    assert made.json["title"] == "caf\u00e9 香菇"
    for title in ("\u202e菇香", "", " ", "x" * 81, "\ud83d\ude00" * 81, "x" * 10**6, "a\0b"):
        answer = sent(client, draft | {"title": title}, manager)
        assert answer.status_code in (400, 413, 422), title[:10]
    emoji = client.post("/api/v1/products", json=draft | {"title": "🍄" * 80}, headers=manager)
    assert emoji.status_code in (201, 422)


def test_a_sku_taken_elsewhere_is_said(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any]
) -> None:
    client.post("/api/v1/products", json=draft, headers=manager)
    again = client.post("/api/v1/products", json=draft, headers=manager)
    assert again.status_code == 422
    assert again.json["errors"][0]["pointer"] == "/variants/0/sku"


def test_the_same_key_makes_one_draft(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any]
) -> None:
    key = {**manager, "Idempotency-Key": "once"}
    first = client.post("/api/v1/products", json=draft, headers=key)
    again = client.post("/api/v1/products", json=draft, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"


def test_places_are_listed(client: FlaskClient, home: Cooperative) -> None:
    a.a_product(cooperative=home, category=a.a_category(slug="grains", name="杂粮"))
    villages = client.get("/api/v1/villages").json
    assert villages["next"] is None
    assert villages["items"][0]["goods"] == 1
    homes = client.get("/api/v1/cooperatives").json["items"]
    assert (homes[0]["slug"], homes[0]["name"]) == ("shan-ding", "山顶合作社")
    assert client.get("/api/v1/categories").json["items"][0]["slug"] == "grains"


def test_a_picture_is_brought_and_served_for_good(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any]
) -> None:
    made = picture(client, manager)
    assert made.status_code == 201
    assert "x.php" not in made.json["url"]
    shown = client.get(made.json["url"])
    assert shown.content_type == "image/webp"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with Image.open(io.BytesIO(shown.data)) as found:
        assert (found.format, found.size) == ("WEBP", (60, 40))
    kept = {"If-None-Match": shown.headers["ETag"]}
    assert client.get(made.json["url"], headers=kept).status_code == 304
    product = client.post(
        "/api/v1/products", json=draft | {"pictures": [made.json["id"]]}, headers=manager
    ).json
    assert product["cover_url"] == made.json["url"]
    assert product["images"][0]["id"] == made.json["id"]


def test_a_strangers_picture_is_not_there(
    client: FlaskClient, manager: dict[str, str], draft: dict[str, Any]
) -> None:
    foreign = picture(client, bearer(a.a_user())).json["id"]
    paper = {
        "kind": "green",
        "number": "1",
        "holder": "h",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "picture": foreign,
    }
    for more in ({"pictures": [foreign]}, {"pictures": [10**9]}, {"certificates": [paper]}):
        answer = client.post("/api/v1/products", json=draft | more, headers=manager)
        assert code(answer) == (404, "not-found")


@pytest.mark.parametrize("name", sorted(SPOOFS))
def test_a_file_that_is_no_picture_is_refused(
    client: FlaskClient, manager: dict[str, str], name: str
) -> None:
    assert code(picture(client, manager, SPOOFS[name])) == (422, "unsupported-file")


def test_a_bomb_and_a_flood_are_too_large(client: FlaskClient, manager: dict[str, str]) -> None:
    assert code(picture(client, manager, png_bomb())) == (413, "payload-too-large")
    flood = os.urandom(11 * 1024 * 1024)
    assert code(picture(client, manager, flood)) == (413, "payload-too-large")
    flood = os.urandom(13 * 1024 * 1024)
    assert code(picture(client, manager, flood)) == (413, "payload-too-large")


def test_an_upload_without_a_file_or_owner_is_refused(
    client: FlaskClient, manager: dict[str, str]
) -> None:
    assert code(client.post("/api/v1/pictures", headers=manager)) == (
        415,
        "unsupported-media-type",
    )
    empty = client.post(
        "/api/v1/pictures", headers=manager, data={}, content_type="multipart/form-data"
    )
    assert empty.status_code == 422
    two = {"a": (io.BytesIO(b"x"), "a"), "b": (io.BytesIO(b"y"), "b")}
    assert client.post("/api/v1/pictures", headers=manager, data=two).status_code == 422
    one = {"file": (io.BytesIO(b"x"), "a")}
    assert code(client.post("/api/v1/pictures", data=one)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "path",
    ["x/s.webp", "a" * 32 + "/x.webp", "a" * 32 + "/s.webp", "..%2f..%2fetc/s.webp", "a/../b"],
)
def test_a_picture_that_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/pictures/{path}").status_code == 404
