"""Signing up, signing in, and who one is."""

from typing import Any

import marshmallow as ma
from flask import request
from flask.views import MethodView

from shop.domain.accounts import queries as accounts
from shop.domain.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from shop.domain.accounts.queries import Person
from shop.domain.accounts.states import CodePurpose, TokenKind
from shop.domain.accounts.texts import Agreement
from shop.domain.villages import queries as villages
from shop.flows import signing_in
from shop.kernel.errors import Forbidden, NotFound
from shop.tools import tools
from shop.web import limits
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Pattern, Phone, StrictSchema, Text, Utc, Whole, refuse
from shop.web.fields import MAX_INT, Strict
from shop.web.idempotency import sealed
from shop.web.limits import limit
from shop.web.who import anyone, person, signed_in

bp = ApiBlueprint("accounts", __name__, description="Accounts and credentials.")

CODE = r"^[0-9]{6}$"
ROLES = ("buyer", "host", "keeper", "clerk", "manager", "village", "supervisor", "operator")


class Password(Strict, ma.fields.String):
    """Kept as typed: no stripping, no normalising before the hash."""

    def __init__(self, low: int = 1, **kwargs: Any) -> None:
        self.low = low
        super().__init__(**kwargs)
        self.metadata = {"minLength": low, "maxLength": MAX_LENGTH, "format": "password"}

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("text is needed", code="not-a-text")
        if not self.low <= len(value) <= MAX_LENGTH:
            raise refuse("a password has 8 to 128 characters", code="length")
        return value


class CodeRequestIn(StrictSchema):
    """Where to send six digits, and what for."""

    phone = Phone(required=True)
    purpose = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(one) for one in CodePurpose])
    )


class CodeRequestOut(StrictSchema):
    """The same whether the number exists or not."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["accepted"]))


class AgreementIn(StrictSchema):
    """A text that was read and accepted, in the version in force (see ``/legal/{kind}``)."""

    kind = Text(1, 32, required=True)
    version = Text(1, 16, required=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: object) -> Agreement:
        """In the flow's own words."""
        return data["kind"], data["version"]


def accepted() -> "ma.fields.List[Any]":
    """The texts that somebody accepted while coming in; kept with the time."""
    return ma.fields.List(
        ma.fields.Nested(AgreementIn), load_default=(), validate=ma.validate.Length(max=10)
    )


class SignUpIn(StrictSchema):
    """A new account; ``code`` is required in production."""

    phone = Phone(required=True)
    password = Password(MIN_LENGTH, required=True)
    name = Text(1, 40, required=True)
    code = Pattern(CODE, load_default=None, allow_none=True)
    agreements = accepted()


class SignInIn(StrictSchema):
    """A number with its password, or with a code."""

    phone = Phone(required=True)
    password = Password()
    code = Pattern(CODE)
    agreements = accepted()

    @ma.validates_schema
    def one_of_both(self, data: dict[str, Any], **_: object) -> None:
        """Exactly one proof."""
        if ("password" in data) == ("code" in data):
            raise refuse("give either a password or a code", code="required")
        if data["agreements"] and "code" not in data:
            raise refuse("texts are accepted at sign-up or with a code")


class UserOut(StrictSchema):
    """A person as they see themselves."""

    id = Whole(1, MAX_INT, required=True)
    phone = Phone(required=True, allow_none=True)
    name = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.String(validate=ma.validate.OneOf(ROLES)), required=True)


class MeOut(UserOut):
    """The same, with the cooperatives one works for."""

    cooperatives = ma.fields.List(ma.fields.String(), required=True)


class TokenOut(StrictSchema):
    """A credential; it is shown this once."""

    token = ma.fields.String(required=True)
    expires_at = Utc(required=True)
    user = ma.fields.Nested(UserOut, required=True)


def user_of(known: Person) -> dict[str, Any]:
    """A person for ``UserOut``."""
    return {
        "id": known.user_id,
        "phone": known.phone,
        "name": known.name,
        "roles": [role for role in ROLES if role in known.actor.roles],
    }


def _known(user_id: int) -> Person:
    found = accounts.person(user_id)
    if found is None:
        raise NotFound()
    return found


def check_code_sign_in(purpose: str) -> None:
    """``SHOP_CODE_SIGN_IN=off`` leaves codes to signing up."""
    if purpose == CodePurpose.SIGN_IN and not tools().settings.code_sign_in:
        raise Forbidden("sign-in by code is switched off here")


@bp.post("/sms-codes")
@anyone
@limit("sms")
@bp.arguments(CodeRequestIn)
@bp.response(202, CodeRequestOut)
def send_code(body: dict[str, Any]) -> dict[str, str]:
    """Send six digits by text message."""
    check_code_sign_in(body["purpose"])
    settings = tools().settings
    signing_in.send_code(
        phone=body["phone"],
        purpose=CodePurpose(body["purpose"]),
        secret=settings.secret_key,
        limited=settings.limits,
        now=tools().clock(),
    )
    return {"status": "accepted"}


@bp.post("/users")
@anyone
@limit("sign-in")
@bp.arguments(SignUpIn)
@bp.response(201, UserOut)
def sign_up(body: dict[str, Any]) -> dict[str, Any]:
    """Make an account."""
    settings = tools().settings
    user_id = signing_in.sign_up(
        **body, code_required=settings.production, secret=settings.secret_key, now=tools().clock()
    )
    return user_of(_known(user_id))


@bp.post("/tokens")
@anyone
@sealed
@limit("sign-in")
@bp.arguments(SignInIn)
@bp.response(201, TokenOut)
def sign_in(body: dict[str, Any]) -> dict[str, Any]:
    """Get a token for a number and its password or code; a code makes a missing account."""
    limits.hit("sign-in-phone", body["phone"])
    if "code" in body:
        check_code_sign_in(CodePurpose.SIGN_IN)
        given = signing_in.with_code(
            phone=body["phone"],
            code=body["code"],
            kind=TokenKind.API,
            secret=tools().settings.secret_key,
            agreements=body["agreements"],
            now=tools().clock(),
        )
    else:
        given = signing_in.with_password(
            phone=body["phone"],
            password=body["password"],
            kind=TokenKind.API,
            now=tools().clock(),
        )
    return {
        "token": given.token,
        "expires_at": given.expires_at,
        "user": user_of(_known(given.user_id)),
    }


@bp.route("/tokens/current")
class CurrentToken(MethodView):
    """The credential of this very request."""

    @signed_in
    @bp.response(204)
    def delete(self) -> None:
        """Sign out: the token ends at once."""
        token = request.headers["Authorization"].strip().partition(" ")[2].strip()
        signing_in.sign_out(token=token, kind=TokenKind.API, now=tools().clock())


@bp.get("/me")
@signed_in
@bp.response(200, MeOut)
def me() -> dict[str, Any]:
    """Who calls, with every role held at this moment."""
    known = person()
    if known is None:
        raise NotFound()
    return {
        **user_of(known),
        "cooperatives": villages.slugs(known.actor.cooperatives()),
    }
