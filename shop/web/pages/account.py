"""One's own account: see, correct, take along, leave."""

from typing import Any

from flask import Blueprint, Response
from flask import json as flask_json
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.accounts import texts
from shop.domain.accounts.states import CodePurpose
from shop.domain.villages import queries as villages
from shop.flows import erasing, own_account, people, signing_in
from shop.kernel.errors import DomainError, NotFound
from shop.reads import personal
from shop.tools import tools
from shop.web.fields import Pattern, Text
from shop.web.limits import limit
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.pages.legal import titled
from shop.web.pages.signin import CODE, Agreed, TypedPassword, outbox_is_open
from shop.web.who import end_session, me, page_token, signed_in
from shop.web.words import _

bp = Blueprint("account", __name__, url_prefix="/account")


class NameForm(FormSchema):
    name = Text(1, 40, required=True)


class PasswordChange(FormSchema):
    current = TypedPassword(load_default=None)
    new_password = TypedPassword(required=True)


class EraseForm(FormSchema):
    password = TypedPassword(load_default=None)
    code = Pattern(CODE, load_default=None)
    sure = Agreed("please confirm that you are sure")


class ConsentForm(FormSchema):
    agreed = Agreed()


def my_id() -> int:
    """The reader's id; these pages are for people with one."""
    found = me().user_id
    if found is None:
        raise NotFound()
    return found


@bp.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Everything about oneself on one page."""
    return _page()


@bp.post("/name")
@signed_in
def rename() -> ResponseReturnValue:
    """Correct one's name."""
    form = Form.read(NameForm)
    if not form.ok:
        return _page(form)
    own_account.rename(actor=me(), name=form.data["name"])
    flash(_("Your name is corrected."), "success")
    return see("account.show")


@bp.get("/password")
@signed_in
def password() -> ResponseReturnValue:
    """The form for another password."""
    return _password(Form())


@bp.post("/password")
@signed_in
@limit("sign-in")
def change_password() -> ResponseReturnValue:
    """Set another password; every other device is signed out."""
    form = Form.read(PasswordChange)
    if not form.ok:
        return _password(form, refused=True)
    try:
        own_account.change_password(
            actor=me(),
            current=form.data["current"],
            new=form.data["new_password"],
            token=page_token(),
            now=tools().clock(),
        )
    except DomainError as error:
        return _password(form, error=error)
    flash(_("The password is changed. Your other devices are signed out."), "success")
    return see("account.show")


@bp.post("/sign-out-others")
@signed_in
def sign_out_others() -> ResponseReturnValue:
    """End every sign-in but this one."""
    own_account.end_others(actor=me(), token=page_token(), now=tools().clock())
    flash(_("Your other devices are signed out."), "success")
    return see("account.show")


@bp.post("/invitations")
@signed_in
def accept_invitations() -> ResponseReturnValue:
    """Take the seats that were kept for one's number."""
    if people.accept_invitations(actor=me(), now=tools().clock()):
        flash(_("You have a new role. Its pages are in the bar above."), "success")
    return see("account.show")


@bp.post("/agreements")
@signed_in
def accept_agreements() -> ResponseReturnValue:
    """Accept the versions in force."""
    form = Form.read(ConsentForm)
    if not form.ok:
        return _page(form)
    own_account.accept_agreements(actor=me(), versions=texts.AGREEMENTS, now=tools().clock())
    flash(_("Thank you. It is kept with the date."), "success")
    return see("account.show")


@bp.get("/export")
@signed_in
def export() -> Response:
    """All one's data as a JSON file."""
    data = personal.personal_data(my_id(), now=tools().clock())
    response = Response(flask_json.dumps(data), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/erase")
@signed_in
def leave() -> ResponseReturnValue:
    """What goes, what stays, and what still stands in the way."""
    return _leave(Form())


@bp.post("/erase/code")
@signed_in
@limit("sms")
def erase_code() -> ResponseReturnValue:
    """Send a code to one's own number as a proof."""
    user = accounts.user(my_id())
    if user is None or user.phone is None or not tools().settings.code_sign_in:
        raise NotFound()
    settings = tools().settings
    try:
        signing_in.send_code(
            phone=user.phone,
            purpose=CodePurpose.SIGN_IN,
            secret=settings.secret_key,
            limited=settings.limits,
            now=tools().clock(),
        )
    except DomainError as error:
        return _leave(Form(), error=error)
    return _leave(Form(), sent=True)


@bp.post("/erase")
@signed_in
@limit("sign-in")
def erase() -> ResponseReturnValue:
    """Erase the account after password or code."""
    form = Form.read(EraseForm)
    if not form.ok:
        return _leave(form, refused=True)
    try:
        erasing.erase_account(
            actor=me(),
            password=form.data["password"],
            code=form.data["code"],
            secret=tools().settings.secret_key,
            now=tools().clock(),
        )
    except DomainError as error:
        return _leave(form, error=error)
    end_session()
    flash(_("Your account is erased. Thank you for having been here."), "success")
    return see("storefront.home")


def _page(form: Form | None = None) -> ResponseReturnValue:
    user = accounts.user(my_id())
    if user is None or user.phone is None:
        raise NotFound()
    waiting = (
        accounts.invitations_for(user.phone, now=tools().clock()) if user.phone_proven_at else []
    )
    places = villages.cooperatives_by_id(
        [*(where for _role, where in me().seats), *(one.cooperative_id for one in waiting)]
    )
    homes = villages.villages_by_id(where for _role, where in me().village_seats)
    about: dict[str, Any] = {
        "user": user,
        "seats": [
            *((role, places[where].name) for role, where in sorted(me().seats)),
            *((role, homes[where].name) for role, where in sorted(me().village_seats)),
        ],
        "waiting": [(str(one.role), places[one.cooperative_id].name) for one in waiting],
        "unaccepted": titled(texts.missing(user.id)),
    }
    if form is not None:
        return render_form("account/show.html", form, **about)
    return render("account/show.html", form=Form(), **about)


def _password(
    form: Form, *, refused: bool = False, error: DomainError | None = None
) -> ResponseReturnValue:
    user = accounts.user(my_id())
    has_one = user is not None and user.password_hash is not None
    if refused or error is not None:
        return render_form("account/password.html", form, error, has_one=has_one)
    return render("account/password.html", form=form, has_one=has_one)


def _leave(
    form: Form, *, sent: bool = False, refused: bool = False, error: DomainError | None = None
) -> ResponseReturnValue:
    user = accounts.user(my_id())
    about: dict[str, Any] = {
        "bonds": personal.bonds(my_id()),
        "has_one": user is not None and user.password_hash is not None,
        "code_sign_in": tools().settings.code_sign_in,
        "sent": sent,
        "outbox": outbox_is_open(),
    }
    if refused or error is not None:
        return render_form("account/erase.html", form, error, **about)
    return render("account/erase.html", form=form, **about)
