"""The households of a cooperative."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.villages import queries as villages
from shop.domain.villages.models import Cooperative, Farmer
from shop.domain.villages.states import PlaceStatus
from shop.flows import places
from shop.kernel.errors import DomainError, Invalid, NotFound, Stale
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Phone, Slug, Text
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.who import cooperative, me
from shop.web.words import _

bp = Blueprint("coop_farmers", __name__, url_prefix="/coop/farmers")


class FarmerForm(FormSchema):
    name = Text(1, 40, required=True)
    phone = Phone(load_default=None)
    village = Slug(required=True)


def _own(slug: str) -> Cooperative:
    """A cooperative whose stock the reader keeps; another's is not found."""
    found = villages.cooperative(slug)
    if found is None or found.id not in me().cooperatives("keeper"):
        raise NotFound()
    return found


def _household(place: Cooperative, farmer_id: int) -> Farmer:
    found = villages.farmer(farmer_id, cooperative_ids=[place.id])
    if found is None:
        raise NotFound()
    return found


@bp.get("")
@cooperative("keeper")
def index() -> ResponseReturnValue:
    """The one cooperative, or a choice of several."""
    mine = villages.cooperatives_by_id(me().cooperatives("keeper"))
    if len(mine) == 1:
        return see("coop_farmers.show", slug=next(iter(mine.values())).slug)
    return render("coop_farmers/choose.html", cooperatives=list(mine.values()))


@bp.get("/<slug:slug>")
@cooperative("keeper")
def show(slug: str) -> str:
    """Every household, with its consent."""
    place = _own(slug)
    found = villages.farmers([place.id])
    homes = villages.villages_by_id(one.village_id for one in found)
    return render("coop_farmers/index.html", place=place, farmers=found, homes=homes)


@bp.get("/<slug:slug>/new")
@cooperative("keeper")
def new(slug: str) -> ResponseReturnValue:
    """A blank household of the cooperative's own village."""
    place = _own(slug)
    home = villages.villages_by_id([place.village_id])[place.village_id]
    return _page(place, Form({"village": home.slug}))


@bp.post("/<slug:slug>/new")
@cooperative("keeper")
def add(slug: str) -> ResponseReturnValue:
    """Note a household."""
    place = _own(slug)
    form = Form.read(FarmerForm)
    if not form.ok:
        return _page(place, form, refused=True)
    try:
        places.add_farmer(
            actor=me(),
            cooperative_id=place.id,
            name=form.data["name"],
            phone=form.data["phone"],
            village_id=_village_id(form.data["village"]),
            now=tools().clock(),
        )
    except DomainError as error:
        return _page(place, form, error=error)
    flash(_("The household is noted."), "success")
    return see("coop_farmers.show", slug=slug)


@bp.get("/<slug:slug>/<id:farmer_id>")
@cooperative("keeper")
def one(slug: str, farmer_id: int) -> ResponseReturnValue:
    """One household to correct."""
    place = _own(slug)
    kept = _household(place, farmer_id)
    home = villages.villages_by_id([kept.village_id])[kept.village_id]
    phone = kept.phone.removeprefix("+86") if kept.phone else ""
    values = {"name": kept.name, "phone": phone, "village": home.slug, "version": kept.version}
    return _page(place, Form(values), kept=kept)


@bp.post("/<slug:slug>/<id:farmer_id>")
@cooperative("keeper")
def edit(slug: str, farmer_id: int) -> ResponseReturnValue:
    """Correct a household."""
    place = _own(slug)
    kept, seen = _household(place, farmer_id), etag.form_version()
    form = Form.read(FarmerForm)
    if not form.ok:
        return _page(place, form, kept=kept, refused=True)
    try:
        places.edit_farmer(
            actor=me(),
            farmer_id=kept.id,
            name=form.data["name"],
            phone=form.data["phone"],
            village_id=_village_id(form.data["village"]),
            expected_version=seen,
        )
    except Stale:
        raise
    except DomainError as error:
        return _page(place, form, kept=kept, error=error)
    flash(_("The household is corrected."), "success")
    return see("coop_farmers.show", slug=slug)


@bp.post("/<slug:slug>/<id:farmer_id>/consent")
@cooperative("keeper")
def consent(slug: str, farmer_id: int) -> ResponseReturnValue:
    """Note the household's consent, or its withdrawal."""
    kept = _household(_own(slug), farmer_id)
    given = request.form.get("to") == "yes"
    places.record_consent(actor=me(), farmer_id=kept.id, given=given, now=tools().clock())
    flash(_("The consent is noted.") if given else _("The withdrawal is noted."), "success")
    return see("coop_farmers.show", slug=slug)


@bp.post("/<slug:slug>/<id:farmer_id>/leave")
@cooperative("keeper")
def leave(slug: str, farmer_id: int) -> ResponseReturnValue:
    """The household left, or came back."""
    kept = _household(_own(slug), farmer_id)
    back = request.form.get("to") == "active"
    status = PlaceStatus.ACTIVE if back else PlaceStatus.SUSPENDED
    places.set_farmer_status(actor=me(), farmer_id=kept.id, status=status)
    return see("coop_farmers.show", slug=slug)


def _village_id(slug: str) -> int:
    found = villages.village(slug)
    if found is None:
        raise Invalid.at("/village", "no such village", code="unknown")
    return found.id


def _page(
    place: Cooperative,
    form: Form,
    *,
    kept: Farmer | None = None,
    refused: bool = False,
    error: DomainError | None = None,
) -> ResponseReturnValue:
    about: dict[str, Any] = {
        "place": place,
        "kept": kept,
        "villages": [(home.slug, home.name) for home in villages.villages()],
    }
    if refused or error is not None:
        return render_form("coop_farmers/form.html", form, error, **about)
    return render("coop_farmers/form.html", form=form, **about)
