"""The host's console: the whole show on one screen."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, json
from flask.typing import ResponseReturnValue

from shop.domain.live import queries
from shop.domain.live.states import ON_AIR, SessionStatus
from shop.flows import chatting, going_live, linking, pinning
from shop.kernel.clock import rfc3339
from shop.kernel.errors import DomainError, Invalid, NotFound
from shop.reads import console as reads
from shop.tools import tools
from shop.web.fields import Text
from shop.web.form_fields import FormInt, Yuan
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.pages.host import own_room
from shop.web.problems import kind_of, said
from shop.web.who import me, role, wants_json
from shop.web.words import _

bp = Blueprint("console", __name__, url_prefix="/host/sessions/<id:session_id>/console")


class PinForm(FormSchema):
    """What goes on the card."""

    item_id = FormInt(1, 2**53, required=True)


class PriceForm(FormSchema):
    """A new live price; empty is the shop's price."""

    live_price_fen = Yuan(1, load_default=None)


class TextForm(FormSchema):
    """A sentence for the whole room."""

    text = Text(1, 100, required=True)


@bp.get("")
@role("host")
def show(session_id: int) -> ResponseReturnValue:
    """Picture, shelf, orders, talk and figures; a show that is not near leads to its own page."""
    room = own_room(session_id)
    if room.card.status not in {*ON_AIR, SessionStatus.SCHEDULED, SessionStatus.ENDED}:
        return see("host.show", session_id=session_id)
    session = queries.session(session_id)
    if session is None:
        raise NotFound
    return render(
        "console/show.html",
        room=room,
        card=room.card,
        on_air=room.card.status in ON_AIR,
        figures=reads.figures(session),
        orders=reads.last_orders(session_id, now=tools().clock()),
    )


@bp.get("/figures.json")
@role("host")
def figures(session_id: int) -> Response:
    """What the console's script asks for every two seconds."""
    room = own_room(session_id)
    session = queries.session(session_id)
    if session is None:
        raise NotFound
    body = {
        "status": str(room.card.status),
        "pinned_item_id": room.pinned_item_id,
        "figures": vars(reads.figures(session)),
        "orders": [
            vars(order) | {"at": rfc3339(order.at)}
            for order in reads.last_orders(session_id, now=tools().clock())
        ],
        "items": [
            {
                "id": item.id,
                "status": str(item.status),
                "remaining": item.remaining,
                "sold": item.sold,
                "held": item.held,
                "live_price_fen": item.now_fen,
            }
            for item in room.items
        ],
    }
    return Response(json.dumps(body), content_type="application/json")


@bp.post("/pin")
@role("host")
def pin(session_id: int) -> ResponseReturnValue:
    """Put a thing on the card."""
    return _with(PinForm, session_id, pinning.pin)


@bp.post("/unpin")
@role("host")
def unpin(session_id: int) -> ResponseReturnValue:
    """Take the card off."""
    return _do(session_id, pinning.unpin)


@bp.post("/start")
@role("host")
def start(session_id: int) -> ResponseReturnValue:
    """Go on air."""
    return _do(session_id, going_live.start)


@bp.post("/pause")
@role("host")
def pause(session_id: int) -> ResponseReturnValue:
    """Step away."""
    return _do(session_id, going_live.pause)


@bp.post("/resume")
@role("host")
def resume(session_id: int) -> ResponseReturnValue:
    """Come back."""
    return _do(session_id, going_live.resume)


@bp.post("/end")
@role("host")
def end(session_id: int) -> ResponseReturnValue:
    """Go off air."""
    return _do(session_id, going_live.end)


@bp.post("/items/<id:item_id>/price")
@role("host")
def price(session_id: int, item_id: int) -> ResponseReturnValue:
    """Change the live price; every screen shows it within a second."""
    form = _read(PriceForm)
    return _do(session_id, linking.change_item, item_id=item_id, changes=form.data)


@bp.post("/items/<id:item_id>/on")
@role("host")
def put_on(session_id: int, item_id: int) -> ResponseReturnValue:
    """Sell it again."""
    return _do(session_id, linking.change_item, item_id=item_id, changes={"status": "on"})


@bp.post("/items/<id:item_id>/off")
@role("host")
def take_off(session_id: int, item_id: int) -> ResponseReturnValue:
    """Stop selling it, without taking it from the shelf."""
    return _do(session_id, linking.change_item, item_id=item_id, changes={"status": "off"})


@bp.post("/comments/<id:comment_id>/hide")
@role("host")
def hide(session_id: int, comment_id: int) -> ResponseReturnValue:
    """Take a comment off every screen."""
    return _do(session_id, chatting.hide_comment, comment_id=comment_id)


@bp.post("/comments/<id:comment_id>/mute")
@role("host")
def mute(session_id: int, comment_id: int) -> ResponseReturnValue:
    """Silence its speaker for this show."""
    return _do(session_id, chatting.mute, comment_id=comment_id)


@bp.post("/notice")
@role("host")
def notice(session_id: int) -> ResponseReturnValue:
    """Put a slip right before the whole room."""
    return _with(TextForm, session_id, chatting.notice)


def _read(schema: type[FormSchema]) -> Form:
    form = Form.read(schema)
    if not form.ok:
        raise Invalid(form.message or next(iter(form.errors.values())))
    return form


def _with(
    schema: type[FormSchema], session_id: int, verb: Callable[..., Any]
) -> ResponseReturnValue:
    return _do(session_id, verb, **_read(schema).data)


def _do(session_id: int, verb: Callable[..., Any], **with_words: Any) -> ResponseReturnValue:
    """Scripts get a refusal as a problem, pages as words above the console."""
    try:
        verb(session_id, actor=me(), now=tools().clock(), **with_words)
    except DomainError as error:
        if wants_json() or error.code == "not-found":
            raise
        flash(_refusal(error), "error")
    else:
        tools().bus.wake(session_id)
    return see("console.show", session_id=session_id)


def _refusal(error: DomainError) -> str:
    if error.code == "gate-incomplete":
        return _("The show cannot start yet. Its page says what is missing.")
    return said(error.detail) or str(kind_of(error.code).title)
