"""Live rooms as viewers see them: which there are, and one with its card, shelf and talk."""

import time
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from shop.domain.live.shapes import Item
from shop.domain.live.states import ON_AIR, ItemStatus, SessionStatus
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
ON_PAGE = 15
"""Things of a shelf that a page shows at first, so that a phone on a weak line has it soon."""
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
    room = rooms.room(session_id, actor=me())
    return render("rooms/show.html", **_about(room, _for_sale(room)[:ON_PAGE]))


def _for_sale(room: Room) -> list[Item]:
    """What a viewer may buy: here while on air, else in the shop."""
    if room.card.status in ON_AIR:
        return [item for item in room.items if item.status is ItemStatus.ON]
    return [item for item in room.items if item.is_on_sale]


def _about(room: Room, shown: Sequence[Item]) -> dict[str, Any]:
    """What the room's templates need for these things of its shelf, and for the card."""
    now, on_air = tools().clock(), room.card.status in ON_AIR
    carded = [room.pinned] if room.pinned and room.pinned not in shown else []
    told = room_page.stories([*shown, *carded], now=now, at_shop_price=not on_air)
    return {
        "shown": shown,
        "total": len(_for_sale(room)),
        "room": room,
        "card": room.card,
        "on_air": on_air,
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
    """The whole shelf by fifteens; with ``?part=1`` alone and at once, for the room's script."""
    if "part" in request.args:
        return _part(session_id)
    room = rooms.room(session_id, actor=me())
    goods = _for_sale(room)
    after = min(max(request.args.get("after", 0, type=int), 0), len(goods))
    shown = goods[after : after + ON_PAGE]
    more = after + ON_PAGE if after + ON_PAGE < len(goods) else None
    return render("rooms/shelf.html", after=after, more=more, **_about(room, shown))


def _part(session_id: int) -> str:
    """Shelf and sellers after a change; a moment old at most."""
    room = rooms.room(session_id)
    key = (session_id, room.seq, str(get_locale()))
    made_at, html = _shelves.get(key, (0.0, ""))
    if not html or time.monotonic() - made_at > FRESH_S:
        html = render("rooms/_shelf.html", **_about(room, room.items))
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
