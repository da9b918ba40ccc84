"""A host's shows: drafted, handed in, their shelves filled; on air the console runs them."""

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.live import checklist, queries
from shop.domain.live.states import SessionStatus
from shop.flows import going_live, linking, picturing
from shop.flows.show_rules import CHANGEABLE
from shop.kernel.clock import SHANGHAI
from shop.kernel.errors import DomainError, NotFound
from shop.reads import live as rooms
from shop.reads import room_lists
from shop.reads.linkable import linkable
from shop.reads.live import Room
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Sku, Text
from shop.web.form_fields import FormInt, LocalTime, Yuan
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.paging import decode, page
from shop.web.security import body_limit
from shop.web.who import me, role
from shop.web.words import _

bp = Blueprint("host", __name__, url_prefix="/host/sessions")

MAX_UNITS = 1_000_000
WORDS = ("title", "intro", "play_url")


class ShowForm(FormSchema):
    """A show's words."""

    title = Text(1, 80, required=True)
    intro = Text(0, 200, load_default="")
    starts_at = LocalTime(required=True)
    play_url = ma.fields.String(load_default=None)


class ItemForm(FormSchema):
    """Terms of a thing on the shelf; what is left empty is as in the shop."""

    live_price_fen = Yuan(1, load_default=None)
    allotment = FormInt(1, MAX_UNITS, load_default=None)
    per_buyer_max = FormInt(1, 999, load_default=None)


class LinkForm(ItemForm):
    """A thing for the shelf."""

    sku = Sku(required=True)


class MoveForm(FormSchema):
    """One place up or down."""

    by = ma.fields.Integer(required=True, validate=ma.validate.OneOf([-1, 1]))


@bp.get("")
@role("host")
def sessions() -> str:
    """The host's own shows in every state, the newest first."""
    found = room_lists.rooms(
        statuses=frozenset(SessionStatus),
        host_id=me().user_id,
        after=decode(request.args.get("after", "")),
    )
    return render("host/sessions.html", shows=found.rows, next=page(found)["next"])


@bp.get("/new")
@role("host")
def new() -> str:
    """An empty draft."""
    return render("host/edit.html", form=Form({}), room=None)


@bp.post("/new")
@body_limit()
@role("host")
def create() -> ResponseReturnValue:
    """Draft a show."""
    form = Form.read(ShowForm)
    if not form.ok:
        return render_form("host/edit.html", form, room=None)
    now = tools().clock()
    try:
        session_id = going_live.create_session(
            actor=me(), now=now, media_origins=_origins(), cover_id=_cover(), **form.data
        )
    except DomainError as error:
        return render_form("host/edit.html", form, error, room=None)
    flash(_("Drafted. Now put goods on its shelf, then hand it in."), "success")
    return see("host.show", session_id=session_id)


@bp.get("/<id:session_id>")
@role("host")
def show(session_id: int) -> str:
    """One show: where it stands, what is missing, its shelf."""
    return render("host/show.html", form=Form({}), **_about(session_id))


@bp.get("/<id:session_id>/edit")
@role("host")
def edit(session_id: int) -> str:
    """Its words."""
    room = own_room(session_id)
    values = {name: getattr(room.card, name, None) or "" for name in WORDS}
    values["play_url"] = room.play_url or ""
    values["starts_at"] = f"{room.card.starts_at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"
    return render("host/edit.html", form=Form(values), room=room)


@bp.post("/<id:session_id>/edit")
@body_limit()
@role("host")
def change(session_id: int) -> ResponseReturnValue:
    """Change its words; a show that was sent back becomes a draft again."""
    room = own_room(session_id)
    form = Form.read(ShowForm)
    if not form.ok:
        return render_form("host/edit.html", form, room=room)
    changes = form.data
    if room.card.status not in {SessionStatus.DRAFT, SessionStatus.REJECTED}:
        changes = {name: form.data[name] for name in ("starts_at", "play_url")}
    if form.data["starts_at"] == room.card.starts_at.replace(second=0, microsecond=0):
        changes = {name: value for name, value in changes.items() if name != "starts_at"}
    seen = etag.form_version()
    try:
        if (cover := _cover()) is not None:
            changes |= {"cover_id": cover}
        going_live.change_session(
            session_id,
            actor=me(),
            now=tools().clock(),
            changes=changes,
            media_origins=_origins(),
            expected_version=seen,
        )
    except DomainError as error:
        return render_form("host/edit.html", form, error, room=room)
    flash(_("Changed."), "success")
    return see("host.show", session_id=session_id)


@bp.post("/<id:session_id>/submit")
@role("host")
def submit(session_id: int) -> ResponseReturnValue:
    """Hand it in."""
    return _do(session_id, going_live.submit, _("Handed in. The operator looks at it next."))


@bp.post("/<id:session_id>/redraft")
@role("host")
def redraft(session_id: int) -> ResponseReturnValue:
    """Work on it again."""
    return _do(session_id, going_live.redraft, _("It is a draft again."))


@bp.post("/<id:session_id>/archive")
@role("host")
def archive(session_id: int) -> ResponseReturnValue:
    """Put it away."""
    return _do(session_id, going_live.archive, _("Put away."))


@bp.post("/<id:session_id>/items")
@role("host")
def add(session_id: int) -> ResponseReturnValue:
    """Put a thing on the shelf."""
    form = Form.read(LinkForm)
    if not form.ok:
        return render_form("host/show.html", form, **_about(session_id))
    return _do(session_id, linking.add_item, _("It stands on the shelf."), form, **form.data)


@bp.post("/<id:session_id>/items/<id:item_id>")
@role("host")
def change_item(session_id: int, item_id: int) -> ResponseReturnValue:
    """Change its terms, as they stood on the page."""
    form = Form.read(ItemForm)
    if not form.ok:
        return render_form("host/show.html", form, **_about(session_id))
    return _do(
        session_id,
        linking.change_item,
        _("Changed."),
        form,
        item_id=item_id,
        changes=form.data,
        expected_version=etag.form_version(),
    )


@bp.post("/<id:session_id>/items/<id:item_id>/move")
@role("host")
def move_item(session_id: int, item_id: int) -> ResponseReturnValue:
    """One place up or down."""
    form = Form.read(MoveForm)
    order = [item.id for item in own_room(session_id).items]
    if not form.ok or item_id not in order:
        raise NotFound
    place = order.index(item_id)
    order.insert(max(place + form.data["by"], 0), order.pop(place))
    return _do(session_id, linking.reorder, "", item_ids=order)


@bp.post("/<id:session_id>/items/<id:item_id>/remove")
@role("host")
def remove_item(session_id: int, item_id: int) -> ResponseReturnValue:
    """Take it off the shelf."""
    done = _("Taken off; what was set aside is back in the shop.")
    return _do(session_id, linking.remove_item, done, item_id=item_id)


def own_room(session_id: int) -> Room:
    """The host's own show; another's is not found."""
    room = rooms.room(session_id, actor=me())
    if room.view != "host":
        raise NotFound
    return room


def _do(
    session_id: int,
    verb: Callable[..., Any],
    done: str,
    form: Form | None = None,
    **with_words: Any,
) -> ResponseReturnValue:
    try:
        verb(session_id, actor=me(), now=tools().clock(), **with_words)
    except DomainError as error:
        if error.code == "not-found":
            raise
        return render_form("host/show.html", form or Form({}), error, **_about(session_id))
    tools().bus.wake(session_id)
    if done:
        flash(done, "success")
    return see("host.show", session_id=session_id)


def _about(session_id: int) -> dict[str, Any]:
    room = own_room(session_id)
    session = queries.session(session_id)
    if session is None:
        raise NotFound
    q = request.args.get("q", "")[:60].strip()
    changeable = room.card.status in CHANGEABLE
    return {
        "room": room,
        "card": room.card,
        "changeable": changeable,
        "points": checklist.standing(session, now=tools().clock()),
        "history": queries.history(session_id),
        "q": q,
        "goods": linkable(without=[item.sku for item in room.items], q=q) if changeable else [],
    }


def _cover() -> int | None:
    """The picture sent with the form, if there is one."""
    sent = request.files.get("cover")
    if sent is None or not sent.filename:
        return None
    kept = picturing.upload_picture(
        actor=me(), now=tools().clock(), store=tools().pictures, data=sent.read()
    )
    return kept.id


def _origins() -> tuple[str, ...]:
    return (tools().settings.base_url, *tools().settings.media_origins)
