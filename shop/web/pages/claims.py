"""A buyer's complaints about an order."""

from collections.abc import Sequence
from typing import Any

import marshmallow as ma
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.aftersales.states import ClaimReason
from shop.domain.orders import queries as orders
from shop.flows import claiming, picturing
from shop.kernel.errors import DomainError, NotFound
from shop.reads import claims as reads
from shop.tools import tools
from shop.web.fields import Sku, Text
from shop.web.form_fields import FormInt
from shop.web.limits import limit
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.security import body_limit
from shop.web.urls import asked_id
from shop.web.who import me, signed_in
from shop.web.words import _

bp = Blueprint("claims", __name__, url_prefix="/orders/<number:number>/claims")


class ClaimedForm(FormSchema):
    """Units of a line that something is wrong with."""

    sku = Sku(required=True)
    quantity = FormInt(0, 999, load_default=0)


class ClaimForm(FormSchema):
    """A complaint; ``pictures`` are ids of what was sent with an earlier try."""

    lines = ma.fields.List(ma.fields.Nested(ClaimedForm), load_default=list)
    reason = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(reason) for reason in ClaimReason])
    )
    note = Text(0, 500, lines=True, load_default="")
    pictures = ma.fields.List(FormInt(1), load_default=list)


@bp.get("")
@signed_in
def index(number: str) -> str:
    """What was complained of in an order, and the answers."""
    order = orders.of_buyer(number, me().user_id)
    return render(
        "claims/index.html",
        number=number,
        claims=reads.of_order(number, me()),
        more=bool(reads.claimable(order, now=tools().clock())),
        now=tools().clock(),
    )


@bp.get("/new")
@signed_in
def new(number: str) -> str:
    """The form, for one seller at a time."""
    return render("claims/new.html", form=Form(), **_choices(number))


@bp.post("/new")
@signed_in
@limit("upload")
@body_limit()
def add(number: str) -> ResponseReturnValue:
    """Pictures first, then the claim that names them; pictures of a refused try are kept."""
    form = Form.read(ClaimForm)
    orders.of_buyer(number, me().user_id)
    kept = form.data.get("pictures", []) if form.ok else []
    try:
        kept = kept + _upload()
        if form.ok and not any(line["quantity"] for line in form.data["lines"]):
            form.message = _("Say how many are concerned.")
        if not form.ok:
            return render_form("claims/new.html", form, **_choices(number, kept))
        claiming.open_claim(
            actor=me(),
            number=number,
            lines=[(x["sku"], x["quantity"]) for x in form.data["lines"] if x["quantity"]],
            reason=ClaimReason(form.data["reason"]),
            note=form.data["note"],
            pictures=kept,
            now=tools().clock(),
        )
    except NotFound:
        raise
    except DomainError as error:
        return render_form("claims/new.html", form, error, **_choices(number, kept))
    flash(_("The seller has it and owes you an answer within 24 hours."), "success")
    return see("claims.index", number=number)


def _upload() -> list[int]:
    """Ids of the pictures that came with the form."""
    files = [file for file in request.files.getlist("photos") if file.filename]
    return [
        picturing.upload_picture(
            actor=me(), now=tools().clock(), store=tools().pictures, data=file.stream.read()
        ).id
        for file in files[: claiming.MAX_PICTURES]
    ]


def _choices(number: str, kept: Sequence[int] = ()) -> dict[str, Any]:
    """What may be claimed, of the seller that was asked for or of the first."""
    now = tools().clock()
    lines = reads.claimable(orders.of_buyer(number, me().user_id), now=now)
    sellers = {found.line.cooperative_id: found.line.snapshot["seller"]["name"] for found in lines}
    asked = request.values.get("seller", 0, type=asked_id)
    chosen = asked if asked in sellers else next(iter(sellers), 0)
    shown = [found for found in lines if found.line.cooperative_id == chosen]
    reasons = [
        str(reason)
        for reason in ClaimReason
        if reason is not ClaimReason.CHANGED_MIND or any(found.returnable for found in shown)
    ]
    return {
        "number": number,
        "lines": shown,
        "sellers": sellers,
        "chosen": chosen,
        "reasons": reasons,
        "most_pictures": claiming.MAX_PICTURES,
        "kept": kept,
        "now": now,
    }
