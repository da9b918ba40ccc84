"""Placing, reading, cancelling and confirming orders."""

from typing import Any

import marshmallow as ma
from flask import Response, make_response
from flask import json as flask_json
from flask.views import MethodView

from shop.domain.audit.service import Kept
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.flows import cancelling, completing
from shop.flows.drafting import OrderRequest, Placed, ShipTo
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden
from shop.keyset import keyset
from shop.reads import orders as reads
from shop.reads import pricing
from shop.reads.orders import OrderView
from shop.tools import tools
from shop.web import etag, gathering
from shop.web.admission import first
from shop.web.api.order_schemas import OrderOut, show, show_placed
from shop.web.api.quotes import REGION, WishIn
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import (
    Fen,
    PageArgs,
    Pattern,
    Phone,
    StrictSchema,
    Text,
    list_of,
)
from shop.web.coupons import refuse_coupon
from shop.web.idempotency import asked, key_required, own_answer, replay
from shop.web.limits import limit
from shop.web.paging import paged
from shop.web.who import me, signed_in

bp = ApiBlueprint("orders", __name__, description="Orders of buyers.")


class ShipToIn(StrictSchema):
    """Where the parcel goes; ``region_code`` is a GB/T 2260 county-level code."""

    name = Text(1, 40, required=True)
    phone = Phone(required=True)
    region_code = Pattern(REGION, required=True)
    street = Text(1, 200, required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: object) -> ShipTo:
        """In the flow's own words."""
        return ShipTo(**data)


class OrderIn(StrictSchema):
    """What is ordered; ``expected_total_fen`` is what the buyer saw."""

    items = ma.fields.List(
        ma.fields.Nested(WishIn),
        required=True,
        validate=ma.validate.Length(min=1, max=pricing.MAX_LINES),
    )
    ship_to = ma.fields.Nested(ShipToIn, required=True)
    note = Text(1, 200, load_default=None, allow_none=True)
    coupon = Text(1, 40, load_default=None, allow_none=True)
    consents = ma.fields.List(Text(1, 40), load_default=(), validate=ma.validate.Length(max=10))
    source = Text(1, 40, load_default=None, allow_none=True)
    expected_total_fen = Fen(load_default=None, allow_none=True)


class OrderArgs(PageArgs):
    """Whose orders: one's own, those of one's cooperatives, or all."""

    as_ = ma.fields.String(
        data_key="as",
        load_default="buyer",
        validate=ma.validate.OneOf(["buyer", "manager", "operator"]),
    )
    status = ma.fields.String(
        load_default=None, validate=ma.validate.OneOf([str(status) for status in OrderStatus])
    )


def answer_of(placed: Placed) -> Kept:
    """The answer to an order just placed, kept in its own transaction."""
    body = flask_json.dumps(show_placed(placed))
    return Kept(status=201, body=body, location=f"/api/v1/orders/{placed.number}")


@bp.route("/orders")
class Orders(MethodView):
    """Orders."""

    @signed_in
    @bp.arguments(OrderArgs, location="query")
    @bp.response(200, list_of(OrderOut))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """Orders in reach, the newest first; a cooperative sees its own lines and sums."""
        actor = me()
        query, sellers = _scope(actor, args["as_"])
        if args["status"] is not None:
            query = query.where(Order.status == OrderStatus(args["status"]))
        found = keyset(query, keys=[(Order.id, "desc")], limit=args["limit"], after=args["after"])
        views = {view.id: view for view in reads.views(found.rows, sellers=sellers)}
        return paged(found, lambda order: show(views[order.id]))

    @signed_in
    @key_required
    @own_answer
    @first
    @limit("order")
    @bp.arguments(OrderIn)
    @bp.response(201, OrderOut)
    def post(self, body: dict[str, Any]) -> Response:
        """Place an order, from a live room or from the shelf; needs an ``Idempotency-Key``."""
        refuse_coupon(body["coupon"])
        answers: list[Kept] = []

        def keep(placed: Placed) -> Kept:
            answers.append(answer_of(placed))
            return answers[-1]

        placed = gathering.place(
            OrderRequest(
                wishes=body["items"],
                ship_to=body["ship_to"],
                note=body["note"],
                source=body["source"],
                consents=body["consents"],
                expected_total_fen=body["expected_total_fen"],
            ),
            key=asked(),
            answer=keep,
        )
        if isinstance(placed, Kept):
            return replay(placed)
        kept = answers[-1]
        response = make_response(kept.body, kept.status)
        response.headers.update({"Content-Type": "application/json", "Location": kept.location})
        return response


def _scope(actor: Actor, hat: str) -> tuple[Any, set[int] | None]:
    if hat == "operator":
        if not actor.is_operator:
            raise Forbidden("only the operator sees every order")
        return reads.everyone(), None
    if hat == "manager":
        own = actor.cooperatives()
        return reads.of_cooperatives(own), set(own)
    return reads.of_buyer(actor.user_id), None


def _answer(view: OrderView) -> dict[str, Any]:
    etag.tag(view.version)
    return show(view)


@bp.get("/orders/<number:number>")
@signed_in
@bp.response(200, OrderOut)
def order(number: str) -> dict[str, Any]:
    """One order, as far as the caller may see it."""
    return _answer(reads.for_actor(number, me()))


@bp.post("/orders/<number:number>/cancel")
@signed_in
@bp.response(200, OrderOut)
def cancel(number: str) -> dict[str, Any]:
    """Cancel what has not been handed over; what was paid for it goes back."""
    actor = me()
    view = reads.for_actor(number, actor)
    hat = "operator" if actor.is_operator and not _is_own(view, actor) else "buyer"
    cancelling.cancel_order(
        actor=actor.wearing(hat),
        number=number,
        expected_version=etag.expected_version(),
        now=tools().clock(),
    )
    return _answer(reads.for_actor(number, actor))


def _is_own(view: OrderView, actor: Actor) -> bool:
    return view.buyer_id == actor.user_id


@bp.post("/orders/<number:number>/confirm-receipt")
@signed_in
@bp.response(200, OrderOut)
def confirm(number: str) -> dict[str, Any]:
    """The buyer has the goods: the order completes and its income is split."""
    completing.confirm_receipt(
        actor=me(),
        number=number,
        expected_version=etag.expected_version(),
        now=tools().clock(),
    )
    return _answer(reads.for_actor(number, me()))
