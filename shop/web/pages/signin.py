"""Signing in, signing up and signing out; it leads back to where one came from."""

import ipaddress
from typing import Any

import marshmallow as ma
from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from shop.domain.accounts.states import CodePurpose, TokenKind
from shop.domain.accounts.texts import AGREEMENTS
from shop.flows import carts, signing_in
from shop.flows.signing_in import SignedIn
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web import limits
from shop.web.fields import Pattern, Phone, Strict, Text, refuse
from shop.web.form_fields import Checkbox
from shop.web.limits import limit
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.pages.legal import titled
from shop.web.security import local_path
from shop.web.who import anyone, end_session, me, page_token, person, public, start_session
from shop.web.words import _

bp = Blueprint("signin", __name__)

WAYS = ("password", "code", "new")
CODE = r"^[0-9]{6}$"


class TypedPassword(Strict, ma.fields.String):
    """A password as it was typed."""

    def read(self, value: object) -> str:
        return str(value)


class Agreed(Checkbox):
    """A tick that must be there; it is never set for anybody."""

    def __init__(self, said: str = "please read and accept the three texts") -> None:
        super().__init__(required=True, load_default=ma.missing, error_messages={"required": said})

    def read(self, value: object) -> bool:
        if not super().read(value):
            raise refuse("please read and accept the three texts", code="required")
        return True


class PasswordForm(FormSchema):
    phone = Phone(required=True)
    password = TypedPassword(required=True)


class PhoneForm(FormSchema):
    phone = Phone(required=True)


class CodeForm(PhoneForm):
    code = Pattern(CODE, required=True)
    agreed = Agreed()


class SignUpForm(PhoneForm):
    name = Text(1, 40, required=True)
    password = TypedPassword(required=True)
    code = Pattern(CODE, load_default=None)
    agreed = Agreed()


def back() -> str:
    """The page that somebody wanted before signing in."""
    return local_path(request.values.get("next"), url_for("storefront.home"))


@bp.get("/sign-in")
@public
def form() -> ResponseReturnValue:
    """Password, code or a new account."""
    if person() is not None:
        return redirect(back(), code=303)
    way = request.args.get("way", "password")
    return _page(Form(), way=way if way in WAYS else "password")


@bp.post("/sign-in")
@anyone
@limit("sign-in")
def with_password() -> ResponseReturnValue:
    """Sign in with number and password."""
    sent = Form.read(PasswordForm)
    if not sent.ok:
        return _page(sent, way="password", refused=True)
    try:
        limits.hit("sign-in-phone", sent.data["phone"])
        given = signing_in.with_password(**sent.data, kind=TokenKind.PAGE, now=tools().clock())
    except DomainError as error:
        return _page(sent, way="password", error=error)
    return _enter(given)


@bp.post("/sign-in/code")
@anyone
@limit("sms")
def send_code() -> ResponseReturnValue:
    """Send six digits, then ask for them on the form that they are for."""
    way = "new" if request.form.get("way") == "new" else "code"
    sent = Form.read(PhoneForm)
    if way == "code" and not tools().settings.code_sign_in:
        raise NotFound()
    if not sent.ok:
        return _page(sent, way=way, refused=True)
    settings = tools().settings
    try:
        signing_in.send_code(
            phone=sent.data["phone"],
            purpose=CodePurpose.SIGN_UP if way == "new" else CodePurpose.SIGN_IN,
            secret=settings.secret_key,
            limited=settings.limits,
            now=tools().clock(),
        )
    except DomainError as error:
        return _page(sent, way=way, error=error)
    return _page(sent, way=way, sent_code=True)


@bp.post("/sign-in/with-code")
@anyone
@limit("sign-in")
def with_code() -> ResponseReturnValue:
    """Sign in with number and code; makes the account when there is none."""
    if not tools().settings.code_sign_in:
        raise NotFound()
    sent = Form.read(CodeForm)
    if not sent.ok:
        return _page(sent, way="code", sent_code=True, refused=True)
    try:
        limits.hit("sign-in-phone", sent.data["phone"])
        given = signing_in.with_code(
            phone=sent.data["phone"],
            code=sent.data["code"],
            kind=TokenKind.PAGE,
            secret=tools().settings.secret_key,
            agreements=AGREEMENTS,
            now=tools().clock(),
        )
    except DomainError as error:
        return _page(sent, way="code", sent_code=True, error=error)
    return _enter(given)


@bp.post("/sign-up")
@anyone
@limit("sign-in")
def sign_up() -> ResponseReturnValue:
    """Make an account and go in."""
    sent = Form.read(SignUpForm)
    if not sent.ok:
        return _page(sent, way="new", sent_code=True, refused=True)
    settings, now = tools().settings, tools().clock()
    data = {name: value for name, value in sent.data.items() if name != "agreed"}
    try:
        signing_in.sign_up(
            **data,
            code_required=settings.production,
            secret=settings.secret_key,
            agreements=AGREEMENTS,
            now=now,
        )
        given = signing_in.with_password(
            phone=data["phone"], password=data["password"], kind=TokenKind.PAGE, now=now
        )
    except DomainError as error:
        return _page(sent, way="new", sent_code=True, error=error)
    return _enter(given)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this browser's session, here and in the database."""
    if token := page_token():
        signing_in.sign_out(token=token, kind=TokenKind.PAGE, now=tools().clock())
    end_session()
    flash(_("You are signed out."), "success")
    return see("storefront.home")


def _enter(given: SignedIn) -> Response:
    """A fresh session, with the cart that was filled before; the one it replaces ends."""
    kept, former = session.get("cart"), page_token()
    start_session(given.token)
    if former:
        signing_in.sign_out(token=former, kind=TokenKind.PAGE, now=tools().clock())
    if isinstance(kept, dict) and kept:
        carts.merge(actor=me(), kept=kept, now=tools().clock())
    session.pop("cart", None)
    return redirect(back(), code=303)


def _page(
    sent: Form,
    *,
    way: str,
    sent_code: bool = False,
    refused: bool = False,
    error: DomainError | None = None,
) -> ResponseReturnValue:
    """The page with the chosen way open; a refusal says its reason and keeps what was typed."""
    settings = tools().settings
    about: dict[str, Any] = {
        "way": way,
        "next": local_path(request.values.get("next"), ""),
        "code_sign_in": settings.code_sign_in,
        "code_required": settings.production,
        "sent": sent_code,
        "texts": titled(AGREEMENTS),
        "outbox": outbox_is_open(),
    }
    if refused or error is not None:
        return render_form("signin/form.html", sent, error, **about)
    return render("signin/form.html", form=sent, **about)


def outbox_is_open() -> bool:
    """Whether messages may be read on a page: outside production, and from this machine alone."""
    if tools().settings.production or not tools().messenger.keeps_copy:
        return False
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
