"""Complaints of buyers and how they are made good."""

from typing import Any

import marshmallow as ma

from shop.domain.aftersales.states import ClaimReason, ClaimStatus
from shop.flows import claiming
from shop.reads import claims as reads
from shop.reads.claims import ClaimView
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Fen, Sku, StrictSchema, Text, Utc, Whole, list_of
from shop.web.who import me, role, signed_in

bp = ApiBlueprint("claims", __name__, description="Complaints and their answers.")


class ClaimLineIn(StrictSchema):
    """Units of a line that something is wrong with."""

    sku = Sku(required=True)
    quantity = Whole(1, 999, required=True)


class ClaimIn(StrictSchema):
    """Lines of one cooperative; ``pictures`` are ids of the buyer's own ``POST /pictures``."""

    lines = ma.fields.List(
        ma.fields.Nested(ClaimLineIn), required=True, validate=ma.validate.Length(min=1, max=50)
    )
    reason = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(reason) for reason in ClaimReason])
    )
    pictures = ma.fields.List(
        Whole(1), load_default=(), validate=ma.validate.Length(max=claiming.MAX_PICTURES)
    )
    note = Text(0, 500, lines=True, load_default=None, allow_none=True)


class AnswerIn(StrictSchema):
    """``amount_fen`` is needed for, and only for, ``partial``."""

    decision = ma.fields.String(
        required=True, validate=ma.validate.OneOf(sorted(claiming.DECISIONS))
    )
    amount_fen = Fen(1, load_default=None, allow_none=True)
    reason = Text(1, 200, required=True)


class ClaimLineOut(ma.Schema):
    """Units of a line."""

    sku = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    quantity = Whole(required=True)


class ClaimPictureOut(ma.Schema):
    """A picture that shows the fault."""

    id = Whole(required=True)
    url = ma.fields.String(required=True)


class ClaimOut(ma.Schema):
    """A claim; ``due_at`` is when its answer is owed."""

    id = Whole(required=True)
    order = ma.fields.String(required=True)
    cooperative = ma.fields.String(required=True)
    status = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(status) for status in ClaimStatus])
    )
    reason = ma.fields.String(required=True)
    note = ma.fields.String(required=True, allow_none=True)
    lines = ma.fields.List(ma.fields.Nested(ClaimLineOut), required=True)
    pictures = ma.fields.List(ma.fields.Nested(ClaimPictureOut), required=True)
    value_fen = Fen(required=True)
    amount_fen = Fen(required=True, allow_none=True)
    answer = ma.fields.String(required=True, allow_none=True)
    answered_at = Utc(required=True, allow_none=True)
    due_at = Utc(required=True)
    created_at = Utc(required=True)


def show(view: ClaimView) -> dict[str, Any]:
    """A view as ``ClaimOut`` dumps it."""
    pictures = [{"id": p.id, "url": f"/pictures/{p.name}/m.webp"} for p in view.pictures]
    return {**vars(view), "status": str(view.status), "reason": str(view.reason)} | {
        "pictures": pictures
    }


@bp.get("/orders/<number:number>/claims")
@signed_in
@bp.response(200, list_of(ClaimOut))
def claims(number: str) -> dict[str, Any]:
    """Claims about one's own order, or, for its sellers, about their goods in it."""
    return {"items": [show(view) for view in reads.of_order(number, me())], "next": None}


@bp.post("/orders/<number:number>/claims")
@signed_in
@bp.arguments(ClaimIn)
@bp.response(201, ClaimOut)
def open_claim(body: dict[str, Any], number: str) -> dict[str, Any]:
    """Complain about goods of one cooperative; it owes an answer within 24 hours."""
    claim_id = claiming.open_claim(
        actor=me(),
        number=number,
        lines=[(line["sku"], line["quantity"]) for line in body["lines"]],
        reason=ClaimReason(body["reason"]),
        note=body["note"],
        pictures=body["pictures"],
        now=tools().clock(),
    )
    return show(reads.view(claim_id))


@bp.post("/claims/<id:claim_id>/answer")
@role("clerk", "manager", "operator")
@bp.arguments(AnswerIn)
@bp.response(200, ClaimOut)
def answer(body: dict[str, Any], claim_id: int) -> dict[str, Any]:
    """Approve, approve in part or refuse; what is granted is refunded at once."""
    claiming.answer_claim(
        actor=me(),
        claim_id=claim_id,
        decision=body["decision"],
        amount_fen=body["amount_fen"],
        reason=body["reason"],
        now=tools().clock(),
    )
    return show(reads.view(claim_id))
