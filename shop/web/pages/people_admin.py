"""The operator's people: hats of the platform, suspension, lost phones."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.accounts import phones
from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.domain.villages import queries as villages
from shop.flows import people
from shop.kernel.errors import DomainError, Invalid, NotFound
from shop.tools import tools
from shop.web.pages import flash, render, see
from shop.web.paging import decode, encode
from shop.web.problems import said
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint("people_admin", __name__, url_prefix="/operator/people")

SHOWN = 50
HATS = {"host": Role.HOST, "operator": Role.OPERATOR}


@bp.get("")
@operator
def index() -> str:
    """People, the newest first, or the one with a number."""
    asked = request.args.get("phone", "").strip()
    after = decode(request.args.get("after", ""))
    found = (
        []
        if asked and _number(asked) is None
        else accounts.users(
            limit=SHOWN + 1, before=after[0] if after else None, phone=_number(asked)
        )
    )
    shown = found[:SHOWN]
    held = accounts.grants(one.id for one in shown)
    places = villages.cooperatives_by_id(
        one.cooperative_id for one in held if one.cooperative_id is not None
    )
    return render(
        "people_admin/index.html",
        people=shown,
        held=held,
        places=places,
        phone=asked,
        after=encode((shown[-1].id,)) if len(found) > SHOWN else None,
    )


def _number(text: str) -> str | None:
    try:
        return phones.parse(text) if text else None
    except Invalid:
        return None


def _hat(name: str) -> Role:
    if name not in HATS:
        raise NotFound()
    return HATS[name]


@bp.post("/<id:user_id>/grant/<slug:hat>")
@operator
def grant(user_id: int, hat: str) -> ResponseReturnValue:
    """Make somebody a host or an operator."""
    people.grant_role(actor=me(), user_id=user_id, role=_hat(hat), now=tools().clock())
    flash(_("The role is given."), "success")
    return _back(user_id)


@bp.post("/<id:user_id>/revoke/<slug:hat>")
@operator
def revoke(user_id: int, hat: str) -> ResponseReturnValue:
    """Take such a role back."""
    try:
        people.revoke_role(actor=me(), user_id=user_id, role=_hat(hat), now=tools().clock())
    except NotFound:
        raise
    except DomainError as error:
        flash(said(error.detail), "error")
    else:
        flash(_("The role is taken back."), "success")
    return _back(user_id)


@bp.post("/<id:user_id>/suspend")
@operator
def suspend(user_id: int) -> ResponseReturnValue:
    """Shut somebody out at once."""
    people.suspend_user(actor=me(), user_id=user_id)
    flash(_("This person is shut out."), "success")
    return _back(user_id)


@bp.post("/<id:user_id>/restore")
@operator
def restore(user_id: int) -> ResponseReturnValue:
    """Let somebody in again."""
    people.restore_user(actor=me(), user_id=user_id)
    flash(_("This person may sign in again."), "success")
    return _back(user_id)


@bp.post("/<id:user_id>/sign-out")
@operator
def sign_out(user_id: int) -> ResponseReturnValue:
    """End every sign-in of somebody, for instance after a lost phone."""
    people.revoke_tokens(actor=me(), user_id=user_id, now=tools().clock())
    flash(_("Every sign-in of this person is ended."), "success")
    return _back(user_id)


def _back(user_id: int) -> ResponseReturnValue:
    user = accounts.user(user_id)
    phone = phones.national(user.phone) if user and user.phone else None
    return see("people_admin.index", phone=phone)
