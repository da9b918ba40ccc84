"""Where payment providers report: verified, stored, applied once, answered 200."""

from flask import Blueprint, Response, jsonify, request

from shop.flows import hearing
from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web.limits import limit
from shop.web.ops import counted_refusals
from shop.web.parsing import raw_body
from shop.web.who import provider

bp = Blueprint("api_hooks", __name__, url_prefix="/api/hooks")


@bp.post("/<any(sandbox, stripe):name>")
@provider
@limit("hook")
def hear(name: str) -> Response:
    """A retry cannot help what is duplicate, unknown or wrong, so each of these is 200 too."""
    gateway = tools().gateways.get(name)
    if gateway is None:
        raise NotFound
    now = tools().clock()
    body = raw_body(request)
    with counted_refusals(name):
        event = gateway.read_event(body, dict(request.headers), now=now)
    verdict = hearing.hear(event, source=name, livemode=gateway.livemode, now=now)
    return jsonify(status=str(verdict.status))
