"""Good bodies of every route with a number in it, and which odd numbers a field may hold."""

from typing import Any

from tests.api.named_tables import LOT, ORDER, PAPER, SHIP_TO, SHOW, VARIANT

ONE = {"sku": "{sku}", "quantity": 1}
PRODUCT = {"variants": [{"sku": "{sku}"}], "certificates": [PAPER], "after_sale": {}}
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/products": {
        "title": "演示",
        "category": "{category}",
        "cooperative": "{cooperative}",
        "variants": [{"sku": "NEW-1", **VARIANT}],
        "certificates": [PAPER],
    },
    "PATCH /api/v1/products/<slug:slug>": PRODUCT,
    f"POST {ORDER}/claims": {"lines": [ONE], "reason": "other"},
    "POST /api/v1/claims/<id:claim_id>/answer": {"decision": "partial", "reason": "演示"},
    "POST /api/v1/lots": {
        **LOT,
        "sku": "{sku}",
        "contributions": [{"farmer_id": "{farmer_id}", "grams": 500}],
    },
    "POST /api/v1/inventory/adjustments": {"lot": "{code}", "delta": 1, "reason": "counted"},
    "POST /api/v1/live-sessions": {"title": "演示", "starts_at": "2026-03-02T12:00:00Z"},
    f"PATCH {SHOW}": {},
    f"POST {SHOW}/items": {"sku": "{other_sku}"},
    f"PUT {SHOW}/items/order": {},
    f"PATCH {SHOW}/items/<id:item_id>": {},
    f"PUT {SHOW}/pin": {},
    f"POST {SHOW}/comments/<id:comment_id>/mute": {},
    "POST /api/v1/orders": {"items": [ONE], "ship_to": SHIP_TO},
    "POST /api/v1/quotes": {"items": [ONE]},
    "POST /api/v1/sandbox/payments/<id:payment_id>": {"outcome": "decline"},
    f"POST {ORDER}/refunds": {"lines": [ONE], "reason": "演示"},
    f"POST {ORDER}/shipments": {
        "carrier": "shunfeng",
        "waybill_no": "SF1234567890999",
        "lines": [ONE],
    },
}
ODD: tuple[Any, ...] = (0, -1, 1.5, 2**31, 2**63, "1e3", None, True, [], "7")
"""What stands in the place of every number."""
ID = {2**31}
FITS: dict[str, set[Any]] = {
    "commission_bp": {0},
    "unit_cost_fen": {0, 2**31},
    "expected_total_fen": {0, 2**31},
    "live_price_fen": {2**31},
    "amount_fen": {2**31},
    "grams": {2**31},
    "delta": {-1},
    "deliveries": {0},
    "delay_s": {0},
    "farmer_id": ID,
    "item_id": ID,
    "live_item_id": ID,
    "cover": ID,
    "picture": ID,
    "pictures": ID,
    "items": ID,
}
"""By a field's name: the odd numbers that it may hold, such as an id that nothing has."""
MAY_BE_NULL = {
    "allotment",
    "amount_fen",
    "cover",
    "expected_total_fen",
    "farmer_id",
    "live_floor_fen",
    "live_item_id",
    "live_price_fen",
    "minutes",
    "per_buyer_max",
    "picture",
    "strike_price_fen",
    "unit_cost_fen",
}
