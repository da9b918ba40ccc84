"""A cooperative's stock: shelf, lots, corrections, labels and the ledger of moves."""

from typing import Any

import marshmallow as ma
import segno
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.inventory.models import StockMove
from shop.domain.inventory.states import AdjustReason
from shop.flows import stocking
from shop.flows.stocking import NewLot
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError
from shop.keyset import keyset
from shop.reads import inventory as reads
from shop.reads import stock_choices
from shop.reads import trace as traces
from shop.tools import tools
from shop.web.fields import Day, LotCode, Sku, Text
from shop.web.form_fields import FormInt, Kilos, Yuan
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.paging import decode, page
from shop.web.security import link
from shop.web.who import cooperative, me
from shop.web.words import _

bp = Blueprint("coop_stock", __name__, url_prefix="/coop/stock")

BY_HAND = ("damaged", "counted", "sampled", "returned")


class GrowerRow(FormSchema):
    """One household's kilograms of a lot."""

    farmer_id = FormInt(1, 2**53, required=True)
    kilos = Kilos(1, required=True)


class LotForm(FormSchema):
    """A lot in the short form."""

    sku = Sku(required=True)
    quantity = FormInt(1, 1_000_000, required=True)
    harvested_on = Day(required=True)
    best_before = Day(load_default=None)
    label = Text(1, 40, load_default=None)
    unit_cost_fen = Yuan(load_default=None)
    growers = ma.fields.List(ma.fields.Nested(GrowerRow), load_default=())


class AdjustForm(FormSchema):
    """A correction with its reason."""

    lot = LotCode(required=True)
    delta = FormInt(-1_000_000, 1_000_000, required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(BY_HAND))
    note = Text(1, 200, load_default=None)


def _choices(form: Form) -> dict[str, Any]:
    """What the selects of the form offer."""
    own, q = me().cooperatives(), request.args.get("q", "")[:60].strip()
    return {
        "q": q,
        "skus": stock_choices.skus(own, q=q, chosen=str(form.value("sku"))),
        "most": stock_choices.MOST,
        "farmers": stock_choices.farmers(own),
        "today": local_date(tools().clock()),
    }


@bp.get("")
@cooperative()
def index() -> str:
    """The shelf, product by product."""
    found = reads.shelf_page(
        me().cooperatives(), limit=50, after=decode(request.args.get("after", ""))
    )
    return render("coop_stock/index.html", rows=found.rows, next=page(found)["next"])


@bp.get("/lots/new")
@cooperative("keeper")
def new_lot() -> str:
    """The form of a lot."""
    form = Form({"sku": request.args.get("sku", "")})
    return render("coop_stock/lot_form.html", form=form, **_choices(form))


@bp.post("/lots/new")
@cooperative("keeper")
def add_lot() -> ResponseReturnValue:
    """Put a lot on the shelf."""
    form = Form.read(LotForm)
    if not form.ok:
        return render_form("coop_stock/lot_form.html", form, **_choices(form))
    data = dict(form.data)
    growers = [(row["farmer_id"], row["kilos"]) for row in data.pop("growers")]
    try:
        lot = stocking.shelve_lot(NewLot(growers=growers, **data), actor=me(), now=tools().clock())
    except DomainError as error:
        return render_form("coop_stock/lot_form.html", form, error, **_choices(form))
    flash(_("The lot %(code)s is on the shelf.", code=lot.code), "success")
    return see("coop_stock.lot", code=lot.code)


@bp.get("/lots/<code:code>")
@cooperative()
def lot(code: str) -> str:
    """One lot with its growers, moves and label."""
    found = stock_choices.lot(code, me())
    drawn = segno.make(link("trace.show", code=code), error="m")
    return render(
        "coop_stock/lot.html",
        lot=found,
        trace=traces.trace(code),
        growers=stock_choices.growers(found),
        moves=stock_choices.moves_of_lot(found),
        qr=drawn.svg_inline(scale=4, border=2, light="#fff"),
        reasons=BY_HAND,
        form=Form({}),
    )


@bp.post("/adjust")
@cooperative("keeper")
def adjust() -> ResponseReturnValue:
    """Count a lot right."""
    form = Form.read(AdjustForm)
    code = form.data.get("lot") if form.ok else None
    if code is None:
        flash(_("Write how many units more or fewer there are, and why."), "warning")
        return see("coop_stock.index")
    try:
        stocking.correct_lot(
            actor=me(),
            code=code,
            delta=form.data["delta"],
            reason=AdjustReason(form.data["reason"]),
            note=form.data["note"],
            now=tools().clock(),
        )
        flash(_("The count is corrected."), "success")
    except DomainError as error:
        if error.code == "not-found":
            raise
        flash(_why_not(error), "warning")
    return see("coop_stock.lot", code=code)


def _why_not(error: DomainError) -> str:
    if any(entry["code"] == "expired" for entry in error.errors):
        return _("The count was not changed: this lot is past its best and is counted down only.")
    return _("The count was not changed: these units are promised, or the lot never had so many.")


@bp.get("/moves")
@cooperative()
def moves() -> str:
    """The ledger of stock, the newest first."""
    sku = request.args.get("sku") or None
    found = keyset(
        reads.moves(me(), sku=sku),
        keys=[(StockMove.id, "desc")],
        limit=50,
        after=decode(request.args.get("after", "")),
    )
    return render(
        "coop_stock/moves.html", rows=reads.named(found.rows), sku=sku, next=page(found)["next"]
    )
