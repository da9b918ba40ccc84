"""The operator's people: hats of the platform, suspension, lost phones."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.domain.villages import queries as villages
from shop.flows import people
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web.fields import Phone
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.paging import decode, encode
from shop.web.problems import said
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint("people_admin", __name__, url_prefix="/operator/people")

SHOWN = 50
HATS = {"host": Role.HOST, "operator": Role.OPERATOR}


class FindForm(FormSchema):
    phone = Phone(required=True)


@bp.get("")
@operator
def index() -> str:
    """People, the newest first, or one of them (``?user=``)."""
    return _page(Form())


@bp.post("/find")
@operator
def find() -> ResponseReturnValue:
    """Look a number up by POST, so that it stands in no address and no log."""
    form = Form.read(FindForm)
    if not form.ok:
        return _page(form), 422
    found = accounts.user_by_phone(form.data["phone"])
    if found is None:
        form.message = _("Nobody here has this number.")
        return _page(form), 404
    return see("people_admin.index", user=found.id)


def _page(form: Form) -> str:
    one = request.args.get("user", "")
    after = decode(request.args.get("after", ""))
    if one.isascii() and one.isdigit():
        chosen = accounts.user(int(one[:15]))
        found = [chosen] if chosen else []
    else:
        found = accounts.users(limit=SHOWN + 1, before=after[0] if after else None)
    shown = found[:SHOWN]
    held = accounts.grants(user.id for user in shown)
    places = villages.cooperatives_by_id(
        grant.cooperative_id for grant in held if grant.cooperative_id is not None
    )
    return render(
        "people_admin/index.html",
        form=form,
        people=shown,
        held=held,
        places=places,
        homes=villages.villages_by_id(
            grant.village_id for grant in held if grant.village_id is not None
        ),
        one=bool(one),
        after=encode((shown[-1].id,)) if len(found) > SHOWN else None,
    )


def _hat(name: str) -> Role:
    if name not in HATS:
        raise NotFound()
    return HATS[name]


@bp.post("/<id:user_id>/grant/<slug:hat>")
@operator
def grant(user_id: int, hat: str) -> ResponseReturnValue:
    """Make somebody a host or an operator."""
    try:
        people.grant_role(actor=me(), user_id=user_id, role=_hat(hat), now=tools().clock())
    except NotFound:
        raise
    except DomainError as error:
        flash(said(error.detail), "error")
    else:
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
    return see("people_admin.index", user=user_id)
