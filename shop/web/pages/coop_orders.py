"""A cooperative's orders to ship: list, pick list, slips, hand-over and what happens on the way."""

from datetime import datetime
from typing import Any

import marshmallow as ma
from flask import Blueprint, request
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from shop.domain.logistics import carriers
from shop.domain.logistics.carriers import UnknownCarrier
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders.states import PAID_STATES
from shop.flows import shipping, tracking, undoing
from shop.kernel.actor import Actor
from shop.kernel.errors import DomainError, NotFound
from shop.reads import orders as order_reads
from shop.reads import parcels as reads
from shop.reads.orders import LineView, OrderView
from shop.tools import tools
from shop.web.fields import Sku, Text
from shop.web.form_fields import FormInt, LocalTime
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.paging import decode, page
from shop.web.who import cooperative, me, role
from shop.web.words import _

bp = Blueprint("coop_orders", __name__, url_prefix="/coop/orders")

VIEWERS = role("keeper", "clerk", "manager", "operator")
CANCELLABLE = frozenset({"pending_payment", "paid", "partially_shipped"})
BY_HAND = (
    ShipmentStatus.PICKED_UP,
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.OUT_FOR_DELIVERY,
    ShipmentStatus.READY_FOR_PICKUP,
    ShipmentStatus.DELIVERED,
    ShipmentStatus.EXCEPTION,
    ShipmentStatus.REFUSED,
    ShipmentStatus.RETURNING,
    ShipmentStatus.RETURNED,
)


class PackedForm(FormSchema):
    """Units of a line that go into the parcel."""

    sku = Sku(required=True)
    quantity = FormInt(0, 999, load_default=0)


class LabelForm(FormSchema):
    """What stands on the carrier's label."""

    carrier = Text(1, 64, required=True)
    waybill_no = Text(1, 64, required=True)


class ParcelForm(LabelForm):
    """A parcel with its label."""

    lines = ma.fields.List(ma.fields.Nested(PackedForm), load_default=list)


class EventForm(FormSchema):
    """What happened on the way; empty time: now."""

    status = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(status) for status in BY_HAND])
    )
    note = Text(0, 200, load_default="")
    occurred_at = LocalTime(load_default=None, allow_none=True)


@bp.record_once
def install(state: BlueprintSetupState) -> None:
    """Give every template the names of carriers."""
    state.app.jinja_env.filters["carrier"] = carrier_name


def carrier_name(code: str) -> str:
    """What people call a carrier."""
    try:
        return carriers.find(code).name
    except UnknownCarrier:
        return code


def _reach(actor: Actor) -> tuple[int, ...] | None:
    own = actor.cooperatives()
    return None if actor.is_operator and not own else own


@bp.get("")
@VIEWERS
def index() -> ResponseReturnValue:
    """What is to be sent, the first promised at the top; no personal data. Or one, by number."""
    if number := request.args.get("number", "").strip().upper():
        return see("coop_orders.show", number=number)
    show = request.args.get("show", "to_ship")
    show = show if show in reads.FILTERS else "to_ship"
    found = reads.parts(
        _reach(me()),
        show=show,
        now=tools().clock(),
        after=decode(request.args.get("after", "")),
    )
    return render("coop_orders/index.html", parts=found.rows, show=show, next=page(found)["next"])


@bp.get("/pick")
@cooperative("keeper")
def pick() -> str:
    """What to fetch from which lot, for all orders together."""
    now = tools().clock()
    picks = reads.pick_list(me().cooperatives("keeper"), now=now)
    return render("coop_orders/pick.html", picks=picks, now=now)


@bp.get("/slips")
@cooperative("keeper")
def slips() -> str:
    """Slips to print, of all orders to send or of the ticked ones."""
    now = tools().clock()
    found = reads.slips(
        me().cooperatives("keeper"), numbers=request.args.getlist("number")[:200], now=now
    )
    return render("coop_orders/slips.html", slips=found, now=now)


@bp.get("/<number:number>")
@VIEWERS
def show(number: str) -> str:
    """One order's card: receiver, goods with their lots, parcels, hand-over."""
    return render("coop_orders/show.html", form=Form(), **card(number))


@bp.post("/<number:number>/parcels")
@cooperative("keeper")
def hand_over(number: str) -> ResponseReturnValue:
    """A parcel leaves."""
    form = Form.read(ParcelForm)
    if form.ok and not any(line["quantity"] for line in form.data["lines"]):
        form.message = _("Say how many go into the parcel.")
    if not form.ok:
        return render_form("coop_orders/show.html", form, **card(number))
    try:
        shipping.hand_over(
            actor=me(),
            number=number,
            carrier=form.data["carrier"],
            waybill_no=form.data["waybill_no"],
            lines=[(x["sku"], x["quantity"]) for x in form.data["lines"] if x["quantity"]],
            now=tools().clock(),
            subscribe=tools().couriers.subscription is not None,
        )
    except NotFound:
        raise
    except DomainError as error:
        return render_form("coop_orders/show.html", form, error, **card(number))
    flash(_("Handed over. The buyer has been told."), "success")
    return see("coop_orders.show", number=number)


@bp.post("/<number:number>/parcels/<id:shipment_id>/correct")
@cooperative("keeper")
def correct(number: str, shipment_id: int) -> ResponseReturnValue:
    """The number was mistyped a moment ago."""
    form = Form.read(LabelForm)
    if not form.ok:
        return _refused(number, _("Give the carrier and the number."))
    try:
        shipping.correct_label(
            actor=me(),
            number=number,
            shipment_id=shipment_id,
            carrier=form.data["carrier"],
            waybill_no=form.data["waybill_no"],
            now=tools().clock(),
        )
    except NotFound:
        raise
    except DomainError as error:
        form.blame(error)
        return _refused(number, form.message or next(iter(form.errors.values())))
    flash(_("The number is corrected."), "success")
    return see("coop_orders.show", number=number)


@bp.post("/<number:number>/parcels/<id:shipment_id>/undo")
@cooperative("keeper")
def undo(number: str, shipment_id: int) -> ResponseReturnValue:
    """It was no hand-over: the goods are to be sent again."""
    try:
        undoing.undo_hand_over(
            actor=me(), number=number, shipment_id=shipment_id, now=tools().clock()
        )
    except NotFound:
        raise
    except DomainError:
        return _refused(number, _("This hand-over can no longer be undone."))
    flash(_("Undone. The goods are to be sent again; the buyer has been told."), "success")
    return see("coop_orders.show", number=number)


@bp.post("/<number:number>/parcels/<id:shipment_id>/events")
@cooperative("keeper")
def record_event(number: str, shipment_id: int) -> ResponseReturnValue:
    """What no carrier reports is written down by hand."""
    form = Form.read(EventForm)
    if not form.ok:
        return _refused(number, _("Choose what happened, and a time that is not to come."))
    try:
        tracking.record_event(
            actor=me(),
            number=number,
            shipment_id=shipment_id,
            status=ShipmentStatus(form.data["status"]),
            note=form.data["note"],
            occurred_at=form.data["occurred_at"],
            now=tools().clock(),
        )
    except NotFound:
        raise
    except DomainError as error:
        form.blame(error)
        return _refused(number, form.message or next(iter(form.errors.values())))
    flash(_("Written down."), "success")
    return see("coop_orders.show", number=number)


def _refused(number: str, words: str) -> ResponseReturnValue:
    flash(words, "error")
    return see("coop_orders.show", number=number)


def card(number: str) -> dict[str, Any]:
    """Everything the order's card shows; the receiver only once the goods are paid.

    The operator sees an order before it is paid and after it is cancelled, too.
    """
    actor, now = me(), tools().clock()
    parts = _parts(number, actor, now)
    view = order_reads.for_actor(number, actor)
    own = actor.cooperatives("keeper")
    sellers = {part.cooperative_id for part in parts}
    return {
        "number": number,
        "order": view,
        "parts": parts,
        "ship_to": view.ship_to if view.status in PAID_STATES else None,
        "refund": Form(),
        "refundable": _refundable(view, actor),
        "may_cancel": actor.is_operator and view.status in CANCELLABLE,
        "to_pack": [part for part in parts if part.cooperative_id in own and _can_ship(part)],
        "parcels": [s for s in view.shipments if s.cooperative_id in sellers],
        "own": own,
        "carriers": carriers.carriers(),
        "by_hand": BY_HAND,
        "correct_until": now - shipping.CORRECT_WITHIN,
        "now": now,
    }


def _parts(number: str, actor: Actor, now: datetime) -> list[reads.PartToShip]:
    try:
        return reads.part(number, None if actor.is_operator else _reach(actor), now=now)
    except NotFound:
        if not actor.is_operator:
            raise
        return []


def _refundable(view: OrderView, actor: Actor) -> list[LineView]:
    """Lines of a paid order whose money this person may give back."""
    if view.status not in PAID_STATES:
        return []
    own = actor.cooperatives("manager")
    return [
        line
        for line in view.lines
        if (actor.is_operator or line.cooperative_id in own) and line.refunded_fen < line.total_fen
    ]


def _can_ship(part: reads.PartToShip) -> bool:
    return part.left > 0 and part.status in {str(status) for status in reads.TO_SHIP}
