"""Checkout: one page from goods to order, the same whether from a room, a product or the cart."""

from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError

from shop.domain.accounts.models import Address
from shop.domain.audit.service import Kept
from shop.domain.logistics import regions
from shop.domain.orders.models import Order
from shop.flows import checkout
from shop.flows.checkout import OrderRequest, ShipTo
from shop.kernel.errors import DomainError, Invalid, NotFound, Unavailable
from shop.reads import addresses, pricing
from shop.reads.live_items import sku_of
from shop.reads.pricing import Quote, Wish
from shop.tools import tools
from shop.web.fields import Sku, Text
from shop.web.form_fields import Checkbox, FormInt
from shop.web.idempotency import asked, own_answer, replay
from shop.web.limits import limit
from shop.web.pages import Form, FormSchema, render, see
from shop.web.pages.cart import wishes as cart_wishes
from shop.web.problems import kind_of
from shop.web.terms import order_terms
from shop.web.who import me, signed_in
from shop.web.words import _

bp = Blueprint("checkout", __name__, url_prefix="/checkout")

RETRY_AFTER_S = 2


class WishForm(FormSchema):
    """One row of what is bought."""

    sku = Sku(required=True)
    quantity = FormInt(1, pricing.MAX_UNITS, required=True)
    live_item_id = FormInt(1, 2**53, load_default=None, allow_none=True)


class CheckoutForm(FormSchema):
    """The order as the page shows it."""

    items = ma.fields.List(
        ma.fields.Nested(WishForm), required=True, validate=ma.validate.Length(1, pricing.MAX_LINES)
    )
    address = FormInt(1, 2**53, required=True)
    note = Text(0, 200, load_default=None)
    consent = Checkbox()
    expected_total_fen = FormInt(1, 10**12, required=True)
    source = Text(1, 40, load_default=None)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """What the buyer is about to order, and where to."""

    wishes: list[Wish]
    address: Address | None
    source: str | None


@bp.get("")
@signed_in
def start() -> ResponseReturnValue:
    """The goods named in the address, or the whole cart; signing in comes back to the same."""
    wishes = _asked_wishes()
    if not wishes:
        return see("cart.show")
    choice = _Choice(
        wishes=wishes,
        address=_address(request.args.get("address", type=int)),
        source=request.args.get("source", "")[:40] or None,
    )
    return _page(choice, Form({}))


def _asked_wishes() -> list[Wish]:
    live_item = request.args.get("live_item", type=int)
    sku = request.args.get("sku") or (sku_of(live_item) if live_item else None)
    if live_item and sku is None:
        raise NotFound
    if sku is None:
        return cart_wishes()
    quantity = request.args.get("quantity", 1, type=int)
    return [
        Wish(
            sku=sku[:40],
            quantity=min(max(quantity, 1), pricing.MAX_UNITS),
            live_item_id=live_item,
        )
    ]


def _address(address_id: int | None) -> Address | None:
    """The chosen entry of the address book, else the default, else the newest."""
    book = addresses.book(me().user_id)
    chosen = next((entry for entry in book if entry.id == address_id), None)
    return chosen or next(iter(book), None)


def _page(choice: _Choice, form: Form, error: DomainError | None = None) -> ResponseReturnValue:
    """The page at the prices of this moment, with what was refused on top."""
    quote, problem = _quoted(choice, error)
    if problem is not None:
        form.blame(problem)
    body = render(
        "checkout/show.html",
        form=form,
        quote=quote,
        problem=problem,
        choice=choice,
        book=addresses.book(me().user_id),
        region=_region_name(choice.address),
        seller_of_record=tools().settings.seller_of_record,
        back=request.full_path if request.method == "GET" else _back(choice),
    )
    return body, 200 if problem is None else kind_of(problem.code).status


def _quoted(choice: _Choice, error: DomainError | None) -> tuple[Quote | None, DomainError | None]:
    region = choice.address.region_code if choice.address else None
    try:
        return pricing.quote(choice.wishes, region_code=region, now=tools().clock()), error
    except DomainError as refusal:
        return None, error or refusal


def _region_name(address: Address | None) -> str:
    return regions.full_name(address.region_code) if address else ""


def _back(choice: _Choice) -> str:
    first = choice.wishes[0]
    if len(choice.wishes) > 1:
        return url_for("checkout.start")
    return url_for(
        "checkout.start", sku=first.sku, quantity=first.quantity, live_item=first.live_item_id
    )


@bp.post("")
@signed_in
@own_answer
@limit("order")
def place() -> ResponseReturnValue:
    """Place the order; sending again shows the first result, a busy shop a waiting view."""
    form = Form.read(CheckoutForm)
    if not form.data:
        return see("cart.show")
    choice = _Choice(
        wishes=[Wish(**row) for row in form.data["items"]],
        address=_own_address(form.data["address"]),
        source=form.data["source"],
    )
    if choice.address is None:
        return _page(choice, form, Invalid(_("Choose where the parcel goes.")))
    try:
        placed = _place(form.data, choice, choice.address)
    except (Unavailable, OperationalError):
        return _waiting(form)
    except DomainError as error:
        return _page(choice, form, error)
    if isinstance(placed, Kept):
        return replay(placed)
    return see("pay.choose", number=placed.number)


def _own_address(address_id: int) -> Address | None:
    return next((a for a in addresses.book(me().user_id) if a.id == address_id), None)


def _place(data: dict[str, Any], choice: _Choice, address: Address) -> Order | Kept:
    return checkout.place_order(
        OrderRequest(
            wishes=choice.wishes,
            ship_to=ShipTo(
                name=address.name,
                phone=address.phone,
                region_code=address.region_code,
                street=address.street,
            ),
            note=data["note"],
            source=data["source"],
            consents=[pricing.PERISHABLE_CONSENT] if data["consent"] else [],
            expected_total_fen=data["expected_total_fen"],
        ),
        actor=me(),
        terms=order_terms(tools().settings),
        key=asked(),
        answer=_answer,
        now=tools().clock(),
    )


def _answer(order: Order) -> Kept:
    return Kept(status=303, body="", location=url_for("pay.choose", number=order.number))


def _waiting(form: Form) -> Response:
    """正在排队: the same key is sent again after Retry-After, by script or by the button."""
    hidden = {
        name: value
        for name, value in form.values.items()
        if name not in {"csrf_token", "idempotency_key"}
    }
    response = make_response(
        render(
            "checkout/waiting.html",
            hidden=hidden,
            key=request.form.get("idempotency_key", ""),
            retry_after=RETRY_AFTER_S,
        ),
        503,
    )
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
