"""A cooperative's scale and packing shed: deliveries with their slips, and what becomes a lot."""

from typing import Any

import marshmallow as ma
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.inventory.states import IntakeTerms, PackingKind
from shop.flows import packing as packings
from shop.flows import stocking
from shop.flows.packing import PackedLot, Packing
from shop.flows.stocking import Delivery
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError
from shop.reads import inventory as reads
from shop.reads import stock_choices
from shop.tools import tools
from shop.web.fields import Day, LotCode, Pattern, Sku, Text
from shop.web.form_fields import FormInt, Kilos, Yuan
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.who import cooperative, me
from shop.web.words import _

bp = Blueprint("coop_packing", __name__, url_prefix="/coop/stock")


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
    """Kilograms of a slip that go into a packing run; left empty: none."""

    slip_no = Pattern(r"^W[0-9]{6}-[2-9A-HJ-NP-Z]{6}$", required=True)
    kilos = Kilos(1, load_default=None)


class LotRow(FormSchema):
    """Units of an earlier lot that go into a packing run; left empty: none."""

    code = LotCode(required=True)
    units = FormInt(1, 1_000_000, load_default=None)


class PackForm(FormSchema):
    """A packing run and the lot that comes out."""

    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(kind) for kind in PackingKind])
    )
    intakes = ma.fields.List(ma.fields.Nested(IntakeRow), load_default=())
    lots = ma.fields.List(ma.fields.Nested(LotRow), load_default=())
    sku = Sku(required=True)
    quantity = FormInt(1, 1_000_000, required=True)
    best_before = Day(load_default=None)
    note = Text(1, 200, load_default=None)


def _deliveries(form: Form) -> dict[str, Any]:
    """Who delivers what, and what waits since earlier."""
    own, q = me().cooperatives(), _searched()
    return {
        "q": q,
        "most": stock_choices.MOST,
        "farmers": stock_choices.farmers(own),
        "products": stock_choices.products(own, q=q, chosen=str(form.value("product_id"))),
        "intakes": reads.open_intakes(own),
    }


@bp.get("/scale")
@cooperative("keeper")
def scale() -> str:
    """Deliveries with something left to pack, and the form of a new one."""
    today = local_date(tools().clock())
    form = Form({"harvested_on": today.isoformat(), "terms": "consigned"})
    return render("coop_stock/scale.html", form=form, **_deliveries(form))


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
            return see("coop_packing.slip", slip_no=intake.slip_no)
        except DomainError as refusal:
            error = refusal
    return render_form("coop_stock/scale.html", form, error, **_deliveries(form))


@bp.get("/slips/<slip:slip_no>")
@cooperative()
def slip(slip_no: str) -> str:
    """The weighing slip, made for a narrow printer."""
    intake, farmer, product = reads.slip(slip_no, me())
    return render("coop_stock/slip.html", intake=intake, farmer=farmer, product=product)


@bp.get("/pack")
@cooperative("keeper")
def packing() -> str:
    """The form of a packing run."""
    form = Form({"kind": "packed"})
    return render("coop_stock/pack.html", form=form, **_sources(form))


@bp.post("/pack")
@cooperative("keeper")
def pack() -> ResponseReturnValue:
    """Turn intakes, or other lots, into a lot."""
    form = Form.read(PackForm)
    error: DomainError | None = None
    if form.ok:
        try:
            return see("coop_stock.lot", code=_packed(form.data))
        except DomainError as refusal:
            error = refusal
    return render_form("coop_stock/pack.html", form, error, **_sources(form))


def _searched() -> str:
    return request.args.get("q", "")[:60].strip()


def _sources(form: Form) -> dict[str, Any]:
    """What may go in, and what may come out."""
    own, q = me().cooperatives(), _searched()
    return {
        "q": q,
        "most": stock_choices.MOST,
        "intakes": reads.open_intakes(own),
        "lots": stock_choices.open_lots(own, local_date(tools().clock())),
        "skus": stock_choices.skus(own, q=q, chosen=str(form.value("sku"))),
    }


def _packed(data: dict[str, Any]) -> str:
    lot = packings.pack(
        Packing(
            kind=PackingKind(data["kind"]),
            intakes=[(row["slip_no"], row["kilos"]) for row in data["intakes"] if row["kilos"]],
            lots=[(row["code"], row["units"]) for row in data["lots"] if row["units"]],
            note=data["note"],
        ),
        PackedLot(sku=data["sku"], quantity=data["quantity"], best_before=data["best_before"]),
        actor=me(),
        now=tools().clock(),
    )
    flash(_("The lot %(code)s is on the shelf.", code=lot.code), "success")
    return lot.code
