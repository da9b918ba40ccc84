"""Claims that a cooperative, or the platform, has to answer."""

from typing import Any

import marshmallow as ma
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.aftersales.states import ClaimStatus
from shop.flows import claiming
from shop.kernel.errors import DomainError, NotFound
from shop.reads import claims as reads
from shop.tools import tools
from shop.web.fields import Text
from shop.web.form_fields import Yuan
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.paging import decode, page
from shop.web.who import me, role
from shop.web.words import _

bp = Blueprint("coop_claims", __name__, url_prefix="/coop/claims")

ANSWERERS = role("clerk", "manager", "operator")


class AnswerForm(FormSchema):
    """``amount_fen`` only for an answer in part."""

    decision = ma.fields.String(
        required=True, validate=ma.validate.OneOf(sorted(claiming.DECISIONS))
    )
    amount_fen = Yuan(1, load_default=None, allow_none=True)
    reason = Text(1, 200, required=True)


@bp.get("")
@ANSWERERS
def index() -> str:
    """Open ones unless asked for others, the newest first."""
    asked = request.args.get("status", "open")
    status = ClaimStatus(asked) if asked in set(ClaimStatus) else None
    found = reads.of_sellers(
        claiming.reach(me()), status=status, after=decode(request.args.get("after", "")), limit=24
    )
    return render(
        "coop_claims/index.html",
        claims=found.rows,
        status=asked,
        next=page(found)["next"],
        now=tools().clock(),
    )


@bp.get("/<id:claim_id>")
@ANSWERERS
def show(claim_id: int) -> str:
    """One claim with its pictures and the form of its answer."""
    view = _found(claim_id)
    return render("coop_claims/show.html", form=Form(), **_about(view))


@bp.post("/<id:claim_id>")
@ANSWERERS
def answer(claim_id: int) -> ResponseReturnValue:
    """Granted money goes back at once."""
    form, view = Form.read(AnswerForm), _found(claim_id)
    if not form.ok:
        return render_form("coop_claims/show.html", form, **_about(view))
    partial = form.data["decision"] == "partial"
    try:
        claiming.answer_claim(
            actor=me(),
            claim_id=claim_id,
            decision=form.data["decision"],
            amount_fen=form.data["amount_fen"] if partial else None,
            reason=form.data["reason"],
            now=tools().clock(),
        )
    except NotFound:
        raise
    except DomainError as error:
        return render_form("coop_claims/show.html", form, error, **_about(_found(claim_id)))
    flash(_("Answered. The buyer has been told."), "success")
    return see("coop_claims.show", claim_id=claim_id)


def _found(claim_id: int) -> reads.ClaimView:
    view = reads.view(claim_id)
    reach = claiming.reach(me())
    if reach is not None and view.cooperative_id not in reach:
        raise NotFound
    return view


def _about(view: reads.ClaimView) -> dict[str, Any]:
    may_answer = view.status is ClaimStatus.OPEN or (
        view.status is ClaimStatus.REFUSED and me().is_operator
    )
    return {
        "claim": view,
        "steps": list(reversed(reads.history(view.id))),
        "may_answer": may_answer,
        "now": tools().clock(),
    }
