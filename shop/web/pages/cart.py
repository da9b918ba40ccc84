"""The cart: kept for who signed in, in the session for who has not."""

from flask import Blueprint, session
from flask.typing import ResponseReturnValue

from shop.domain.orders import queries as orders
from shop.domain.orders.errors import CartFull
from shop.flows import carts
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError
from shop.reads import carts as reads
from shop.reads.pricing import MAX_LINES, Wish
from shop.tools import tools
from shop.web.fields import Sku
from shop.web.form_fields import FormInt
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.who import me, public
from shop.web.words import _

bp = Blueprint("cart", __name__, url_prefix="/cart")


class CartForm(FormSchema):
    """One SKU; from a room by ``live_item``."""

    sku = Sku(required=True)
    quantity = FormInt(0, 999, load_default=1)
    live_item = FormInt(1, 2**53, load_default=None, allow_none=True)


def wishes() -> list[Wish]:
    """What the visitor has put aside."""
    actor = me()
    if actor.user_id is not None:
        return [
            Wish(sku=item.sku, quantity=item.quantity, live_item_id=item.live_item_id)
            for item in orders.cart(actor.user_id)
        ]
    kept: dict[str, int] = session.get("cart", {})
    return [Wish(sku=sku, quantity=quantity) for sku, quantity in kept.items()]


@bp.get("")
@public
def show() -> str:
    """What is in it, at today's prices."""
    return render("cart/show.html", cart=reads.cart(wishes(), today=local_date(tools().clock())))


@bp.post("/add")
@public
def add() -> ResponseReturnValue:
    """Put units in, on top of what is there."""
    return _change(add=True)


@bp.post("/set")
@public
def change() -> ResponseReturnValue:
    """Set the units of a line; 0 takes it out."""
    return _change(add=False)


def _change(*, add: bool) -> ResponseReturnValue:
    form = Form.read(CartForm)
    if not form.ok:
        flash(_("Choose a quantity from 1 to 999."), "warning")
        return see("cart.show")
    sku, quantity = form.data["sku"], form.data["quantity"]
    try:
        if me().user_id is None:
            _keep(sku, quantity, add=add)
        else:
            carts.put(
                actor=me(),
                sku=sku,
                quantity=quantity,
                live_item_id=form.data["live_item"],
                add=add,
                now=tools().clock(),
            )
    except CartFull:
        flash(
            _("The cart is full: it holds 50 kinds of goods. Order first, or take some out."),
            "warning",
        )
        return see("cart.show")
    except DomainError:
        flash(_("This item is not on sale any more."), "warning")
        return see("cart.show")
    if add:
        flash(_("It is in the cart."), "success")
    return see("cart.show")


def _keep(sku: str, quantity: int, *, add: bool) -> None:
    """A guest's cart lives in the signed session cookie; raises ``CartFull``."""
    kept: dict[str, int] = dict(session.get("cart", {}))
    units = min(quantity + (kept.get(sku, 0) if add else 0), 999)
    if units == 0:
        kept.pop(sku, None)
    elif sku in kept or len(kept) < MAX_LINES:
        kept[sku] = units
    else:
        raise CartFull
    session["cart"] = kept
