"""The operator arranges specialty halls (特产馆) and kinds of produce."""

from typing import Any

import marshmallow as ma
from flask import Blueprint
from flask.typing import ResponseReturnValue

from shop.domain.catalog import queries as catalog
from shop.domain.catalog.states import HallKind
from shop.flows import curating
from shop.kernel.errors import DomainError, NotFound, Stale
from shop.keyset import MAX_LIMIT
from shop.reads import catalogue, places
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Slug, Text
from shop.web.form_fields import Checkbox, FormInt
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint("halls", __name__, url_prefix="/operator/halls")

NO_ROOM = ("slug", "items", "add")


class ItemRow(FormSchema):
    """A product of the hall: its place, or out with it."""

    slug = Slug(required=True)
    place = FormInt(0, 999, load_default=0)
    out = Checkbox()


class HallForm(FormSchema):
    """A hall and what stands in it."""

    title = Text(1, 60, required=True)
    title_en = Text(1, 60, required=True)
    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(kind) for kind in HallKind])
    )
    intro = Text(0, 200, load_default="")
    village = Slug(load_default=None)
    position = FormInt(0, 999, load_default=0)
    shown = Checkbox()
    items = ma.fields.List(ma.fields.Nested(ItemRow), load_default=())
    add = ma.fields.List(Slug(), load_default=())


class NewHallForm(HallForm):
    """The same with the hall's address."""

    slug = Slug(required=True)


class KindForm(FormSchema):
    """A kind of produce."""

    name = Text(1, 40, required=True)
    name_en = Text(1, 40, required=True)
    perishable = Checkbox()
    certificate_required = Checkbox()
    position = FormInt(0, 999, load_default=0)


class NewKindForm(KindForm):
    """The same with the kind's address."""

    slug = Slug(required=True)


@bp.get("")
@operator
def index() -> str:
    """Every hall."""
    found = catalog.halls(shown_only=False)
    return render("halls/index.html", halls=found, sizes=places.hall_sizes())


@bp.get("/new")
@operator
def new() -> str:
    """The form of a new hall."""
    return render("halls/form.html", form=Form({"shown": "1", "kind": "season"}), **_choices())


@bp.post("/new")
@operator
def add() -> ResponseReturnValue:
    """Open a hall."""
    form = Form.read(NewHallForm)
    return _save(form, form.data.get("slug", ""))


@bp.get("/<slug:slug>")
@operator
def edit(slug: str) -> str:
    """One hall with what stands in it."""
    hall = catalog.hall(slug)
    if hall is None:
        raise NotFound("no such hall")
    names = ("title", "title_en", "intro", "position", "version")
    values = {name: getattr(hall, name) for name in names}
    values |= {"kind": str(hall.kind), "shown": hall.shown, "village": _village(hall.village_id)}
    return render("halls/form.html", form=Form(values), **_choices(slug))


@bp.post("/<slug:slug>")
@operator
def change(slug: str) -> ResponseReturnValue:
    """Change a hall."""
    return _save(Form.read(HallForm), slug, seen=etag.form_version())


@bp.post("/<slug:slug>/remove")
@operator
def remove(slug: str) -> ResponseReturnValue:
    """Close a hall for good."""
    curating.remove_hall(actor=me(), slug=slug)
    flash(_("The hall is closed. Its goods stay where they are sold."), "success")
    return see("halls.index")


@bp.get("/kinds")
@operator
def kinds() -> str:
    """Kinds of produce."""
    return render("halls/kinds.html", kinds=catalog.categories(), form=Form({}))


@bp.post("/kinds")
@operator
def add_kind() -> ResponseReturnValue:
    """Make a kind."""
    form = Form.read(NewKindForm)
    return _save_kind(form, form.data.get("slug", ""))


@bp.post("/kinds/<slug:slug>")
@operator
def change_kind(slug: str) -> ResponseReturnValue:
    """Change a kind."""
    return _save_kind(Form.read(KindForm), slug, seen=etag.form_version())


def _save_kind(form: Form, slug: str, *, seen: int | None = None) -> ResponseReturnValue:
    """A kind that nobody has ``seen`` yet is a new one."""
    error: DomainError | None = None
    if form.ok:
        values = {name: value for name, value in form.data.items() if name != "slug"}
        try:
            curating.save_category(
                actor=me(), slug=slug, values=values, new=seen is None, expected_version=seen
            )
            flash(_("The kind is kept."), "success")
            return see("halls.kinds")
        except Stale:
            raise
        except DomainError as refusal:
            error = refusal
    return render_form("halls/kinds.html", form, error, kinds=catalog.categories())


def _save(form: Form, slug: str, *, seen: int | None = None) -> ResponseReturnValue:
    """A hall that nobody has ``seen`` yet is a new one."""
    new = seen is None
    error: DomainError | None = None
    if form.ok:
        try:
            curating.save_hall(
                actor=me(),
                now=tools().clock(),
                slug=slug,
                values={k: v for k, v in form.data.items() if k not in NO_ROOM},
                products=_wanted(form.data),
                new=new,
                expected_version=seen,
            )
            flash(_("The hall is kept."), "success")
            return see("halls.edit", slug=slug)
        except Stale:
            raise
        except DomainError as refusal:
            error = refusal
    return render_form("halls/form.html", form, error, **_choices(None if new else slug))


def _wanted(data: dict[str, Any]) -> list[str]:
    kept = sorted((row for row in data["items"] if not row["out"]), key=lambda row: row["place"])
    return [*(row["slug"] for row in kept), *data["add"]]


def _choices(slug: str | None = None) -> dict[str, Any]:
    """What stands in the hall, and what could."""
    hall = catalog.hall(slug) if slug else None
    inside = catalogue.in_hall(hall.id, everything=True) if hall else []
    there = {card.slug for card in inside}
    onsale = catalogue.products(limit=MAX_LIMIT, sort="sales").rows
    return {
        "slug": slug,
        "inside": inside,
        "outside": [card for card in onsale if card.slug not in there],
        "villages": places.villages(limit=MAX_LIMIT).rows,
        "kinds": list(HallKind),
    }


def _village(village_id: int | None) -> str:
    found = [v.slug for v in places.villages(limit=MAX_LIMIT).rows if v.id == village_id]
    return found[0] if found else ""
