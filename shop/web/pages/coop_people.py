"""Who works in a cooperative: a manager invites by number, and takes seats back."""

from typing import Any

import marshmallow as ma
from flask import Blueprint
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.domain.logistics import freight
from shop.domain.villages import queries as villages
from shop.domain.villages.models import Cooperative
from shop.flows import people, places
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web.fields import Phone
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.problems import said
from shop.web.rule_forms import FreightForm, chosen, freight_of, freight_values, provinces
from shop.web.who import cooperative, me
from shop.web.words import _

bp = Blueprint("coop_people", __name__, url_prefix="/coop/people")

SEATS = {"keeper": Role.KEEPER, "clerk": Role.CLERK, "manager": Role.MANAGER}


class InviteForm(FormSchema):
    phone = Phone(required=True)
    role = ma.fields.String(required=True, validate=ma.validate.OneOf(list(SEATS)))


def _own(slug: str) -> Cooperative:
    """A cooperative that the reader manages; another's is not found."""
    found = villages.cooperative(slug)
    if found is None or found.id not in me().cooperatives("manager"):
        raise NotFound()
    return found


def invite_to(place: Cooperative, form: Form) -> None:
    """Keep a seat for the number of the form and tell it so."""
    people.invite(
        actor=me(),
        cooperative_id=place.id,
        phone=form.data["phone"],
        role=SEATS[form.data["role"]],
        now=tools().clock(),
    )
    flash(_("Invited. The seat is taken at the next sign-in with this number."), "success")


def dismiss_from(place: Cooperative, user_id: int, seat: str) -> None:
    """Take a seat back, or say why it stays."""
    if seat not in SEATS:
        raise NotFound()
    try:
        people.dismiss(
            actor=me(),
            cooperative_id=place.id,
            user_id=user_id,
            role=SEATS[seat],
            now=tools().clock(),
        )
    except NotFound:
        raise
    except DomainError as error:
        flash(said(error.detail), "error")
    else:
        flash(_("The seat is taken back."), "success")


@bp.get("")
@cooperative("manager")
def index() -> ResponseReturnValue:
    """The one cooperative, or a choice of several."""
    mine = villages.cooperatives_by_id(me().cooperatives("manager"))
    if len(mine) == 1:
        return see("coop_people.show", slug=next(iter(mine.values())).slug)
    return render("coop_people/choose.html", cooperatives=list(mine.values()))


@bp.get("/<slug:slug>")
@cooperative("manager")
def show(slug: str) -> ResponseReturnValue:
    """Seats and open invitations."""
    return _page(_own(slug), Form({"role": "keeper"}))


@bp.post("/<slug:slug>")
@cooperative("manager")
def invite(slug: str) -> ResponseReturnValue:
    """Keep a seat for a number and tell it so."""
    place = _own(slug)
    form = Form.read(InviteForm)
    if not form.ok:
        return _page(place, form, refused=True)
    try:
        invite_to(place, form)
    except DomainError as error:
        return _page(place, form, error=error)
    return see("coop_people.show", slug=slug)


@bp.post("/<slug:slug>/invitations/<id:invitation_id>/withdraw")
@cooperative("manager")
def withdraw(slug: str, invitation_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    _own(slug)
    people.withdraw_invitation(actor=me(), invitation_id=invitation_id, now=tools().clock())
    return see("coop_people.show", slug=slug)


@bp.post("/<slug:slug>/seats/<id:user_id>/<slug:seat>/dismiss")
@cooperative("manager")
def dismiss(slug: str, user_id: int, seat: str) -> ResponseReturnValue:
    """Take a seat back; it holds at once."""
    dismiss_from(_own(slug), user_id, seat)
    return see("coop_people.show", slug=slug)


@bp.get("/<slug:slug>/freight")
@cooperative("manager")
def freight_rule(slug: str) -> ResponseReturnValue:
    """The freight in force, to be replaced."""
    place = _own(slug)
    rule = freight.current_rules([place.id]).get(place.id)
    return _freight(place, Form(freight_values(rule)))


@bp.post("/<slug:slug>/freight")
@cooperative("manager")
def set_freight(slug: str) -> ResponseReturnValue:
    """Set the next version; orders placed before keep theirs."""
    place = _own(slug)
    form = Form.read(FreightForm)
    if not form.ok:
        return _freight(place, form, refused=True)
    try:
        places.set_freight(
            actor=me(), cooperative_id=place.id, rule=freight_of(form.data), now=tools().clock()
        )
    except DomainError as error:
        return _freight(place, form, error=error)
    flash(_("The new freight holds for orders from now on."), "success")
    return see("coop_people.show", slug=slug)


def _freight(
    place: Cooperative, form: Form, *, refused: bool = False, error: DomainError | None = None
) -> ResponseReturnValue:
    about: dict[str, Any] = {"place": place, "provinces": provinces(), "chosen": chosen(form)}
    if refused or error is not None:
        return render_form("coop_people/freight.html", form, error, **about)
    return render("coop_people/freight.html", form=form, **about)


def _page(
    place: Cooperative, form: Form, *, refused: bool = False, error: DomainError | None = None
) -> ResponseReturnValue:
    seats = accounts.seats_of(place.id)
    waiting = accounts.open_invitations(cooperative_id=place.id, now=tools().clock())
    if refused or error is not None:
        return render_form(
            "coop_people/show.html", form, error, place=place, seats=seats, waiting=waiting
        )
    return render("coop_people/show.html", form=form, place=place, seats=seats, waiting=waiting)
