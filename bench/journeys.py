"""A buyer's whole way, call by call: quote, order, payment, the sandbox's page, its message."""

import hashlib
import hmac
import itertools
import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

from bench.client import Talk, request
from bench.ground import Shop
from bench.shop_load import SHIP_TO

SECRET = "a secret of the bench that is long enough"
MANAGER = {"phone": "13800000003", "password": "village-demo"}
_numbers = itertools.count()


def stocked(shop: Shop, sku: str, units: int) -> None:
    """Receive a lot that lasts, as a cooperative does: what is paid is taken from one."""
    token = _ask(shop, "/api/v1/tokens", MANAGER)["token"]
    _ask(shop, "/api/v1/lots", {"sku": sku, "quantity": units, "harvested_on": "2026-10-01"}, token)


def _ask(shop: Shop, path: str, body: Any, token: str = "") -> Any:
    asked = urllib.request.Request(f"http://127.0.0.1:{shop.port}{path}", method="POST")
    asked.add_header("Content-Type", "application/json")
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(asked, json.dumps(body).encode(), timeout=30) as answer:
        return json.loads(answer.read())


def journeys(tokens: Sequence[str], sku: str) -> Iterator[Talk]:
    """One buyer after the other."""
    for number in _numbers:
        yield _journey(tokens[number % len(tokens)], sku, number)


def _journey(token: str, sku: str, number: int) -> Talk:
    items = [{"sku": sku, "quantity": 1}]
    quote = {"items": items, "ship_to": {"region_code": SHIP_TO["region_code"]}}
    status, body = yield _post("/api/v1/quotes", quote, token)
    if status != 200:
        return status
    wish = {"items": items, "ship_to": SHIP_TO, "consents": ["perishable-no-return"],
            "expected_total_fen": json.loads(body)["total_fen"]}  # fmt: skip
    status, body = yield _post("/api/v1/orders", wish, token, key=f"journey-{number}")
    if status != 201:
        return status
    order = json.loads(body)
    status, body = yield _post(
        f"/api/v1/orders/{order['number']}/payments",
        {"gateway": "sandbox", "method": "alipay"}, token, key=f"pay-{number}",
    )  # fmt: skip
    if status != 201:
        return status
    payment = json.loads(body)["id"]
    status, _ = yield _post(f"/api/v1/sandbox/payments/{payment}", {"outcome": "pay"}, token)
    if status != 200:
        return status
    status, _ = yield _message(payment, order)
    return status


def _post(path: str, body: Any, token: str, *, key: str = "") -> bytes:
    return request("POST", path, json.dumps(body).encode(), token=token, key=key)


def _message(payment: int, order: Any) -> bytes:
    body = json.dumps(
        {
            "id": f"evt_bench_{payment}",
            "type": "payment.succeeded",
            "created": int(time.time()),
            "data": {
                "payment_id": payment,
                "order_number": order["number"],
                "amount_fen": order["total_fen"],
                "currency": "CNY",
            },
        }
    ).encode()
    at = int(time.time())
    signature = hmac.new(SECRET.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    head, gap, rest = request("POST", "/api/hooks/sandbox", body).partition(b"\r\n\r\n")
    return head + f"\r\nSandbox-Signature: t={at},v1={signature}".encode() + gap + rest
