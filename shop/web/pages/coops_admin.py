"""The operator's cooperatives: identity, split, freight, farmers."""

from typing import Any

import marshmallow as ma
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.logistics import freight
from shop.domain.settlement import queries as settlement
from shop.domain.villages import queries as villages
from shop.domain.villages.models import Cooperative
from shop.domain.villages.service import CooperativeWords
from shop.domain.villages.states import PlaceStatus, SellerKind
from shop.flows import places
from shop.kernel.errors import DomainError, Invalid, NotFound, Stale
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Phone, Slug, Text
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.rule_forms import (
    FreightForm,
    SplitForm,
    chosen,
    freight_of,
    freight_values,
    provinces,
    split_of,
    split_values,
)
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint("coops_admin", __name__, url_prefix="/operator/cooperatives")


class CooperativeForm(FormSchema):
    name = Text(1, 80, required=True)
    seller_kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(one) for one in SellerKind])
    )
    licence_no = Text(0, 30, load_default="")
    village = Slug(required=True)
    address = Text(1, 200, required=True)
    contact = Text(1, 40, required=True)
    story = Text(0, 4000, lines=True, load_default="")


class NewCooperativeForm(CooperativeForm, SplitForm, FreightForm):
    slug = Slug(required=True)
    manager_phone = Phone(required=True)


def known(slug: str) -> Cooperative:
    """A cooperative, whatever its status."""
    found = villages.cooperative(slug)
    if found is None:
        raise NotFound()
    return found


def _words(data: dict[str, Any], *, cover_id: int | None = None) -> CooperativeWords:
    home = villages.village(data["village"])
    if home is None:
        raise Invalid.at("/village", "no such village", code="unknown")
    return CooperativeWords(
        name=data["name"],
        seller_kind=SellerKind(data["seller_kind"]),
        licence_no=data["licence_no"],
        village_id=home.id,
        address=data["address"],
        contact=data["contact"],
        story=data["story"],
        cover_id=cover_id,
    )


@bp.get("/new")
@operator
def new() -> ResponseReturnValue:
    """A blank cooperative with rules to begin from."""
    return _page(Form(split_values(None) | freight_values(None)))


@bp.post("/new")
@operator
def add() -> ResponseReturnValue:
    """Enter a cooperative with its first rules and invite its manager."""
    form = Form.read(NewCooperativeForm)
    if not form.ok:
        return _page(form, refused=True)
    try:
        places.add_cooperative(
            actor=me(),
            slug=form.data["slug"],
            words=_words(form.data),
            split=split_of(form.data),
            freight_rule=freight_of(form.data),
            manager_phone=form.data["manager_phone"],
            now=tools().clock(),
        )
    except DomainError as error:
        return _page(form, error=error)
    flash(_("The cooperative is entered, and its manager is invited."), "success")
    return see("coops_admin.show", slug=form.data["slug"])


@bp.get("/<slug:slug>")
@operator
def show(slug: str) -> str:
    """Everything about one cooperative."""
    return render("places_admin/cooperative.html", form=Form(), **about(known(slug)))


def about(kept: Cooperative) -> dict[str, Any]:
    """What the operator's page of a cooperative tells."""
    return {
        "cooperative": kept,
        "village": villages.villages_by_id([kept.village_id])[kept.village_id],
        "split": settlement.current_rules([kept.id]).get(kept.id),
        "freight": freight.current_rules([kept.id]).get(kept.id),
        "provinces": dict(provinces()),
        "farmers": villages.farmers([kept.id]),
        "seats": accounts.seats_of(kept.id),
        "invitations": accounts.open_invitations(cooperative_id=kept.id, now=tools().clock()),
    }


@bp.get("/<slug:slug>/edit")
@operator
def edit(slug: str) -> ResponseReturnValue:
    """One cooperative to correct."""
    kept = known(slug)
    names = ("slug", "name", "licence_no", "address", "contact", "story", "version")
    values = {name: getattr(kept, name) for name in names}
    values["seller_kind"] = str(kept.seller_kind)
    values["village"] = villages.villages_by_id([kept.village_id])[kept.village_id].slug
    return _page(Form(values), kept=kept)


@bp.post("/<slug:slug>/edit")
@operator
def save(slug: str) -> ResponseReturnValue:
    """Correct a cooperative."""
    kept, seen = known(slug), etag.form_version()
    form = Form.read(CooperativeForm)
    if not form.ok:
        return _page(form, kept=kept, refused=True)
    try:
        words = _words(form.data, cover_id=kept.cover_id)
        places.edit_cooperative(
            actor=me(),
            cooperative_id=kept.id,
            words=words,
            expected_version=seen,
            now=tools().clock(),
        )
    except Stale:
        raise
    except DomainError as error:
        return _page(form, kept=kept, error=error)
    flash(_("The cooperative is corrected."), "success")
    return see("coops_admin.show", slug=slug)


@bp.get("/<slug:slug>/split")
@operator
def split(slug: str) -> ResponseReturnValue:
    """The split in force, to be replaced."""
    kept = known(slug)
    rule = settlement.current_rules([kept.id]).get(kept.id)
    return render("places_admin/split.html", kept=kept, form=Form(split_values(rule)))


@bp.post("/<slug:slug>/split")
@operator
def set_split(slug: str) -> ResponseReturnValue:
    """Set the next version; orders placed before keep theirs."""
    kept = known(slug)
    form = Form.read(SplitForm)
    if not form.ok:
        return render_form("places_admin/split.html", form, kept=kept)
    try:
        places.set_split(
            actor=me(), cooperative_id=kept.id, split=split_of(form.data), now=tools().clock()
        )
    except DomainError as error:
        return render_form("places_admin/split.html", form, error, kept=kept)
    flash(_("The new split holds for orders from now on."), "success")
    return see("coops_admin.show", slug=slug)


@bp.post("/<slug:slug>/suspend")
@operator
def suspend(slug: str) -> ResponseReturnValue:
    """It sells nothing new; its open orders go on."""
    return _set_status(slug, PlaceStatus.SUSPENDED)


@bp.post("/<slug:slug>/restore")
@operator
def restore(slug: str) -> ResponseReturnValue:
    """Let it sell again."""
    return _set_status(slug, PlaceStatus.ACTIVE)


def _set_status(slug: str, status: PlaceStatus) -> ResponseReturnValue:
    places.set_cooperative_status(actor=me(), cooperative_id=known(slug).id, status=status)
    return see("coops_admin.show", slug=slug)


@bp.post("/<slug:slug>/farmers/<id:farmer_id>/assisted")
@operator
def note_assisted(slug: str, farmer_id: int) -> ResponseReturnValue:
    """The operator's own note about a household."""
    if villages.farmer(farmer_id, cooperative_ids=[known(slug).id]) is None:
        raise NotFound()
    assisted = request.form.get("to") == "yes"
    places.set_assisted(actor=me(), farmer_id=farmer_id, assisted=assisted)
    return see("coops_admin.show", slug=slug)


def _page(
    form: Form,
    *,
    kept: Cooperative | None = None,
    refused: bool = False,
    error: DomainError | None = None,
) -> ResponseReturnValue:
    words: dict[str, Any] = {
        "kept": kept,
        "villages": [(one.slug, one.name) for one in villages.villages()],
        "provinces": provinces(),
        "chosen": chosen(form),
    }
    if refused or error is not None:
        return render_form("places_admin/cooperative_form.html", form, error, **words)
    return render("places_admin/cooperative_form.html", form=form, **words)
