"""A cooperative's stock: shelf, scale, packing, lots, corrections and labels."""

from typing import Any

import marshmallow as ma
import segno
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.inventory.models import StockMove
from shop.domain.inventory.states import AdjustReason, IntakeTerms, PackingKind
from shop.flows import packing as packings
from shop.flows import stocking
from shop.flows.packing import Packing
from shop.flows.stocking import Delivery, NewLot
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError
from shop.keyset import keyset
from shop.reads import inventory as reads
from shop.reads import stock_choices
from shop.reads import trace as traces
from shop.tools import tools
from shop.web.fields import Day, LotCode, Pattern, Sku, Text
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


class IntakeForm(FormSchema):
    """A delivery at the scale, in kilograms."""

    farmer_id = FormInt(1, 2**53, required=True)
    product_id = FormInt(1, 2**53, required=True)
    grade = Text(1, 20, required=True)
    gross = Kilos(1, required=True)
    tare = Kilos(load_default=0)
    terms = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(terms) for terms in IntakeTerms])
    )
    price_fen_per_kg = Yuan(1, load_default=None)
    harvested_on = Day(required=True)


class IntakeRow(FormSchema):
    """Kilograms of a slip that go into a packing run."""

    slip_no = Pattern(r"^W[0-9]{6}-[2-9A-HJ-NP-Z]{6}$", required=True)
    kilos = Kilos(1, required=True)


class PackForm(FormSchema):
    """A packing run and the lot that comes out."""

    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(kind) for kind in PackingKind])
    )
    intakes = ma.fields.List(ma.fields.Nested(IntakeRow), load_default=())
    lot = LotCode(load_default=None)
    lot_units = FormInt(1, 1_000_000, load_default=None)
    sku = Sku(required=True)
    quantity = FormInt(1, 1_000_000, required=True)
    harvested_on = Day(required=True)
    best_before = Day(load_default=None)
    note = Text(1, 200, load_default=None)


class AdjustForm(FormSchema):
    """A correction with its reason."""

    lot = LotCode(required=True)
    delta = FormInt(-1_000_000, 1_000_000, required=True)
    reason = ma.fields.String(required=True, validate=ma.validate.OneOf(BY_HAND))
    note = Text(1, 200, load_default=None)


def _choices() -> dict[str, Any]:
    """What the selects of these forms offer."""
    own = me().cooperatives()
    return {
        "skus": stock_choices.skus(own),
        "farmers": stock_choices.farmers(own),
        "products": stock_choices.products(own),
        "today": local_date(tools().clock()),
    }


@bp.get("")
@cooperative()
def index() -> str:
    """The shelf, refreshed by itself while orders come in."""
    return render("coop_stock/index.html", rows=reads.shelf(me().cooperatives()))


@bp.get("/lots/new")
@cooperative("keeper")
def new_lot() -> str:
    """The form of a lot."""
    form = Form({"sku": request.args.get("sku", "")})
    return render("coop_stock/lot_form.html", form=form, **_choices())


@bp.post("/lots/new")
@cooperative("keeper")
def add_lot() -> ResponseReturnValue:
    """Put a lot on the shelf."""
    form = Form.read(LotForm)
    if not form.ok:
        return render_form("coop_stock/lot_form.html", form, **_choices())
    data = dict(form.data)
    growers = [(row["farmer_id"], row["kilos"]) for row in data.pop("growers")]
    try:
        lot = stocking.shelve_lot(NewLot(growers=growers, **data), actor=me(), now=tools().clock())
    except DomainError as error:
        return render_form("coop_stock/lot_form.html", form, error, **_choices())
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
        flash(
            _("The count was not changed: these units are promised, or the lot never had so many."),
            "warning",
        )
    return see("coop_stock.lot", code=code)


@bp.get("/scale")
@cooperative("keeper")
def scale() -> str:
    """Deliveries with something left to pack, and the form of a new one."""
    return render(
        "coop_stock/scale.html",
        form=Form({"harvested_on": local_date(tools().clock()).isoformat(), "terms": "consigned"}),
        intakes=reads.open_intakes(me().cooperatives()),
        **_choices(),
    )


@bp.post("/scale")
@cooperative("keeper")
def weigh() -> ResponseReturnValue:
    """Take a delivery in; its slip is the farmer's proof."""
    form = Form.read(IntakeForm)
    error: DomainError | None = None
    if form.ok:
        data = dict(form.data)
        try:
            intake = stocking.weigh(
                Delivery(
                    gross_grams=data.pop("gross"),
                    tare_grams=data.pop("tare"),
                    terms=IntakeTerms(data.pop("terms")),
                    **data,
                ),
                actor=me(),
                now=tools().clock(),
            )
            return see("coop_stock.slip", slip_no=intake.slip_no)
        except DomainError as refusal:
            error = refusal
    intakes = reads.open_intakes(me().cooperatives())
    return render_form("coop_stock/scale.html", form, error, intakes=intakes, **_choices())


@bp.get("/slips/<slip_no>")
@cooperative()
def slip(slip_no: str) -> str:
    """The weighing slip, made for a narrow printer."""
    intake, farmer, product = reads.slip(slip_no[:20], me())
    return render("coop_stock/slip.html", intake=intake, farmer=farmer, product=product)


@bp.get("/pack")
@cooperative("keeper")
def packing() -> str:
    """The form of a packing run."""
    return render(
        "coop_stock/pack.html",
        form=Form({"kind": "packed"}),
        intakes=reads.open_intakes(me().cooperatives()),
        **_choices(),
    )


@bp.post("/pack")
@cooperative("keeper")
def pack() -> ResponseReturnValue:
    """Turn intakes, or another lot, into a lot."""
    form = Form.read(PackForm)
    error: DomainError | None = None
    if form.ok:
        try:
            return see("coop_stock.lot", code=_packed(form.data))
        except DomainError as refusal:
            error = refusal
    intakes = reads.open_intakes(me().cooperatives())
    return render_form("coop_stock/pack.html", form, error, intakes=intakes, **_choices())


def _packed(data: dict[str, Any]) -> str:
    lots = [(data["lot"], data["lot_units"])] if data["lot"] and data["lot_units"] else []
    lot = packings.pack(
        Packing(
            kind=PackingKind(data["kind"]),
            intakes=[(row["slip_no"], row["kilos"]) for row in data["intakes"]],
            lots=lots,
            note=data["note"],
        ),
        NewLot(
            sku=data["sku"],
            quantity=data["quantity"],
            harvested_on=data["harvested_on"],
            best_before=data["best_before"],
        ),
        actor=me(),
        now=tools().clock(),
    )
    flash(_("The lot %(code)s is on the shelf.", code=lot.code), "success")
    return lot.code


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
