"""The operator repairs the seats of a cooperative: a wrong number was invited, or let in."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.flows import people
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web.pages import Form, render_form, see
from shop.web.pages.coop_people import InviteForm, dismiss_from, invite_to
from shop.web.pages.coops_admin import about, known
from shop.web.who import me, operator

bp = Blueprint("coop_seats_admin", __name__, url_prefix="/operator/cooperatives/<slug:slug>")


@bp.post("/invitations")
@operator
def invite(slug: str) -> ResponseReturnValue:
    """Keep a seat for a number and tell it so."""
    place = known(slug)
    form, error = Form.read(InviteForm), None
    if form.ok:
        try:
            invite_to(place, form)
            return see("coops_admin.show", slug=slug)
        except DomainError as refusal:
            error = refusal
    return render_form("places_admin/cooperative.html", form, error, **about(place))


@bp.post("/invitations/<id:invitation_id>/withdraw")
@operator
def withdraw(slug: str, invitation_id: int) -> ResponseReturnValue:
    """Take an invitation of this cooperative back."""
    waiting = accounts.open_invitations(cooperative_id=known(slug).id, now=tools().clock())
    if invitation_id not in {one.id for one in waiting}:
        raise NotFound()
    people.withdraw_invitation(actor=me(), invitation_id=invitation_id, now=tools().clock())
    return see("coops_admin.show", slug=slug)


@bp.post("/seats/<id:user_id>/<slug:seat>/dismiss")
@operator
def dismiss(slug: str, user_id: int, seat: str) -> ResponseReturnValue:
    """Take a seat back; it holds at once."""
    dismiss_from(known(slug), user_id, seat)
    return see("coops_admin.show", slug=slug)
