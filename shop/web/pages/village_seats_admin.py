"""The operator says who keeps a village's board and who countersigns it."""

import marshmallow as ma
from flask import Blueprint
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.flows import people
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web.fields import Phone
from shop.web.pages import Form, FormSchema, flash, see
from shop.web.pages.places_admin import known_village, seats_page
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint(
    "village_seats_admin", __name__, url_prefix="/operator/places/villages/<slug:slug>/seats"
)

SEATS = {"village": Role.VILLAGE, "supervisor": Role.SUPERVISOR}


class SeatForm(FormSchema):
    phone = Phone(required=True)
    role = ma.fields.String(required=True, validate=ma.validate.OneOf(list(SEATS)))


@bp.post("")
@operator
def give(slug: str) -> ResponseReturnValue:
    """Give a seat to whoever has this number."""
    kept, form = known_village(slug), Form.read(SeatForm)
    if not form.ok:
        return seats_page(kept, form)
    found = accounts.user_by_phone(form.data["phone"])
    if found is None:
        form.errors["phone"] = _("Nobody here has this number.")
        return seats_page(kept, form)
    try:
        people.grant_role(
            actor=me(),
            user_id=found.id,
            role=SEATS[form.data["role"]],
            village_id=kept.id,
            now=tools().clock(),
        )
    except DomainError as error:
        return seats_page(kept, form, error)
    flash(_("The role is given."), "success")
    return see("places_admin.village", slug=slug)


@bp.post("/<id:user_id>/<slug:seat>/revoke")
@operator
def take(slug: str, user_id: int, seat: str) -> ResponseReturnValue:
    """Take a seat back; it holds at once."""
    kept = known_village(slug)
    if seat not in SEATS:
        raise NotFound()
    people.revoke_role(
        actor=me(),
        user_id=user_id,
        role=SEATS[seat],
        village_id=kept.id,
        now=tools().clock(),
    )
    flash(_("The role is taken back."), "success")
    return see("places_admin.village", slug=slug)
