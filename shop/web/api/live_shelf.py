"""The host's hands in a room: shelf and card; and what is said there."""

from typing import Any

from flask import url_for
from flask.views import MethodView

from shop.domain.live import queries
from shop.domain.live.shapes import for_host
from shop.flows import chatting, linking, pinning
from shop.reads import live as rooms
from shop.tools import tools
from shop.web import etag
from shop.web.api.live_schemas import (
    CommentIn,
    CommentOut,
    ItemIn,
    ItemOut,
    ItemPatch,
    MuteIn,
    PinIn,
    RoomOut,
    ShelfOrderIn,
)
from shop.web.api.live_tags import act, shown
from shop.web.api.resource import ApiBlueprint
from shop.web.limits import limit
from shop.web.who import me, role, signed_in

bp = ApiBlueprint("live_shelf", __name__, description="The shelf, the card and the comments.")

HERE = "/live-sessions/<id:session_id>"
COMMENT = f"{HERE}/comments/<id:comment_id>"
Shown = dict[str, Any]


def item_of(session_id: int, item_id: int) -> Shown:
    """A thing on the shelf as its host sees it; its version is the shelf's."""
    session = queries.session(session_id)
    if session is not None:
        etag.tag(session.version)
    return for_host(rooms.item(session_id, item_id))


@bp.route(f"{HERE}/items")
class Items(MethodView):
    """The shelf."""

    @bp.arguments(ItemIn)
    @bp.response(201, ItemOut)
    @role("host")
    def post(self, body: Shown, session_id: int) -> tuple[Shown, int, dict[str, str]]:
        """Put a SKU at the end of the shelf; its price keeps the cooperative's floor."""
        item_id = act(linking.add_item, session_id, **body)
        where = url_for("api_live_shelf.Item", session_id=session_id, item_id=item_id)
        return item_of(session_id, item_id), 201, {"Location": where}


@bp.put(f"{HERE}/items/order")
@bp.arguments(ShelfOrderIn)
@bp.response(200, RoomOut)
@role("host")
def reorder(body: Shown, session_id: int) -> Shown:
    """Number the shelf in this order; every item stands once."""
    act(linking.reorder, session_id, item_ids=body["items"])
    return shown(session_id)


@bp.route(f"{HERE}/items/<id:item_id>")
class Item(MethodView):
    """One thing on the shelf."""

    @bp.arguments(ItemPatch)
    @bp.response(200, ItemOut)
    @role("host")
    def patch(self, body: Shown, session_id: int, item_id: int) -> Shown:
        """Change price, allotment, maximum or status; viewers see it at once."""
        act(linking.change_item, session_id, item_id, changes=body)
        return item_of(session_id, item_id)

    @bp.response(204)
    @role("host")
    def delete(self, session_id: int, item_id: int) -> None:
        """Take it off; its unsold units return to the shop's shelf."""
        act(linking.remove_item, session_id, item_id)


@bp.route(f"{HERE}/pin")
class Pin(MethodView):
    """The card on the screen."""

    @bp.arguments(PinIn)
    @bp.response(200, RoomOut)
    @role("host")
    def put(self, body: Shown, session_id: int) -> Shown:
        """Pin an item that can be bought; the former comes off."""
        act(pinning.pin, session_id, body["item_id"])
        return shown(session_id)

    @bp.response(204)
    @role("host")
    def delete(self, session_id: int) -> None:
        """Take the card off."""
        act(pinning.unpin, session_id)


@bp.post(f"{HERE}/comments")
@bp.arguments(CommentIn)
@bp.response(201, CommentOut)
@limit("comment")
@signed_in
def say(body: Shown, session_id: int) -> Shown:
    """Say something in a room on air."""
    said = chatting.comment(session_id, actor=me(), now=tools().clock(), text=body["text"])
    tools().bus.wake(session_id)
    return {"id": said.id, "name": said.name, "text": said.text, "at": said.at}


@bp.post(f"{COMMENT}/hide")
@bp.response(204)
@role("host", "operator")
def hide(session_id: int, comment_id: int) -> None:
    """Take a comment off every screen; it stays in the books."""
    chatting.hide_comment(session_id, comment_id, actor=me(), now=tools().clock())
    tools().bus.wake(session_id)


@bp.post(f"{COMMENT}/unhide")
@bp.response(204)
@role("host", "operator")
def unhide(session_id: int, comment_id: int) -> None:
    """Put a hidden comment back."""
    chatting.unhide_comment(session_id, comment_id, actor=me(), now=tools().clock())
    tools().bus.wake(session_id)


@bp.post(f"{COMMENT}/mute")
@bp.arguments(MuteIn)
@bp.response(204)
@role("host", "operator")
def mute(body: Shown, session_id: int, comment_id: int) -> None:
    """Keep whoever said this from commenting here, and hide what they said."""
    chatting.mute(session_id, comment_id, actor=me(), now=tools().clock(), **body)
    tools().bus.wake(session_id)


@bp.post(f"{COMMENT}/unmute")
@bp.response(204)
@role("host", "operator")
def unmute(session_id: int, comment_id: int) -> None:
    """Let them speak again."""
    chatting.unmute(session_id, comment_id, actor=me(), now=tools().clock())


@bp.post(f"{HERE}/notices")
@bp.arguments(CommentIn)
@bp.response(204)
@role("host", "operator")
def notice(body: Shown, session_id: int) -> None:
    """Tell the whole room something."""
    chatting.notice(session_id, actor=me(), now=tools().clock(), text=body["text"])
    tools().bus.wake(session_id)
