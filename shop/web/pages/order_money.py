"""An order's money in people's hands: a refund by its manager or the operator, and a cancel."""

from typing import Any

import marshmallow as ma
from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from shop.domain.payments.models import Refund
from shop.flows import cancelling, refunding
from shop.kernel.errors import DomainError, NotFound
from shop.kernel.money import yuan
from shop.tools import tools
from shop.web.fields import Sku, Text
from shop.web.form_fields import Checkbox, FormInt, Yuan
from shop.web.idempotency import one_time_key, resumes
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.pages.coop_orders import card
from shop.web.problems import kind_of
from shop.web.who import me, operator, role
from shop.web.words import _

bp = Blueprint("order_money", __name__, url_prefix="/coop/orders")


class BackForm(FormSchema):
    """Units of a line that are given back."""

    sku = Sku(required=True)
    quantity = FormInt(0, 999, load_default=0)


class RefundForm(FormSchema):
    """Units, or an amount, or the freight; of an amount the named lines, else all, give a part."""

    back = ma.fields.List(ma.fields.Nested(BackForm), load_default=list)
    amount = Yuan(1, load_default=None, allow_none=True)
    freight = Checkbox()
    reason = Text(1, 200, required=True)


@bp.post("/<number:number>/refunds")
@role("manager", "operator")
@resumes
def refund(number: str) -> ResponseReturnValue:
    """Give money back; it leaves with the worker."""
    form = Form.read(RefundForm)
    units = {row["sku"]: row["quantity"] for row in form.data.get("back", []) if row["quantity"]}
    asked_something = units or form.data.get("amount") or form.data.get("freight")
    if form.ok and not asked_something:
        form.message = _("Say how many units, or how much money.")
    if not form.ok:
        return _page(number, form), 422
    try:
        made = _ask(number, units, form.data)
    except NotFound:
        raise
    except DomainError as error:
        form.blame(error)
        return _page(number, form), kind_of(error.code).status
    flash(_("%(amount)s goes back to the buyer.", amount=yuan(made.amount_fen)), "success")
    return see("coop_orders.show", number=number)


def _ask(number: str, units: dict[str, int], said: dict[str, Any]) -> Refund:
    return refunding.ask_refund(
        actor=me(),
        number=number,
        lines=units or None,
        amount_fen=said["amount"],
        freight=said["freight"],
        reason=said["reason"],
        request_key=g.request_key or one_time_key(),
        now=tools().clock(),
    )


def _page(number: str, form: Form) -> str:
    return render("coop_orders/show.html", form=Form(), **(card(number) | {"refund": form}))


@bp.post("/<number:number>/cancel")
@operator
def cancel(number: str) -> ResponseReturnValue:
    """The operator cancels what has not been handed over; what was paid for it goes back."""
    try:
        cancelling.cancel_order(actor=me().wearing("operator"), number=number, now=tools().clock())
        flash(_("Cancelled. What was paid goes back to the buyer."), "success")
    except NotFound:
        raise
    except DomainError:
        flash(_("This order can no longer be cancelled."), "warning")
    return see("coop_orders.show", number=number)
