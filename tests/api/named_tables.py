"""Things that a body or a query names, and things below a path of one's own: all may be another's.

Each row is tried three times: with the first tenant's thing, with nothing, which must be told in
the same words, and with the caller's own, which must go through.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Named:
    """``who`` calls with ``rest`` and names ``what``; ``{sku}`` stands for a thing's id.

    The caller's own things have the same names after ``other_`` or ``third_``; ``own`` says what
    goes through where that does not.
    """

    route: str
    who: str
    what: dict[str, Any]
    rest: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] | None = None


SHOW = "/api/v1/live-sessions/<id:session_id>"
ORDER = "/api/v1/orders/<number:number>"
COMMENT = f"{SHOW}/comments/<id:comment_id>"
VARIANT = {"name": "演示", "price_fen": 1, "unit": "袋", "weight_grams": 1}
DRAFT = {"title": "演示", "category": "{category}", "cooperative": "{other_cooperative}"}
LOT = {"quantity": 1, "harvested_on": "2026-03-01"}
PAPER = {
    "kind": "green", "number": "演示 1", "holder": "演示",
    "valid_from": "2026-01-01", "valid_to": "2026-12-31",
}  # fmt: skip
SHIP_TO = {"name": "演示", "phone": "13800000001", "region_code": "140311", "street": "演示街 1 号"}
ONE = [{"sku": "{sku}", "quantity": 1}]
HIDDEN = [{"sku": "{public_sku}", "quantity": 1, "live_item_id": "{hidden_item}"}]
ON_AIR = [{"sku": "{other_sku}", "quantity": 1, "live_item_id": "{other_item_id}"}]

NESTED = [
    Named("GET /api/v1/inventory", "clerk", {"cooperative": "{cooperative}"}),
    Named("GET /api/v1/inventory/moves", "keeper", {"sku": "{sku}"}),
    Named("GET /api/v1/farmers", "keeper", {"cooperative": "{cooperative}"}),
    Named("GET /api/v1/settlements", "manager", {"cooperative": "{cooperative}"}),
    Named("POST /api/v1/farmers", "keeper", {"cooperative": "{cooperative}"},
          {"name": "演示", "village": "{village}"}),
    Named("POST /api/v1/products", "manager", {"cooperative": "{cooperative}"},
          {**DRAFT, "variants": [{"sku": "NEW-1", **VARIANT}]}),
    Named("POST /api/v1/products", "clerk", {"pictures": ["{paper}"]},
          {**DRAFT, "variants": [{"sku": "NEW-2", **VARIANT}]}),
    Named("POST /api/v1/products", "clerk", {"certificates": [{**PAPER, "picture": "{paper}"}]},
          {**DRAFT, "variants": [{"sku": "NEW-3", **VARIANT}]}),
    Named("PATCH /api/v1/products/<slug:slug>", "clerk", {"pictures": ["{paper}"]},
          {"slug": "{other_slug}"}),
    Named("PATCH /api/v1/products/<slug:slug>", "clerk",
          {"certificates": [{**PAPER, "picture": "{paper}"}]}, {"slug": "{other_slug}"}),
    Named("POST /api/v1/lots", "keeper", {"sku": "{sku}"}, LOT),
    Named("POST /api/v1/lots", "keeper", {"farmer_id": "{farmer_id}"},
          {**LOT, "sku": "{other_sku}"}),
    Named("POST /api/v1/lots", "keeper",
          {"contributions": [{"farmer_id": "{farmer_id}", "grams": 5}]},
          {**LOT, "sku": "{other_sku}"}),
    Named("POST /api/v1/inventory/adjustments", "keeper", {"lot": "{code}"},
          {"delta": -1, "reason": "counted"}),
    Named("POST /api/v1/live-sessions", "host", {"cover": "{cover}"},
          {"title": "演示", "starts_at": "2026-03-02T12:00:00Z"}),
    Named(f"PATCH {SHOW}", "host", {"cover": "{cover}"}, {"session_id": "{other_draft}"}),
    Named(f"PATCH {SHOW}/items/<id:item_id>", "host", {"item_id": "{item_id}"},
          {"session_id": "{other_session_id}", "per_buyer_max": 2}),
    Named(f"PUT {SHOW}/items/order", "host", {"items": ["{item_id}"]},
          {"session_id": "{other_session_id}"}),
    Named(f"PUT {SHOW}/pin", "host", {"item_id": "{item_id}"},
          {"session_id": "{other_session_id}"}),
    *(Named(f"POST {COMMENT}/{verb}", "host", {"comment_id": "{comment_id}"},
            {"session_id": "{other_session_id}"}) for verb in ("hide", "unhide", "mute", "unmute")),
    Named("POST /api/v1/orders", "buyer", {"items": HIDDEN}, {"ship_to": SHIP_TO},
          own={"items": ON_AIR}),
    Named("POST /api/v1/quotes", "buyer", {"items": HIDDEN}, own={"items": ON_AIR}),
    Named(f"POST {ORDER}/claims", "buyer", {"lines": ONE},
          {"number": "{other_number}", "reason": "other"}),
    Named(f"POST {ORDER}/claims", "buyer", {"pictures": ["{picture}"]},
          {"number": "{other_number}", "reason": "other",
           "lines": [{"sku": "{other_sku}", "quantity": 1}]}),
    Named(f"POST {ORDER}/shipments", "third", {"lines": ONE},
          {"number": "{mixed}", "carrier": "shunfeng", "waybill_no": "SF1234567890777"}),
    Named(f"POST {ORDER}/refunds", "third", {"lines": ONE},
          {"number": "{mixed}", "reason": "演示原因"}),
    Named(f"POST {ORDER}/shipments/<id:shipment_id>/events", "keeper",
          {"shipment_id": "{shipment_id}"}, {"number": "{other_number}", "status": "in_transit"}),
    Named(f"DELETE {SHOW}/items/<id:item_id>", "host", {"item_id": "{item_id}"},
          {"session_id": "{other_session_id}"}),
]  # fmt: skip
EVERYBODYS: dict[str, set[str]] = {
    "category": set(),
    "village": set(),
    "sku": {
        "POST /api/v1/orders",
        "POST /api/v1/quotes",
        f"POST {SHOW}/items",
        "POST /api/v1/products",
        "PATCH /api/v1/products/<slug:slug>",
    },
}
"""Names of things that anybody may name, everywhere or in these routes."""
