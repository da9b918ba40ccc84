"""Routes that exist only in tests: each shows one thing that the ground does for every view."""

import errno
from typing import Any

import marshmallow as ma
from flask import Blueprint, Flask, g, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from sqlalchemy import exc as sql

from shop.db import db, transactional
from shop.domain.accounts.models import User
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web import etag
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import (
    Day,
    Fen,
    Flag,
    PageArgs,
    Phone,
    Sku,
    StrictSchema,
    Text,
    Utc,
    Whole,
    list_of,
)
from shop.web.idempotency import key_required, sealed
from shop.web.limits import limit
from shop.web.ops import deadline
from shop.web.pages import Form, FormSchema, see
from shop.web.paging import keyset, page
from shop.web.who import anyone, cooperative, me, operator, public, role, signed_in, start_session


class ProbeRowIn(StrictSchema):
    sku = Sku(required=True)
    quantity = Whole(1, 99, required=True)


class ProbeThingIn(StrictSchema):
    name = Text(1, 10, required=True)
    price_fen = Fen()
    rows = ma.fields.List(ma.fields.Nested(ProbeRowIn))
    phone = Phone()
    at = Utc()
    day = Day()
    sure = Flag()


class ProbeThingOut(ma.Schema):
    name = ma.fields.String(required=True)
    calls = Whole(required=True)
    phone = Phone(allow_none=True)


class ProbeMaybeIn(StrictSchema):
    name = Text(1, 10)


class ProbeUserOut(ma.Schema):
    id = Whole(required=True)
    name = ma.fields.String(required=True)


class Boom(DomainError):
    code = "price-changed"


class Calls:
    """How often a view was really run."""

    count = 0


@transactional
def rename(user_id: int, name: str) -> None:
    found = db.session.get(User, user_id)
    assert found is not None
    found.name = name


def add(app: Flask, calls: Calls) -> None:
    """Hang the probe on an app that has not answered yet."""
    app.extensions["shop_api"].register_blueprint(_api(calls))
    app.register_blueprint(_pages(calls))


def _api(calls: Calls) -> Blueprint:  # noqa: C901
    bp = ApiBlueprint("probe", __name__, url_prefix="/api/v1/probe")

    @bp.route("/things")
    class Things(MethodView):
        @bp.arguments(ProbeThingIn)
        @bp.response(201, ProbeThingOut)
        @public
        def post(self, body: dict[str, Any]) -> Any:
            calls.count += 1
            if body["name"] == "refuse":
                raise Boom("not now", total_fen=5, status=200, type="mine")
            return {**body, "calls": calls.count}, 201, {"Location": "/api/v1/probe/things/1"}

    @bp.post("/money")
    @signed_in
    @key_required
    @bp.arguments(ProbeThingIn)
    @bp.response(201, ProbeThingOut)
    def money(body: dict[str, Any]) -> Any:
        calls.count += 1
        return {"name": g.request_key, "calls": calls.count}

    @bp.post("/secrets")
    @anyone
    @sealed
    @bp.arguments(ProbeThingIn)
    @bp.response(201, ProbeThingOut)
    def secret(body: dict[str, Any]) -> Any:
        calls.count += 1
        return {"name": "hunter2", "calls": calls.count}

    @bp.post("/maybe")
    @public
    @bp.arguments(ProbeMaybeIn)
    @bp.response(200, ProbeMaybeIn)
    def maybe(body: dict[str, Any]) -> Any:
        return body

    @bp.post("/bare")
    @public
    @bp.response(200, ProbeMaybeIn)
    def bare() -> Any:
        return {}

    @bp.get("/things/<id:thing_id>")
    @signed_in
    @bp.response(200, ProbeThingOut)
    def one(thing_id: int) -> Any:
        if thing_id != 1:
            raise NotFound("thing %s belongs to somebody else", owner=7)
        etag.tag(3)
        return {"name": "one", "calls": 1}

    @bp.patch("/things/<id:thing_id>")
    @signed_in
    @bp.arguments(ProbeMaybeIn)
    @bp.response(200, ProbeThingOut)
    def change(body: dict[str, Any], thing_id: int) -> Any:
        return {"name": str(etag.expected_version()), "calls": 1}

    @bp.get("/users")
    @public
    @bp.arguments(PageArgs, location="query")
    @bp.response(200, list_of(ProbeUserOut))
    def users(asked: dict[str, Any]) -> Any:
        keys: Any = [(User.created_at, "desc"), (User.id, "asc")]
        return page(keyset(db.select(User), keys=keys, limit=asked["limit"], after=asked["after"]))

    @bp.get("/me")
    @signed_in
    @bp.response(200)
    def whoami() -> Any:
        return {"user_id": me().user_id, "role": me().role}

    @bp.get("/host")
    @role("host", "operator")
    @bp.response(200)
    def host() -> Any:
        return {"role": me().role}

    @bp.get("/clerk")
    @cooperative("clerk")
    @bp.response(200)
    def clerk() -> Any:
        return {"role": me().role, "places": me().cooperatives("clerk")}

    @bp.get("/operator")
    @operator
    @bp.response(200)
    def for_operator() -> Any:
        return {"role": me().role}

    @bp.get("/closed")
    @bp.response(200)
    def closed() -> Any:
        return {}

    @bp.get("/limited")
    @public
    @limit("sms")
    @bp.response(200)
    def limited() -> Any:
        return {}

    @bp.get("/accident/<slug:kind>")
    @public
    @deadline(None)
    @bp.response(200)
    def accident(kind: str) -> Any:
        raise ACCIDENTS[kind]

    return bp


class NameForm(FormSchema):
    name = Text(2, 10, required=True)
    rows = ma.fields.List(ma.fields.Nested(ProbeRowIn))


def _pages(calls: Calls) -> Blueprint:  # noqa: C901
    bp = Blueprint("probe", __name__, url_prefix="/probe")

    @bp.get("/form")
    @public
    def form() -> str:
        from flask_wtf.csrf import generate_csrf

        return str(generate_csrf())

    @bp.post("/form")
    @public
    def send() -> ResponseReturnValue:
        calls.count += 1
        found = Form.read(NameForm)
        if not found.ok:
            return {"errors": found.errors, "values": found.values}, 422
        return see("probe.done", name=found.data["name"], calls=calls.count)

    @bp.get("/done")
    @public
    def done() -> dict[str, str]:
        return dict(request.args)

    @bp.post("/sign-in")
    @anyone
    def sign_in() -> ResponseReturnValue:
        start_session(request.form["token"])
        return see("probe.mine")

    @bp.get("/mine")
    @signed_in
    def mine() -> dict[str, Any]:
        return {"user_id": me().user_id}

    @bp.post("/versioned")
    @public
    def versioned() -> dict[str, int]:
        return {"version": etag.form_version()}

    @bp.get("/now")
    @public
    def now() -> str:
        return tools().clock().isoformat()

    return bp


ACCIDENTS: dict[str, Exception] = {
    "integrity": sql.IntegrityError("INSERT", {}, Exception("duplicate")),
    "operational": sql.OperationalError("SELECT", {}, Exception("server closed the connection")),
    "pool": sql.TimeoutError("QueuePool limit"),
    "full": OSError(errno.ENOSPC, "no space left"),
    "database-full": sql.OperationalError("INSERT", {}, Exception("database or disk is full")),
    "refused": ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
    "data": sql.DataError("INSERT", {}, Exception("out of range")),
    "unknown": RuntimeError("secret 13800000001 inside"),
}
