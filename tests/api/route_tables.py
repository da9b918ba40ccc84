"""Every route of the API and what it may touch; whoever adds a route adds it to one table.

``SHARED``: everybody may read it. ``OWN``: it only ever touches what is the caller's. ``OWNED``:
its path names a thing of somebody (with a valid body). What bodies and queries name, and paths
below one's own thing, is in ``named_tables.py``.
"""

from typing import Any

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OTHERS = ("buyer", "host", "keeper", "clerk", "manager")
ABSENT = {
    "number": "260101-ZZZZZZZZZZ",
    "slug": "no-such-thing",
    "code": "2222-22222",
    "slip": "W260101-ZZZZZZ",
}
REASON = {"reason": "演示原因"}
SHOW = "/api/v1/live-sessions/<id:session_id>"
ORDER = "/api/v1/orders/<number:number>"
PRODUCT = "/api/v1/products/<slug:slug>"

SHARED = {
    "GET /api/v1/board/<slug:village>",
    "GET /api/v1/categories",
    "GET /api/v1/cooperatives",
    "GET /api/v1/live-sessions",
    f"GET {SHOW}",
    f"GET {SHOW}/changes",
    f"GET {SHOW}/events",
    "GET /api/v1/products",
    f"GET {PRODUCT}",
    "GET /api/v1/regions",
    "GET /api/v1/trace/<code:code>",
    "GET /api/v1/villages",
    f"POST {SHOW}/presence",
    f"POST {SHOW}/comments",
    "POST /api/v1/quotes",
    "POST /api/v1/sms-codes",
    "POST /api/v1/tokens",
    "POST /api/v1/users",
}
OWN = {
    "DELETE /api/v1/tokens/current",
    "GET /api/v1/addresses",
    "GET /api/v1/farmers",
    "GET /api/v1/inventory",
    "GET /api/v1/inventory/moves",
    "GET /api/v1/me",
    "GET /api/v1/orders",
    "GET /api/v1/settlements",
    "POST /api/v1/addresses",
    "POST /api/v1/farmers",
    "POST /api/v1/inventory/adjustments",
    "POST /api/v1/live-sessions",
    "POST /api/v1/lots",
    "POST /api/v1/orders",
    "POST /api/v1/pictures",
    "POST /api/v1/products",
}
OWNED: dict[str, dict[str, Any] | None] = {
    "GET /api/v1/addresses/<id:address_id>": None,
    "PATCH /api/v1/addresses/<id:address_id>": {"street": "演示街 1 号"},
    "DELETE /api/v1/addresses/<id:address_id>": None,
    "POST /api/v1/claims/<id:claim_id>/answer": {"decision": "refuse", **REASON},
    f"PATCH {SHOW}": {"title": "演示"},
    f"POST {SHOW}/approve": None,
    f"POST {SHOW}/archive": None,
    f"POST {SHOW}/ban": REASON,
    f"PUT {SHOW}/checker": {"phone": "13800000001"},
    f"GET {SHOW}/checklist": None,
    f"PUT {SHOW}/checklist": {"items": {"picture": True}},
    f"POST {SHOW}/comments/<id:comment_id>/hide": None,
    f"POST {SHOW}/comments/<id:comment_id>/mute": None,
    f"POST {SHOW}/comments/<id:comment_id>/unhide": None,
    f"POST {SHOW}/comments/<id:comment_id>/unmute": None,
    f"POST {SHOW}/end": None,
    f"POST {SHOW}/items": {"sku": "no-such-sku"},
    f"PATCH {SHOW}/items/<id:item_id>": {"per_buyer_max": 2},
    f"DELETE {SHOW}/items/<id:item_id>": None,
    f"PUT {SHOW}/items/order": {"items": [1]},
    f"POST {SHOW}/notices": {"text": "演示"},
    f"POST {SHOW}/pause": None,
    f"PUT {SHOW}/pin": {"item_id": 1},
    f"DELETE {SHOW}/pin": None,
    f"POST {SHOW}/reject": REASON,
    f"POST {SHOW}/resume": None,
    f"POST {SHOW}/start": None,
    f"POST {SHOW}/submit": None,
    f"GET {ORDER}": None,
    f"POST {ORDER}/cancel": None,
    f"GET {ORDER}/claims": None,
    f"POST {ORDER}/claims": {"lines": [{"sku": "X", "quantity": 1}], "reason": "other"},
    f"POST {ORDER}/confirm-receipt": None,
    f"POST {ORDER}/payments": {"gateway": "sandbox", "method": "card"},
    f"POST {ORDER}/refunds": {"amount_fen": 1, **REASON},
    f"POST {ORDER}/shipments": {"carrier": "shunfeng", "waybill_no": "SF1234567890001"},
    f"POST {ORDER}/shipments/<id:shipment_id>/events": {"status": "in_transit"},
    "GET /api/v1/payments/<id:payment_id>": None,
    "POST /api/v1/sandbox/payments/<id:payment_id>": {"outcome": "decline"},
    f"PATCH {PRODUCT}": {"summary": "演示"},
    f"POST {PRODUCT}/approve": None,
    f"POST {PRODUCT}/block": {"rule": "演示", **REASON},
    f"POST {PRODUCT}/off-sale": None,
    f"POST {PRODUCT}/on-sale": None,
    f"POST {PRODUCT}/reject": REASON,
    f"POST {PRODUCT}/submit": None,
    f"POST {PRODUCT}/unblock": None,
}
