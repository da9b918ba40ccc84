"""Every page route and what it may touch; whoever adds a page adds it to one table.

``SHARED``: everybody may read it, or it is about the browser alone. ``OWN``: it only ever touches
what is the caller's. ``PLATFORM``: the operator's own. ``OWNED``: its path names a thing of
somebody (with a form that fits; a version goes beside). ``THINGS`` says what a name in a path means
below a prefix.
"""

from typing import Any

BOARD = "/village/<slug:slug>"
SHEET = f"{BOARD}/drafts/<id:sheet_id>"
ADDRESS = "/account/addresses/<id:address_id>"
CLAIM = "/coop/claims/<id:claim_id>"
CONSOLE = "/host/sessions/<id:session_id>/console"
COOP_ORDER = "/coop/orders/<number:number>"
FARMER = "/coop/farmers/<slug:slug>/<id:farmer_id>"
GOODS = "/coop/products/<slug:slug>"
ORDER = "/orders/<number:number>"
PARCEL = f"{COOP_ORDER}/parcels/<id:shipment_id>"
PEOPLE = "/coop/people/<slug:slug>"
SHOW = "/host/sessions/<id:session_id>"
ITEM = f"{SHOW}/items/<id:item_id>"
REVIEWED = "/shows/<id:session_id>"
SEAT = f"{PEOPLE}/seats/<id:user_id>/<slug:seat>/dismiss"
STEPS = "<any(submit, 'take-back', 'off-sale', 'on-sale', archive, withdraw):step>"
TASK = "/work/<id:task_id>"
COOP = "/operator/cooperatives/<slug:slug>"
VILLAGE = "/operator/places/villages/<slug:slug>"
USER = "/operator/people/<id:user_id>"

SHARED = {
    "GET /",
    "GET /board",
    "GET /board/<slug:village>",
    "GET /cart",
    "GET /cooperatives/<slug:slug>",
    "GET /halls",
    "GET /halls/<slug:slug>",
    "GET /healthz",
    "GET /legal/<slug:kind>",
    "GET /legal/<slug:kind>/<slug:version>",
    "GET /live",
    "GET /live/<id:session_id>",
    "GET /live/<id:session_id>/shelf",
    "GET /metrics",
    "GET /outbox",
    "GET /pay-for-me/<token>",
    "GET /pictures/<string(length=32):name>/<any(s, m, l):size>.webp",
    "GET /problems/<slug:code>",
    "GET /products",
    "GET /products/<slug:slug>",
    "GET /readyz",
    "GET /sign-in",
    "GET /trace",
    "GET /trace/<code:code>",
    "GET /trace/<code:code>/qr.svg",
    "GET /villages",
    "GET /villages/<slug:slug>",
    "POST /cart/add",
    "POST /cart/set",
    "POST /language/<any(zh, en):lang>",
    "POST /live/<id:session_id>/comments",
    "POST /products/<slug:slug>/choose",
    "POST /sign-in",
    "POST /sign-in/code",
    "POST /sign-in/with-code",
    "POST /sign-out",
    "POST /sign-up",
    "POST /text-size",
}
OWN = {
    "GET /account",
    "GET /account/addresses",
    "GET /account/addresses/new",
    "GET /account/erase",
    "GET /account/export",
    "GET /account/password",
    "GET /checkout",
    "GET /checkout/queue",
    "GET /coop/claims",
    "GET /coop/farmers",
    "GET /coop/orders",
    "GET /coop/orders/pick",
    "GET /coop/orders/slips",
    "GET /coop/people",
    "GET /coop/products",
    "GET /coop/products/new",
    "GET /coop/statements",
    "GET /coop/stock",
    "GET /coop/stock/lots/new",
    "GET /coop/stock/moves",
    "GET /coop/stock/pack",
    "GET /coop/stock/scale",
    "GET /host/sessions",
    "GET /host/sessions/new",
    "GET /orders",
    "GET /village",
    "GET /work",
    "POST /account/addresses/new",
    "POST /account/agreements",
    "POST /account/erase",
    "POST /account/erase/code",
    "POST /account/invitations",
    "POST /account/name",
    "POST /account/password",
    "POST /account/sign-out-others",
    "POST /checkout",
    "POST /coop/products/new",
    "POST /coop/stock/adjust",
    "POST /coop/stock/lots/new",
    "POST /coop/stock/pack",
    "POST /coop/stock/scale",
    "POST /host/sessions/new",
}
PLATFORM = {
    "GET /operator/cooperatives/new",
    "GET /operator/halls",
    "GET /operator/halls/kinds",
    "GET /operator/halls/new",
    "GET /operator/people",
    "GET /operator/places",
    "GET /operator/places/villages/new",
    "GET /operator/review",
    "GET /operator/review/goods",
    "GET /shows",
    "POST /operator/cooperatives/new",
    "POST /operator/halls/kinds",
    "POST /operator/halls/new",
    "POST /operator/people/find",
    "POST /operator/places/villages/new",
}
REASON = {"reason": "演示原因"}
NAME = {"name": "演示", "village": "{village}"}
RECEIVER = {"name": "演示", "phone": "13800000001", "region_code": "140311", "street": "演示街"}
LABEL = {"carrier": "shunfeng", "waybill_no": "SF1234567890001"}
FREIGHT = {"first_grams": "1", "next_grams": "1", "first_fen": "8", "next_fen": "2"}
SPLIT = {"platform_bp": "2", "village_bp": "5", "farmer_bp": "60"}
WORDS = {
    "title": "演示", "category": "{category}", "ship_within_hours": "48", "policy": "seven_days",
    "claim_window_hours": "24",
}  # fmt: skip
PLACE = {"name": "演示", "name_en": "Demo", "region_code": "140311"}
KIND = {"name": "演示", "name_en": "Demo"}
HALL = {"title": "演示", "title_en": "Demo", "kind": "season"}
SELLER = {
    "name": "演示", "seller_kind": "self_grown", "village": "{village}", "address": "演示路",
    "contact": "0353-0000000",
}  # fmt: skip
OWNED: dict[str, dict[str, Any] | None] = {
    f"GET {ADDRESS}": None,
    f"POST {ADDRESS}": RECEIVER,
    f"POST {ADDRESS}/default": None,
    f"POST {ADDRESS}/remove": None,
    f"GET {CLAIM}": None,
    f"POST {CLAIM}": {"decision": "refuse", **REASON},
    "GET /coop/farmers/<slug:slug>": None,
    "GET /coop/farmers/<slug:slug>/new": None,
    "POST /coop/farmers/<slug:slug>/new": NAME,
    f"GET {FARMER}": None,
    f"POST {FARMER}": NAME,
    f"POST {FARMER}/consent": {"to": "yes"},
    f"POST {FARMER}/leave": None,
    f"GET {COOP_ORDER}": None,
    f"POST {COOP_ORDER}/parcels": {**LABEL, "lines-0-sku": "{sku}", "lines-0-quantity": "1"},
    f"POST {PARCEL}/correct": LABEL,
    f"POST {PARCEL}/events": {"status": "in_transit"},
    f"POST {PARCEL}/undo": None,
    f"POST {COOP_ORDER}/cancel": None,
    f"POST {COOP_ORDER}/refunds": {"amount": "1", **REASON},
    f"GET {PEOPLE}": None,
    f"POST {PEOPLE}": {"phone": "13800000001", "role": "keeper"},
    f"GET {PEOPLE}/freight": None,
    f"POST {PEOPLE}/freight": FREIGHT,
    f"POST {PEOPLE}/invitations/<id:invitation_id>/withdraw": None,
    f"POST {SEAT}": None,
    f"GET {GOODS}": None,
    f"POST {GOODS}/{STEPS}": None,
    f"GET {GOODS}/certificates": None,
    f"POST {GOODS}/certificates": None,
    f"POST {GOODS}/drop-variant": {"sku": "{sku}"},
    f"GET {GOODS}/edit": None,
    f"POST {GOODS}/edit": WORDS,
    f"GET {GOODS}/pictures": None,
    f"POST {GOODS}/pictures": None,
    f"GET {GOODS}/prices": None,
    f"POST {GOODS}/prices": {
        "variants-0-sku": "{sku}", "variants-0-price_fen": "36.80"
    },
    "GET /coop/stock/lots/<code:code>": None,
    "GET /coop/stock/slips/<slip:slip_no>": None,
    f"GET {SHOW}": None,
    f"POST {SHOW}/archive": None,
    f"GET {CONSOLE}": None,
    f"GET {CONSOLE}/figures.json": None,
    f"POST {CONSOLE}/comments/<id:comment_id>/hide": None,
    f"POST {CONSOLE}/comments/<id:comment_id>/mute": None,
    f"POST {CONSOLE}/end": None,
    f"POST {CONSOLE}/items/<id:item_id>/off": None,
    f"POST {CONSOLE}/items/<id:item_id>/on": None,
    f"POST {CONSOLE}/items/<id:item_id>/price": {"live_price_fen": "36.80"},
    f"POST {CONSOLE}/notice": {"text": "演示"},
    f"POST {CONSOLE}/pause": None,
    f"POST {CONSOLE}/pin": {"item_id": "{item_id}"},
    f"POST {CONSOLE}/resume": None,
    f"POST {CONSOLE}/start": None,
    f"POST {CONSOLE}/unpin": None,
    f"GET {SHOW}/edit": None,
    f"POST {SHOW}/edit": {"title": "演示", "starts_at": "2026-03-02T20:00"},
    f"POST {SHOW}/items": {"sku": "{sku}"},
    f"POST {ITEM}": {"per_buyer_max": "2"},
    f"POST {ITEM}/move": {"by": "1"},
    f"POST {ITEM}/remove": None,
    f"POST {SHOW}/redraft": None,
    f"POST {SHOW}/submit": None,
    f"GET {COOP}": None,
    f"GET {COOP}/edit": None,
    f"POST {COOP}/edit": SELLER,
    f"POST {COOP}/farmers/<id:farmer_id>/assisted": {"to": "yes"},
    f"POST {COOP}/restore": None,
    f"POST {COOP}/invitations": {"phone": "13800000001", "role": "keeper"},
    f"POST {COOP}/invitations/<id:invitation_id>/withdraw": None,
    f"POST {COOP}/seats/<id:user_id>/<slug:seat>/dismiss": None,
    f"GET {COOP}/split": None,
    f"POST {COOP}/split": SPLIT,
    f"POST {COOP}/suspend": None,
    "POST /operator/halls/kinds/<slug:slug>": KIND,
    "GET /operator/halls/<slug:slug>": None,
    "POST /operator/halls/<slug:slug>": HALL,
    "POST /operator/halls/<slug:slug>/remove": None,
    f"POST {USER}/grant/<slug:hat>": None,
    f"POST {USER}/restore": None,
    f"POST {USER}/revoke/<slug:hat>": None,
    f"POST {USER}/sign-out": None,
    f"POST {USER}/suspend": None,
    f"GET {VILLAGE}": None,
    f"POST {VILLAGE}": PLACE,
    f"POST {VILLAGE}/restore": None,
    f"POST {VILLAGE}/seats": {"phone": "13800000001", "role": "village"},
    f"POST {VILLAGE}/seats/<id:user_id>/<slug:seat>/revoke": None,
    f"POST {VILLAGE}/suspend": None,
    "GET /operator/review/<slug:slug>": None,
    "POST /operator/review/<slug:slug>/approve": None,
    "POST /operator/review/<slug:slug>/block": {"rule": "演示", **REASON},
    "POST /operator/review/<slug:slug>/reject": REASON,
    "POST /operator/review/<slug:slug>/unblock": None,
    f"GET {ORDER}": None,
    f"POST {ORDER}/cancel": None,
    f"GET {ORDER}/claims": None,
    f"GET {ORDER}/claims/new": None,
    f"POST {ORDER}/claims/new": {
        "reason": "other", "lines-0-sku": "{sku}", "lines-0-quantity": "1"
    },
    f"POST {ORDER}/confirm": None,
    f"GET {ORDER}/paid": None,
    f"GET {ORDER}/pay": None,
    f"POST {ORDER}/pay": {"way": "sandbox:card"},
    f"GET {ORDER}/status.json": None,
    "GET /pay/<id:payment_id>": None,
    "GET /sandbox/pay/<id:payment_id>": None,
    "POST /sandbox/pay/<id:payment_id>": {"outcome": "decline"},
    f"GET {REVIEWED}": None,
    f"POST {REVIEWED}/approve": None,
    f"POST {REVIEWED}/ban": REASON,
    f"POST {REVIEWED}/checker": {"phone": "13800000001"},
    f"POST {REVIEWED}/checklist": {"point": "picture"},
    f"POST {REVIEWED}/comments/<id:comment_id>/hide": None,
    f"POST {REVIEWED}/comments/<id:comment_id>/unhide": None,
    f"POST {REVIEWED}/reject": REASON,
    f"GET {BOARD}": None,
    f"POST {BOARD}/drafts": {"period": "2026-03"},
    f"POST {SHEET}/countersign": None,
    f"POST {SHEET}/withdraw": None,
    f"GET {TASK}": None,
    f"POST {TASK}/apply-again": None,
    f"POST {TASK}/dismiss": {"note": "演示"},
    f"POST {TASK}/finish": {"note": "演示"},
    f"POST {TASK}/run-again": None,
    f"POST {TASK}/send-again": None,
    f"POST {TASK}/send-back": None,
    f"POST {TASK}/take": None,
}  # fmt: skip
THINGS = {
    "/coop/farmers/": {"slug": "cooperative"},
    "/coop/people/": {"slug": "cooperative"},
    "/cooperatives/": {"slug": "cooperative"},
    "/operator/cooperatives/": {"slug": "cooperative"},
    "/operator/halls/kinds/": {"slug": "category"},
    "/operator/halls/": {"slug": "hall"},
    "/halls/": {"slug": "hall"},
    "/operator/places/villages/": {"slug": "village"},
    "/village/": {"slug": "village"},
    "/villages/": {"slug": "village"},
}
"""What a name in a path stands for where it is not the thing of that name."""
WORDS_IN_PATHS = {
    "step": "off-sale", "seat": "keeper", "hat": "host", "lang": "en", "kind": "privacy",
    "size": "s", "version": "2026-03-01", "name": "0" * 32, "token": "1-0",
}  # fmt: skip
"""Parts of paths that name nothing of anybody."""
