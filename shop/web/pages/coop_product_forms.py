"""The forms of a cooperative's goods: words, prices, pictures, certificates."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from shop.domain.catalog import queries as catalog
from shop.domain.catalog.images import MAX_BYTES
from shop.domain.catalog.states import AfterSale, CertificateKind, StrikeBasis
from shop.flows import cataloguing, picturing
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError
from shop.kernel.money import yuan
from shop.reads import own_goods, places
from shop.reads.own_goods import Desk
from shop.tools import tools
from shop.web import etag
from shop.web.filters import percent
from shop.web.limits import limit
from shop.web.pages import Form, flash, render, render_form, see
from shop.web.product_forms import (
    NewProductForm,
    PapersForm,
    PicturesForm,
    PricesForm,
    ProductForm,
)
from shop.web.security import body_limit
from shop.web.who import cooperative, me
from shop.web.words import _

bp = Blueprint("coop_product_forms", __name__, url_prefix="/coop/products")

UPLOAD_BYTES = 48 * 1024 * 1024
BLANK_ROWS = 2
MAX_PAPERS = 40


@bp.get("/new")
@cooperative("clerk")
def new() -> str:
    """The form of a new draft."""
    begin = {"ship_within_hours": 48, "claim_window_hours": 24, "policy": "seven_days"}
    return render("coop_products/form.html", form=Form(begin), **_choices(None))


@bp.post("/new")
@cooperative("clerk")
def add() -> ResponseReturnValue:
    """Begin a draft."""
    form = Form.read(NewProductForm)
    error: DomainError | None = None
    if form.ok:
        content = ProductForm.content(form.data)
        try:
            slug = cataloguing.create_product(
                actor=me(),
                now=tools().clock(),
                cooperative=form.data["cooperative"],
                content=content,
            )
            flash(_("The draft is kept. Add pictures, then submit it."), "success")
            return see("coop_products.show", slug=slug)
        except DomainError as refusal:
            error = refusal
    return render_form("coop_products/form.html", form, error, **_choices(None))


@bp.get("/<slug:slug>/edit")
@cooperative("clerk")
def edit(slug: str) -> str:
    """The words of a product, with what waits."""
    desk = _desk(slug)
    return render("coop_products/form.html", form=Form(_said(desk)), **_choices(slug, desk))


@bp.post("/<slug:slug>/edit")
@cooperative("clerk")
def change(slug: str) -> ResponseReturnValue:
    """Change words at once in a draft; of an approved page let them wait."""
    return _change(slug, ProductForm, "coop_products/form.html")


@bp.get("/<slug:slug>/prices")
@cooperative("manager")
def prices(slug: str) -> str:
    """Prices, struck-through prices, live floors and commissions."""
    desk = _desk(slug)
    return render("coop_products/prices.html", form=Form(_priced(desk)), **_choices(slug, desk))


@bp.post("/<slug:slug>/prices")
@cooperative("manager")
def set_prices(slug: str) -> ResponseReturnValue:
    """Set them; they hold at once."""
    return _change(slug, PricesForm, "coop_products/prices.html")


@bp.get("/<slug:slug>/pictures")
@cooperative("clerk")
def pictures(slug: str) -> str:
    """Pictures in their order."""
    return render("coop_products/pictures.html", form=Form({}), **_choices(slug))


@bp.post("/<slug:slug>/pictures")
@cooperative("clerk")
@body_limit(UPLOAD_BYTES)
@limit("upload")
def set_pictures(slug: str) -> ResponseReturnValue:
    """Order, take out, and bring new ones."""
    _desk(slug)
    return _change(slug, PicturesForm, "coop_products/pictures.html")


@bp.get("/<slug:slug>/certificates")
@cooperative("clerk")
def certificates(slug: str) -> str:
    """Papers and their terms."""
    desk = _desk(slug)
    rows: dict[str, Any] = {}
    for number, paper in enumerate(desk.papers):
        rows |= {f"papers-{number}-{name}": value for name, value in paper.items() if value}
    return render("coop_products/certificates.html", form=Form(rows), **_choices(slug, desk))


@bp.post("/<slug:slug>/certificates")
@cooperative("clerk")
@body_limit()
@limit("upload")
def set_certificates(slug: str) -> ResponseReturnValue:
    """Keep them as they are written here."""
    _desk(slug)
    return _change(slug, PapersForm, "coop_products/certificates.html")


def _change(slug: str, schema: Any, template: str) -> ResponseReturnValue:
    """Read a form, change the product by it, and come back to the product or the form."""
    form, error = Form.read(schema), None
    version = etag.form_version()
    if form.ok:
        try:
            content = schema.content(form.data)
            _bring(schema, content)
            cataloguing.change_product(
                actor=me(),
                now=tools().clock(),
                slug=slug,
                content=content,
                expected_version=version,
            )
            flash(_("It is kept. What an approved page says changes after the review."), "success")
            return see("coop_products.show", slug=slug)
        except DomainError as refusal:
            if refusal.code == "not-found":
                raise
            error = refusal
    return render_form(template, form, error, **_choices(slug))


def _bring(schema: Any, content: dict[str, Any]) -> None:
    """Uploaded pictures become ids: at the end of the gallery, or of the new paper."""
    if schema is PicturesForm:
        content["pictures"] += [_kept(file) for file in request.files.getlist("files") if file]
    elif schema is PapersForm:
        for number, paper in zip(_paper_rows(), content["certificates"], strict=False):
            file = request.files.get(f"papers-{number}-file")
            if file:
                paper["picture"] = _kept(file)


def _paper_rows() -> list[int]:
    """The rows of the form that are papers: those with a number that are not to go."""
    sent = request.form
    return [
        number
        for number in range(MAX_PAPERS)
        if sent.get(f"papers-{number}-number", "").strip() and not sent.get(f"papers-{number}-out")
    ]


def _kept(file: FileStorage) -> int:
    kept = picturing.upload_picture(
        actor=me(),
        now=tools().clock(),
        store=tools().pictures,
        data=file.stream.read(MAX_BYTES + 1),
    )
    return kept.id


def _desk(slug: str) -> Desk:
    return own_goods.desk(slug, actor=me(), today=local_date(tools().clock()))


def _choices(slug: str | None, desk: Desk | None = None) -> dict[str, Any]:
    """What the selects offer, and the product these forms are about."""
    found = desk or (_desk(slug) if slug else None)
    return {
        "slug": slug,
        "desk": found,
        "rows": (len(found.variants) if found else 0) + BLANK_ROWS,
        "cooperatives": own_goods.own_cooperatives(me()),
        "categories": catalog.categories(),
        "villages": places.villages(limit=100).rows,
        "policies": list(AfterSale),
        "kinds": list(CertificateKind),
        "bases": list(StrikeBasis),
    }


def _said(desk: Desk) -> dict[str, Any]:
    """A product's words as the form shows them."""
    values = dict(desk.words)
    values |= {"category": desk.category, "village": desk.village, "policy": values["after_sale"]}
    for number, row in enumerate(desk.variants):
        values |= {
            f"variants-{number}-{name}": row[name]
            for name in ("sku", "name", "unit")
            if name in row
        }
        values[f"variants-{number}-weight_grams"] = _kilos(row["weight_grams"])
        values[f"variants-{number}-price_fen"] = _plain(row.get("price_fen"))
    return values


def _priced(desk: Desk) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number, row in enumerate(row for row in desk.variants if not row["new"]):
        values[f"variants-{number}-sku"] = row["sku"]
        for name in ("price_fen", "strike_price_fen", "live_floor_fen"):
            values[f"variants-{number}-{name}"] = _plain(row[name])
        values[f"variants-{number}-commission_bp"] = percent(row["commission_bp"]).rstrip("%")
    return values


def _plain(fen: int | None) -> str:
    return "" if fen is None else yuan(fen).replace("¥", "").replace(",", "")


def _kilos(grams: int) -> str:
    return f"{grams // 1000}.{grams % 1000:03d}".rstrip("0").rstrip(".")
