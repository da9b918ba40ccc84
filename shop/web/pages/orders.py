"""A buyer's orders: list, one order with its timeline, cancel, confirm."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.aftersales import queries as claims
from shop.domain.orders.models import Order
from shop.domain.settlement import queries as books
from shop.flows import cancelling, completing
from shop.kernel.errors import DomainError
from shop.keyset import keyset
from shop.reads import money_goes
from shop.reads import orders as reads
from shop.tools import tools
from shop.web.pages import flash, render, see
from shop.web.paging import decode, page
from shop.web.who import me, signed_in
from shop.web.words import _

bp = Blueprint("orders", __name__, url_prefix="/orders")


@bp.get("")
@signed_in
def index() -> str:
    """The newest first."""
    found = keyset(
        reads.of_buyer(me().user_id),
        keys=[(Order.id, "desc")],
        limit=12,
        after=decode(request.args.get("after", "")),
    )
    return render("orders/index.html", orders=reads.views(found.rows), next=page(found)["next"])


@bp.get("/<number:number>")
@signed_in
def show(number: str) -> str:
    """Another buyer's order is not found, rather than forbidden."""
    view = reads.for_buyer(number, me().user_id)
    return render(
        "orders/show.html",
        order=view,
        shares=_shares(view),
        claims=claims.of_order(view.id),
        now=tools().clock(),
    )


def _shares(view: reads.OrderView) -> tuple[money_goes.Share, ...]:
    """Where the money went, or will go; what was called off or given back whole goes nowhere."""
    if view.completed_at:
        return money_goes.shown(books.shares(view.id))
    return () if view.status in {"cancelled", "refunded"} else money_goes.of_order(view.id)


@bp.post("/<number:number>/cancel")
@signed_in
def cancel(number: str) -> ResponseReturnValue:
    """Cancel what has not been handed over."""
    try:
        cancelling.cancel_order(actor=me().wearing("buyer"), number=number, now=tools().clock())
        flash(_("Cancelled. What you have paid goes back the way it came."), "success")
    except DomainError as error:
        _refused(error, _("This order can no longer be cancelled."))
    return see("orders.show", number=number)


@bp.post("/<number:number>/confirm")
@signed_in
def confirm(number: str) -> ResponseReturnValue:
    """The goods have arrived."""
    try:
        completing.confirm_receipt(actor=me(), number=number, now=tools().clock())
        flash(_("Thank you. The village's board shows the income now."), "success")
    except DomainError as error:
        _refused(error, _("This order cannot be confirmed yet."))
    return see("orders.show", number=number)


def _refused(error: DomainError, words: str) -> None:
    if error.code == "not-found":
        raise error
    flash(words, "warning")
