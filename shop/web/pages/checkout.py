"""Checkout: one page from goods to order, the same whether from a room, a product or the cart."""

from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from shop.domain.accounts import texts
from shop.domain.accounts.models import Address
from shop.domain.audit.service import Kept, KeyedRequest
from shop.domain.logistics import regions
from shop.flows import own_account
from shop.flows.drafting import COOPERATIVE, OrderRequest, Placed, ShipTo
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError, Invalid, Unavailable
from shop.reads import addresses, carts, money_goes, pricing
from shop.reads.carts import Short
from shop.reads.pricing import Quote, Wish
from shop.tools import tools
from shop.web import gathering, queued
from shop.web.errors import RETRY_AFTER_S, when_busy
from shop.web.fields import Sku, Text
from shop.web.form_fields import Checkbox, FormInt
from shop.web.idempotency import asked, own_answer, replay
from shop.web.limits import limit
from shop.web.pages import Form, FormSchema, checkout_lines, render, see
from shop.web.pages.cart import wishes as cart_wishes
from shop.web.pages.legal import titled
from shop.web.problems import kind_of
from shop.web.urls import asked_id
from shop.web.who import me, signed_in
from shop.web.words import _

bp = Blueprint("checkout", __name__, url_prefix="/checkout")


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
    agreed = Checkbox()
    expected_total_fen = FormInt(1, 10**12, required=True)
    source = Text(1, 40, load_default=None)
    cooperative = Text(1, 64, load_default=None)


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """What the buyer is about to order, and where to; ``cooperative`` narrows the cart to one's."""

    wishes: list[Wish]
    address: Address | None
    source: str | None
    cooperative: str | None = None
    short: tuple[Short, ...] = ()


@bp.get("")
@signed_in
def start() -> ResponseReturnValue:
    """The goods named in the address, or the cart's; signing in comes back to the same."""
    address = _address(request.args.get("address", type=asked_id))
    source = request.args.get("source", "")[:40] or None
    wishes = checkout_lines.asked()
    if not wishes:
        return _cart(address, source)
    return _page(_Choice(wishes=wishes, address=address, source=source), Form({}))


def _cart(address: Address | None, source: str | None) -> ResponseReturnValue:
    """What of the cart can be bought now; a basket each where cooperatives sell themselves."""
    basket = carts.cart(cart_wishes(), today=local_date(tools().clock())).buyable
    chosen = request.args.get("cooperative", "")[:64] or None
    if chosen is not None:
        basket = basket.of(chosen)
    if not basket.lines:
        return see("cart.show")
    apart = tools().settings.seller_of_record == COOPERATIVE
    if apart and len(basket.sellers) > 1:
        baskets = [basket.of(seller) for seller in basket.sellers]
        return render("checkout/baskets.html", baskets=baskets, short=basket.short, source=source)
    basket = carts.deliverable(basket, region_code=_region(address), now=tools().clock())
    choice = _Choice(
        wishes=basket.wishes,
        address=address,
        source=source,
        cooperative=chosen,
        short=basket.short,
    )
    return _page(choice, Form({}))


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
        shares=money_goes.of_quote(quote) if quote else (),
        problem=problem,
        choice=choice,
        book=addresses.book(me().user_id),
        region=_region_name(choice.address),
        county_ended=_county_ended(choice.address),
        unaccepted=titled(texts.missing(me().user_id or 0)),
        by_cooperative=tools().settings.seller_of_record == COOPERATIVE,
        again=_again(choice),
        back=request.full_path
        if request.endpoint == "checkout.start"
        else url_for("checkout.start", **_again(choice)),
    )
    return body, 200 if problem is None else kind_of(problem.code).status


def _quoted(choice: _Choice, error: DomainError | None) -> tuple[Quote | None, DomainError | None]:
    if error is None and _county_ended(choice.address):
        error = Invalid(_("The county of this address is no longer there."))
    region = _region(choice.address)
    try:
        return pricing.quote(choice.wishes, region_code=region, now=tools().clock()), error
    except DomainError as refusal:
        return None, error or refusal


def _county_ended(address: Address | None) -> bool:
    """Whether the address book knows a county that has been merged or renamed since."""
    today = local_date(tools().clock())
    return address is not None and not regions.is_valid_on(address.region_code, today)


def _region(address: Address | None) -> str | None:
    return None if address is None or _county_ended(address) else address.region_code


def _region_name(address: Address | None) -> str:
    return regions.full_name(address.region_code) if address else ""


def _again(choice: _Choice) -> dict[str, Any]:
    """What the address of this page needs to show the same; several lines of the cart are it."""
    kept: dict[str, Any] = {"source": choice.source, "cooperative": choice.cooperative}
    several = len(choice.wishes) > 1
    whole = choice.cooperative or (several and all(one in cart_wishes() for one in choice.wishes))
    if not whole:
        kept |= checkout_lines.query(choice.wishes)
    return {name: value for name, value in kept.items() if value}


@bp.post("")
@signed_in
@own_answer
@limit("order")
@when_busy(queued.page)
def place() -> ResponseReturnValue:
    """Place the order; sending again shows the first result, a busy shop a waiting view."""
    return _order(Form.read(CheckoutForm), asked())


@bp.get("/queue")
@signed_in
@limit("order")
@when_busy(queued.page)
def again() -> ResponseReturnValue:
    """Send the order that waits once more, with its own key: where a browser has no scripts."""
    waiting = queued.form()
    if waiting is None:
        return see("cart.show")
    if queued.is_late():
        return queued.page(RETRY_AFTER_S)
    fields, key = waiting
    return _order(Form.of(CheckoutForm, fields), key)


def _order(form: Form, key: KeyedRequest | None) -> ResponseReturnValue:
    if not form.data:
        queued.forget()
        return see("cart.show")
    choice = _Choice(
        wishes=[Wish(**row) for row in form.data["items"]],
        address=_own_address(form.data["address"]),
        source=form.data["source"],
        cooperative=form.data["cooperative"],
    )
    if choice.address is None:
        return _page(choice, form, Invalid(_("Choose where the parcel goes.")))
    try:
        _accept(form.data)
        placed = _place(form.data, choice, choice.address, key)
    except Unavailable:
        raise
    except DomainError as error:
        queued.forget()
        return _page(choice, form, error)
    queued.forget()
    if isinstance(placed, Kept):
        return replay(placed)
    return see("pay.choose", number=placed.number)


def _accept(data: dict[str, Any]) -> None:
    """Keep that the buyer accepts what is new of the texts; raises ``Invalid`` without the tick."""
    missing = texts.missing(me().user_id or 0)
    if missing and not data["agreed"]:
        raise Invalid.at("/agreed", "please read and accept the texts", code="required")
    if missing:
        own_account.accept_agreements(actor=me(), versions=missing, now=tools().clock())


def _own_address(address_id: int) -> Address | None:
    return next((a for a in addresses.book(me().user_id) if a.id == address_id), None)


def _place(
    data: dict[str, Any], choice: _Choice, address: Address, key: KeyedRequest | None
) -> Placed | Kept:
    return gathering.place(
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
        key=key,
        answer=_answer,
    )


def _answer(placed: Placed) -> Kept:
    return Kept(status=303, body="", location=url_for("pay.choose", number=placed.number))
