"""Paying an order, and the sandbox's own buttons."""

from typing import Any

import marshmallow as ma
from flask import g, request

from shop.domain.payments.gateways.base import Method
from shop.domain.payments.gateways.sandbox import Decision, SandboxGateway
from shop.domain.payments.models import Payment
from shop.domain.payments.states import PaymentStatus
from shop.flows import hearing, paying, sandboxing
from shop.flows.paying import PayRequest
from shop.kernel.errors import NotFound
from shop.reads import orders as reads
from shop.tools import tools
from shop.web.api.order_schemas import PaymentOut, show_payment
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import StrictSchema, Utc, Whole
from shop.web.idempotency import key_required, resumes
from shop.web.limits import limit
from shop.web.ops import PAYMENT_DEADLINE_S, deadline
from shop.web.phones import on_phone
from shop.web.terms import hold_terms
from shop.web.who import me, signed_in

bp = ApiBlueprint("payments", __name__, description="Paying an order.")


class PayIn(StrictSchema):
    """How the buyer wants to pay."""

    gateway = ma.fields.String(required=True, validate=ma.validate.OneOf(["sandbox", "stripe"]))
    method = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(method) for method in Method])
    )


class NextActionOut(ma.Schema):
    """What the buyer does next; an open set of types."""

    type = ma.fields.String(required=True)
    url = ma.fields.String(allow_none=True)
    data = ma.fields.String(allow_none=True)
    expires_at = ma.fields.String(allow_none=True)


class PaymentStartedOut(PaymentOut):
    """A payment with what to do next."""

    next_action = ma.fields.Nested(NextActionOut, required=True, allow_none=True)
    captured_at = Utc(required=True, allow_none=True)


def show_started(payment: Payment) -> dict[str, Any]:
    """A payment as ``PaymentStartedOut`` dumps it."""
    waits = payment.status in {PaymentStatus.CREATED, PaymentStatus.REQUIRES_ACTION}
    return {
        **show_payment(payment),
        "next_action": payment.next_action if waits else None,
        "captured_at": payment.captured_at,
    }


@bp.post("/orders/<number:number>/payments")
@signed_in
@key_required
@resumes
@limit("order")
@deadline(PAYMENT_DEADLINE_S)
@bp.arguments(PayIn)
@bp.response(201, PaymentStartedOut)
@bp.alt_response(202, schema=PaymentStartedOut, description="The provider's answer is unknown.")
def pay(body: dict[str, Any], number: str) -> Any:
    """Begin to pay; needs an ``Idempotency-Key``, and the same key gives the same payment."""
    actor = me()
    payment_id = paying.start_payment(
        PayRequest(
            number=number,
            gateway=body["gateway"],
            method=Method(body["method"]),
            request_key=g.request_key,
            on_phone=on_phone(request),
        ),
        actor=actor,
        gateways=tools().gateways,
        return_url=tools().pay_return_url,
        terms=hold_terms(tools().settings),
        clock=tools().clock,
    )
    payment, _ = reads.payment_of(payment_id, actor)
    if payment.provider_id is None and payment.status is PaymentStatus.PROCESSING:
        headers = {"Location": f"/api/v1/payments/{payment.id}"}
        return show_started(payment), 202, headers
    return show_started(payment)


@bp.get("/payments/<id:payment_id>")
@signed_in
@bp.response(200, PaymentStartedOut)
def payment(payment_id: int) -> dict[str, Any]:
    """One of the caller's own payments; asks the provider while its end is unknown."""
    actor = me()
    found, _ = reads.payment_of(payment_id, actor)
    if found.captured_at is None:
        hearing.look(payment_id, gateways=tools().gateways, source="return", now=tools().clock())
        found, _ = reads.payment_of(payment_id, actor)
    return show_started(found)


class DecideIn(StrictSchema):
    """What the sandbox's buyer does, and how its provider behaves."""

    outcome = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(decision) for decision in Decision])
    )
    deliveries = Whole(0, 20, load_default=1)
    delay_s = Whole(0, 3600, load_default=0)


@bp.post("/sandbox/payments/<id:payment_id>")
@signed_in
@bp.arguments(DecideIn)
@bp.response(200, PaymentStartedOut)
def decide(body: dict[str, Any], payment_id: int) -> Any:
    """What the sandbox's own pay page does; absent where the sandbox is not offered."""
    sandbox = tools().gateways.get("sandbox")
    if not isinstance(sandbox, SandboxGateway):
        raise NotFound
    sandboxing.decide(
        payment_id,
        Decision(body["outcome"]),
        actor=me(),
        gateway=sandbox,
        deliveries=body["deliveries"],
        delay_s=body["delay_s"],
        now=tools().clock(),
    )
    found, _ = reads.payment_of(payment_id, me())
    return show_started(found)
