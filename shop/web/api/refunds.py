"""Giving money back."""

from typing import Any

import marshmallow as ma
from flask import g

from shop.flows import refunding
from shop.reads import orders as reads
from shop.tools import tools
from shop.web.api.order_schemas import RefundOut, show_refund
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Fen, Sku, StrictSchema, Text, Whole, refuse
from shop.web.idempotency import key_required, resumes
from shop.web.who import me, role

bp = ApiBlueprint("refunds", __name__, description="Giving money back.")


class RefundLineIn(StrictSchema):
    """Units of a line."""

    sku = Sku(required=True)
    quantity = Whole(1, 999, required=True)


class RefundIn(StrictSchema):
    """Of lines, of an amount, of the freight, or of everything that is left.

    Without ``lines`` and ``amount_fen`` all that is left in reach is owed or, with ``freight``, the
    freight alone. ``freight`` beside them adds what is left of the freight. An amount is taken from
    the goods first and, above what is left of them, from the freight.
    """

    lines = ma.fields.List(
        ma.fields.Nested(RefundLineIn),
        load_default=None,
        allow_none=True,
        validate=ma.validate.Length(min=1, max=50),
    )
    amount_fen = Fen(1, load_default=None, allow_none=True)
    freight = ma.fields.Boolean(load_default=False, truthy={True}, falsy={False})
    reason = Text(1, 200, required=True)

    @ma.validates_schema
    def check(self, data: dict[str, Any], **_: object) -> None:
        """A SKU stands once."""
        skus = [line["sku"] for line in data.get("lines") or []]
        if len(set(skus)) != len(skus):
            raise refuse("an item stands twice")


@bp.post("/orders/<number:number>/refunds")
@role("manager", "operator")
@key_required
@resumes
@bp.arguments(RefundIn)
@bp.response(201, RefundOut)
def refund(body: dict[str, Any], number: str) -> dict[str, Any]:
    """Owe money back and send it; needs an ``Idempotency-Key``. Managers reach their own lines.

    ``lines`` gives the price of their units back, ``amount_fen`` money without units, ``freight``
    beside either the freight too. ``freight`` alone is the freight alone; nothing of the three is
    all that is left. An amount above the goods left draws on the freight. Units given back before
    they were handed over are not sent any more and return to stock; a cooperative that sends
    nothing of an order gives its freight back by a refund of its own.
    """
    actor = me()
    lines = body["lines"]
    made = refunding.ask_refund(
        actor=actor,
        number=number,
        lines=None if lines is None else {line["sku"]: line["quantity"] for line in lines},
        amount_fen=body["amount_fen"],
        freight=body["freight"],
        reason=body["reason"],
        request_key=g.request_key,
        now=tools().clock(),
    )
    view = reads.for_actor(number, actor)
    shown = next(refund for refund in view.refunds if refund.id == made.id)
    return show_refund(shown, {line.id: line.sku for line in view.lines})
