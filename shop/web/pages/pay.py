"""Paying: choose a way, go there, come back; the provider's word decides, never the address."""

import hmac
from hashlib import sha256

import segno
from flask import Blueprint, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from shop.domain.orders.states import OrderStatus
from shop.domain.payments import queries as payments
from shop.domain.payments.gateways.base import GatewayRefused, Method
from shop.domain.payments.gateways.sandbox import Decision, SandboxGateway
from shop.domain.payments.models import Payment
from shop.domain.payments.states import LIVE_PAYMENTS
from shop.flows import hearing, paying, sandboxing
from shop.flows.paying import PayRequest
from shop.kernel.errors import DomainError, NotFound, Unavailable
from shop.reads import orders as reads
from shop.reads import payments as payment_reads
from shop.tools import tools
from shop.web.idempotency import one_time_key, resumes
from shop.web.limits import limit
from shop.web.ops import PAYMENT_DEADLINE_S, deadline
from shop.web.pages import flash, render, see
from shop.web.phones import in_wechat, on_phone
from shop.web.security import link
from shop.web.terms import hold_terms
from shop.web.who import me, public, signed_in
from shop.web.words import _

bp = Blueprint("pay", __name__)


@bp.get("/orders/<number:number>/pay")
@signed_in
def choose(number: str) -> ResponseReturnValue:
    """The ways to pay that fit the place."""
    view = reads.for_buyer(number, me().user_id)
    if view.status != "pending_payment":
        return see("orders.show", number=number)
    return render(
        "pay/choose.html",
        order=view,
        gateways=tools().gateways,
        phone=on_phone(request),
        wechat=in_wechat(request),
        own_address=link("pay.choose", number=number),
        now=tools().clock(),
    )


@bp.post("/orders/<number:number>/pay")
@signed_in
@resumes
@limit("order")
@deadline(PAYMENT_DEADLINE_S)
def start(number: str) -> ResponseReturnValue:
    """Begin to pay: answers 303 to a page of the shop's own, whose link leads to the provider."""
    try:
        gateway, _sep, method = request.form.get("way", "").partition(":")
        payment_id = paying.start_payment(
            PayRequest(
                number=number,
                gateway=gateway,
                method=Method(method),
                request_key=g.request_key or one_time_key(),
                on_phone=on_phone(request),
            ),
            actor=me(),
            gateways=tools().gateways,
            return_url=tools().pay_return_url,
            terms=hold_terms(tools().settings),
            clock=tools().clock,
        )
    except GatewayRefused:
        flash(_("The payment was declined. Your goods are still kept; try another way."), "error")
        return see("pay.choose", number=number)
    except Unavailable:
        flash(_("The payment service is busy. Nothing was charged; please try again."), "warning")
        return see("pay.choose", number=number)
    except (DomainError, ValueError) as error:
        if isinstance(error, NotFound):
            raise
        flash(_("This order cannot be paid in that way now."), "warning")
        return see("orders.show", number=number)
    return see("pay.go", payment_id=payment_id)


@bp.get("/pay/<id:payment_id>")
@signed_in
def go(payment_id: int) -> ResponseReturnValue:
    """The way out to the provider: a link, or a code drawn here; only while the order waits."""
    payment, order = reads.payment_of(payment_id, me())
    if order.status is not OrderStatus.PENDING_PAYMENT:
        return see("orders.show", number=order.number)
    if payment.status not in LIVE_PAYMENTS:
        return see("pay.back", number=order.number)
    action = payment.next_action or {}
    return render(
        "pay/go.html",
        payment=payment,
        order=reads.for_buyer(order.number, me().user_id),
        action=action,
        code=_code(action.get("data")),
        phone=on_phone(request),
        wechat=in_wechat(request),
        for_me=link("pay.for_me", token=friend_token(payment_id)),
        now=tools().clock(),
    )


def _code(data: str | None) -> str | None:
    """A QR code as inline SVG."""
    if not data:
        return None
    return str(segno.make(data, error="m").svg_inline(scale=6, border=2, light="#fff"))


def friend_token(payment_id: int) -> str:
    """What only this shop can write behind a payment's number."""
    mac = hmac.digest(str(current_app.secret_key).encode(), f"pay:{payment_id}".encode(), sha256)
    return f"{payment_id}-{mac.hex()[:32]}"


@bp.get("/pay-for-me/<token>")
@public
def for_me(token: str) -> ResponseReturnValue:
    """What another person sees who pays for a friend: goods, total and the code, nothing else."""
    payment_id = token.partition("-")[0]
    if not (payment_id.isascii() and payment_id.isdigit() and len(payment_id) < 16):
        raise NotFound
    if not hmac.compare_digest(token, friend_token(int(payment_id))):
        raise NotFound
    shown = payment_reads.for_a_friend(int(payment_id), now=tools().clock())
    return render(
        "pay/for_me.html",
        shown=shown,
        code=_code(shown.data) if shown.open else None,
        now=tools().clock(),
    )


@bp.get("/orders/<number:number>/paid")
@signed_in
@deadline(PAYMENT_DEADLINE_S)
def back(number: str) -> ResponseReturnValue:
    """The buyer is back: what the address claims is not believed, the provider is asked."""
    view = reads.for_buyer(number, me().user_id)
    for payment in payments.live_of(view.id):
        _ask(payment.id)
    view = reads.for_buyer(number, me().user_id)
    if view.status == "pending_payment":
        flash(_("The payment has not arrived yet. This page looks again by itself."), "info")
    return see("orders.show", number=number)


def _ask(payment_id: int) -> None:
    try:
        hearing.look(payment_id, gateways=tools().gateways, source="return", now=tools().clock())
    except DomainError:
        return


@bp.get("/sandbox/pay/<id:payment_id>")
@signed_in
def sandbox(payment_id: int) -> ResponseReturnValue:
    """The sandbox provider's own page."""
    payment, order = reads.payment_of(payment_id, me())
    _sandbox()
    if payment.gateway != "sandbox":
        raise NotFound
    return render("pay/sandbox.html", payment=payment, order=order, open=_is_open(payment))


def _is_open(payment: Payment) -> bool:
    return payment.status in LIVE_PAYMENTS


@bp.post("/sandbox/pay/<id:payment_id>")
@signed_in
@deadline(PAYMENT_DEADLINE_S)
def sandbox_decide(payment_id: int) -> ResponseReturnValue:
    """Pay, decline or wander off; then back to the shop, as a provider would send the buyer."""
    _payment, order = reads.payment_of(payment_id, me())
    number = order.number
    outcome = request.form.get("outcome", "")
    if outcome not in list(Decision):
        raise NotFound
    try:
        sandboxing.decide(
            payment_id,
            Decision(outcome),
            actor=me(),
            gateway=_sandbox(),
            deliveries=2 if request.form.get("twice") else 1,
            delay_s=10 if request.form.get("late") else 0,
            now=tools().clock(),
        )
    except NotFound:
        raise
    except DomainError:
        flash(_("This payment is over already."), "info")
    return see("orders.show" if outcome == "abandon" else "pay.back", number=number)


def _sandbox() -> SandboxGateway:
    gateway = tools().gateways.get("sandbox")
    if not isinstance(gateway, SandboxGateway):
        raise NotFound
    return gateway


@bp.get("/orders/<number:number>/status.json")
@signed_in
def status(number: str) -> ResponseReturnValue:
    """What the pay page and the order page look at, to see when something has changed."""
    view = reads.for_buyer(number, me().user_id)
    return jsonify(status=view.status, version=view.version)
