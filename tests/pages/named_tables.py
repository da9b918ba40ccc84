"""Things of others that a form, a query, or a path below one's own thing names.

The columns are those of ``tests/api/named_tables.py``.

"""

from tests.api.named_tables import Named
from tests.pages.route_tables import (
    CONSOLE,
    COOP_ORDER,
    FARMER,
    GOODS,
    ITEM,
    LABEL,
    NAME,
    ORDER,
    PARCEL,
    PEOPLE,
    SEAT,
    SHEET,
    WORDS,
)

HERE = {"slug": "{other_cooperative}"}
ROOM = {"session_id": "{other_session_id}"}
SENT = {"number": "{other_number}"}
LOT = {"quantity": "1", "harvested_on": "2026-03-01"}
WEIGHED = {"grade": "一级", "gross": "5", "terms": "consigned", "harvested_on": "2026-03-01"}
PACKED = {"kind": "packed", "quantity": "1", "harvested_on": "2026-03-01"}
OWN_GOODS = {"slug": "{other_slug}", "version": "as shown"}
PAPER = {
    "papers-0-kind": "green", "papers-0-number": "演示 1", "papers-0-holder": "演示",
    "papers-0-valid_from": "2026-01-01", "papers-0-valid_to": "2026-12-31",
}  # fmt: skip
UNIT = {"lines-0-quantity": "1"}

NAMED = [
    Named("GET /coop/statements", "manager", {"cooperative": "{cooperative}"}),
    Named("GET /coop/stock/moves", "keeper", {"sku": "{sku}"}),
    Named("GET /coop/orders/slips", "keeper", {"number": "{number}"}),
    Named("GET /checkout", "buyer", {"address": "{address_id}"}, {"sku": "{other_sku}"}),
    Named("GET /checkout", "buyer", {"live_item": "{hidden_item}"},
          own={"live_item": "{other_item_id}"}),
    Named("POST /checkout", "buyer", {"address": "{address_id}"},
          {"items-0-sku": "{other_sku}", "items-0-quantity": "1", "expected_total_fen": "4480"}),
    Named("POST /cart/add", "buyer", {"live_item": "{hidden_item}"}, {"sku": "{public_sku}"},
          own={"sku": "{other_sku}", "live_item": "{other_item_id}"}),
    Named("POST /coop/stock/lots/new", "keeper", {"sku": "{sku}"}, LOT),
    Named("POST /coop/stock/lots/new", "keeper", {"growers-0-farmer_id": "{farmer_id}"},
          {**LOT, "sku": "{other_sku}", "growers-0-kilos": "1"}),
    Named("POST /coop/stock/adjust", "keeper", {"lot": "{code}"},
          {"delta": "-1", "reason": "counted"}),
    Named("POST /coop/stock/scale", "keeper", {"farmer_id": "{farmer_id}"},
          {**WEIGHED, "product_id": "{other_product_id}"}),
    Named("POST /coop/stock/scale", "keeper", {"product_id": "{product_id}"},
          {**WEIGHED, "farmer_id": "{other_farmer_id}"}),
    Named("POST /coop/stock/pack", "keeper", {"sku": "{sku}"},
          {**PACKED, "intakes-0-slip_no": "{other_slip_no}", "intakes-0-kilos": "1"}),
    Named("POST /coop/stock/pack", "keeper", {"intakes-0-slip_no": "{slip_no}"},
          {**PACKED, "sku": "{other_sku}", "intakes-0-kilos": "1"}),
    Named("POST /coop/stock/pack", "keeper", {"lots-0-code": "{code}"},
          {**PACKED, "kind": "graded", "sku": "{other_sku}", "lots-0-units": "1"}),
    Named("POST /coop/products/new", "clerk", {"cooperative": "{cooperative}"}, WORDS),
    Named(f"POST {GOODS}/pictures", "clerk", {"pictures-0-id": "{paper}"}, OWN_GOODS),
    Named(f"POST {GOODS}/certificates", "clerk", {"papers-0-picture_id": "{paper}"},
          {**OWN_GOODS, **PAPER}),
    Named(f"POST {ORDER}/claims/new", "buyer", {"lines-0-sku": "{sku}"},
          {**SENT, **UNIT, "reason": "other"}),
    Named(f"POST {ORDER}/claims/new", "buyer", {"pictures": "{picture}"},
          {**SENT, **UNIT, "lines-0-sku": "{other_sku}", "reason": "other"}),
    Named(f"POST {COOP_ORDER}/parcels", "third", {"lines-0-sku": "{sku}"},
          {**UNIT, "number": "{mixed}", "carrier": "shunfeng", "waybill_no": "SF1234567890778"}),
    Named(f"POST {COOP_ORDER}/refunds", "third", {"back-0-sku": "{sku}"},
          {"number": "{mixed}", "back-0-quantity": "1", "reason": "演示"}),
    Named(f"POST {PARCEL}/correct", "keeper", {"shipment_id": "{shipment_id}"},
          {**SENT, **LABEL, "waybill_no": "SF1234567890779"}),
    Named(f"POST {PARCEL}/events", "keeper", {"shipment_id": "{shipment_id}"},
          {**SENT, "status": "in_transit"}),
    Named(f"POST {PARCEL}/undo", "keeper", {"shipment_id": "{shipment_id}"}, SENT),
    Named(f"POST {SHEET}/countersign", "third", {"sheet_id": "{sheet_id}"},
          {"slug": "{third_village}"}),
    Named(f"POST {SHEET}/withdraw", "third", {"sheet_id": "{late_sheet_id}"},
          {"slug": "{third_village}"}),
    Named(f"GET {FARMER}", "keeper", {"farmer_id": "{farmer_id}"}, HERE),
    Named(f"POST {FARMER}", "keeper", {"farmer_id": "{farmer_id}"},
          HERE | NAME | {"version": "as shown"}),
    Named(f"POST {FARMER}/consent", "keeper", {"farmer_id": "{farmer_id}"}, HERE | {"to": "yes"}),
    Named(f"POST {FARMER}/leave", "keeper", {"farmer_id": "{farmer_id}"}, HERE | {"to": "active"}),
    Named(f"POST {PEOPLE}/invitations/<id:invitation_id>/withdraw", "manager",
          {"invitation_id": "{invitation_id}"}, HERE),
    Named(f"POST {CONSOLE}/pin", "host", {"item_id": "{item_id}"}, ROOM),
    *(Named(f"POST {CONSOLE}/items/<id:item_id>/{verb}", "host", {"item_id": "{item_id}"}, ROOM)
      for verb in ("price", "off", "on")),
    *(Named(f"POST {CONSOLE}/comments/<id:comment_id>/{verb}", "host",
            {"comment_id": "{comment_id}"}, ROOM) for verb in ("hide", "mute")),
    Named(f"POST {ITEM}", "host", {"item_id": "{item_id}"},
          ROOM | {"per_buyer_max": "2", "version": "as shown"}),
    Named(f"POST {ITEM}/move", "host", {"item_id": "{item_id}"}, ROOM | {"by": "1"}),
    Named(f"POST {ITEM}/remove", "host", {"item_id": "{item_id}"}, ROOM),
    Named(f"POST {SEAT}", "manager", {"user_id": "{user_id}"}, HERE | {"seat": "keeper"}),
]  # fmt: skip
