"""Where Kuaidi100 reports parcels: verified, stored, applied once, answered as it wants to hear."""

from flask import Blueprint, Response, jsonify, request

from shop.domain.logistics.couriers.kuaidi100 import ACCEPTED
from shop.flows import tracking
from shop.tools import tools
from shop.web.limits import limit
from shop.web.ops import counted_refusals
from shop.web.who import provider

bp = Blueprint("api_hooks_kuaidi100", __name__, url_prefix="/api/hooks")


@bp.post("/kuaidi100")
@provider
@limit("hook")
def hear() -> Response:
    """Known, told twice, unknown or about no parcel: each is stored and answered 200."""
    doors = tools().couriers
    with counted_refusals("kuaidi100"):
        push = doors.push.read_push(request.form, secrets=doors.salts)
    tracking.hear_push(push, param=request.form["param"], now=tools().clock())
    return jsonify(ACCEPTED)
