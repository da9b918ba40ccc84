"""The operator's villages, and the list of all places."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.settlement import queries as settlement
from shop.domain.villages import queries as villages
from shop.domain.villages.models import Village
from shop.domain.villages.service import VillageWords
from shop.domain.villages.states import PlaceStatus
from shop.flows import places
from shop.kernel.errors import DomainError, NotFound, Stale
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Pattern, Slug, Text
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.regions import PICK, picker
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint("places_admin", __name__, url_prefix="/operator/places")


class VillageForm(FormSchema):
    name = Text(1, 40, required=True)
    name_en = Text(1, 80, required=True)
    region_code = Pattern(
        r"^[0-9]{6}$", required=True, error_messages={"required": "please choose a county"}
    )
    intro = Text(0, 4000, lines=True, load_default="")
    intro_en = Text(0, 4000, lines=True, load_default="")


class NewVillageForm(VillageForm):
    slug = Slug(required=True)


@bp.get("")
@operator
def index() -> str:
    """Every village and cooperative with what stands behind it."""
    cooperatives = villages.cooperatives(active=False)
    every = villages.villages(active=False)
    return render(
        "places_admin/index.html",
        villages=every,
        names={one.id: one.name for one in every},
        cooperatives=cooperatives,
        rules=settlement.current_rules([one.id for one in cooperatives]),
        farmers=villages.farmer_counts(),
    )


def known_village(slug: str) -> Village:
    """A village, whatever its status."""
    found = villages.village(slug)
    if found is None:
        raise NotFound()
    return found


@bp.get("/villages/new")
@operator
def new_village() -> ResponseReturnValue:
    """A blank village."""
    return _page(Form())


@bp.post("/villages/new")
@operator
def add_village() -> ResponseReturnValue:
    """Enter a village."""
    if PICK in request.form:
        return _page(Form(dict(request.form.items())))
    form = Form.read(NewVillageForm)
    if not form.ok:
        return _page(form, refused=True)
    data = dict(form.data)
    try:
        places.add_village(
            actor=me(), slug=data.pop("slug"), words=VillageWords(**data), now=tools().clock()
        )
    except DomainError as error:
        return _page(form, error=error)
    flash(_("The village is entered."), "success")
    return see("places_admin.index")


@bp.get("/villages/<slug:slug>")
@operator
def village(slug: str) -> ResponseReturnValue:
    """One village to correct."""
    kept = known_village(slug)
    return _page(_form_of(kept), kept=kept)


@bp.post("/villages/<slug:slug>")
@operator
def edit_village(slug: str) -> ResponseReturnValue:
    """Correct a village."""
    kept, seen = known_village(slug), etag.form_version()
    if PICK in request.form:
        return _page(Form(dict(request.form.items())), kept=kept)
    form = Form.read(VillageForm)
    if not form.ok:
        return _page(form, kept=kept, refused=True)
    try:
        places.edit_village(
            actor=me(),
            village_id=kept.id,
            words=VillageWords(**form.data, cover_id=kept.cover_id),
            expected_version=seen,
            now=tools().clock(),
        )
    except Stale:
        raise
    except DomainError as error:
        return _page(form, kept=kept, error=error)
    flash(_("The village is corrected."), "success")
    return see("places_admin.index")


@bp.post("/villages/<slug:slug>/suspend")
@operator
def suspend_village(slug: str) -> ResponseReturnValue:
    """Take a village off the public lists."""
    return _set_status(slug, PlaceStatus.SUSPENDED)


@bp.post("/villages/<slug:slug>/restore")
@operator
def restore_village(slug: str) -> ResponseReturnValue:
    """Bring a village back."""
    return _set_status(slug, PlaceStatus.ACTIVE)


def _set_status(slug: str, status: PlaceStatus) -> ResponseReturnValue:
    places.set_village_status(actor=me(), village_id=known_village(slug).id, status=status)
    return see("places_admin.index")


def seats_page(kept: Village, seat: Form, error: DomainError | None = None) -> ResponseReturnValue:
    """The village's page with what was wrong with a new seat."""
    if error is not None:
        seat.blame(error)
    return _page(_form_of(kept), kept=kept, seat=seat)


def _form_of(kept: Village) -> Form:
    names = ("slug", "name", "name_en", "region_code", "intro", "intro_en", "version")
    return Form({name: getattr(kept, name) for name in names})


def _page(
    form: Form,
    *,
    kept: Village | None = None,
    seat: Form | None = None,
    refused: bool = False,
    error: DomainError | None = None,
) -> ResponseReturnValue:
    about: dict[str, Any] = {
        "kept": kept,
        "pick": picker(form.values),
        "seats": accounts.seats_of_village(kept.id) if kept else [],
        "seat": seat or Form({"role": "village"}),
    }
    if refused or error is not None:
        return render_form("places_admin/village.html", form, error, **about)
    if seat is not None:
        return render("places_admin/village.html", form=form, **about), 422
    return render("places_admin/village.html", form=form, **about)
