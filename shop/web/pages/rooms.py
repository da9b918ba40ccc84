"""Live rooms as viewers see them: which there are, and one with its card, shelf and talk."""

import time
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from shop.domain.live.states import ON_AIR, SessionStatus
from shop.flows import chatting
from shop.kernel.errors import DomainError, Invalid
from shop.keyset import Keyset
from shop.reads import live as rooms
from shop.reads import room_lists, room_page
from shop.reads.live import Room
from shop.tools import tools
from shop.web.fields import Text
from shop.web.limits import limit
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.paging import decode, page
from shop.web.problems import said
from shop.web.who import me, public, signed_in, wants_json

bp = Blueprint("rooms", __name__, url_prefix="/live")

ON_INDEX = 12
FRESH_S = 1.0
MOST_SHELVES = 64

_shelves: dict[tuple[int, int, str], tuple[float, str]] = {}


class SayForm(FormSchema):
    """What a viewer says."""

    text = Text(1, 100, required=True)


@bp.get("")
@public
def index() -> str:
    """On air now, coming up, and what there was; one of them in full with ``?status=``."""
    asked = request.args.get("status", "")
    if asked in room_lists.SHOWN:
        found = _shows(asked, limit=24, after=decode(request.args.get("after", "")))
        return render("rooms/list.html", status=asked, shows=found.rows, next=page(found)["next"])
    return render(
        "rooms/index.html",
        live=_shows("live").rows,
        coming=_shows("scheduled").rows,
        over=_shows("ended", limit=6).rows,
    )


def _shows(status: str, *, limit: int = ON_INDEX, after: Any = None) -> Keyset:
    return room_lists.rooms(
        statuses=room_lists.SHOWN[status],
        limit=limit,
        after=after,
        soonest_first=status == "scheduled",
    )


@bp.get("/<id:session_id>")
@public
def show(session_id: int) -> str:
    """One room; without scripts a link shows the next moment."""
    return render("rooms/show.html", **about(rooms.room(session_id, actor=me())))


def about(room: Room) -> dict[str, Any]:
    """What the room's template needs."""
    now = tools().clock()
    told = room_page.stories(room.items, now=now)
    return {
        "room": room,
        "card": room.card,
        "on_air": room.card.status in ON_AIR,
        "coming": room.card.status is SessionStatus.SCHEDULED,
        "told": told,
        "sellers": room_page.sellers(told),
        "said": [one for one in room.comments if not one.hidden],
        "now": now,
        "buy_url": url_for("checkout.start", quantity=1, live_item=0),
    }


@bp.get("/<id:session_id>/shelf")
@public
def shelf(session_id: int) -> str:
    """Shelf and sellers alone, for the page's script after a change; a moment old at most."""
    room = rooms.room(session_id)
    key = (session_id, room.seq, str(get_locale()))
    made_at, html = _shelves.get(key, (0.0, ""))
    if not html or time.monotonic() - made_at > FRESH_S:
        html = render("rooms/_shelf.html", **about(room))
        if len(_shelves) >= MOST_SHELVES:
            _shelves.clear()
        _shelves[key] = (time.monotonic(), html)
    return html


@bp.post("/<id:session_id>/comments")
@limit("comment")
@signed_in
def comment(session_id: int) -> ResponseReturnValue:
    """Say something; without scripts the page comes back with it."""
    form = Form.read(SayForm)
    try:
        if not form.ok:
            raise Invalid(form.error("text") or form.message)
        chatting.comment(session_id, actor=me(), now=tools().clock(), **form.data)
    except DomainError as error:
        if wants_json() or error.code == "not-found":
            raise
        flash(said(error.detail), "warning")
        return see("rooms.show", session_id=session_id)
    tools().bus.wake(session_id)
    return see("rooms.show", session_id=session_id)
