"""Shows before the operator: reviewed, checked before they start, stopped where they must be."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.live import checklist, queries
from shop.domain.live.states import CHECKLIST, SessionStatus
from shop.flows import chatting, going_live
from shop.flows.show_rules import CHANGEABLE, check_may_tick
from shop.kernel.errors import DomainError, NotFound
from shop.reads import live as rooms
from shop.reads import room_lists, room_page
from shop.tools import tools
from shop.web.fields import Phone, Text
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.paging import decode, page
from shop.web.who import me, operator, signed_in
from shop.web.words import _

bp = Blueprint("shows", __name__, url_prefix="/shows")

LISTS = {
    "waiting": (SessionStatus.SUBMITTED,),
    "coming": (SessionStatus.SCHEDULED,),
    "live": room_lists.SHOWN["live"],
    "over": (*room_lists.SHOWN["ended"], SessionStatus.BANNED, SessionStatus.REJECTED),
}


class ReasonForm(FormSchema):
    """Why."""

    reason = Text(1, 200, required=True)


class CheckerForm(FormSchema):
    """Who checks."""

    phone = Phone(required=True)


@bp.get("")
@operator
def index() -> str:
    """What waits, comes up, is on air, or is over."""
    asked = request.args.get("list", "waiting")
    asked = asked if asked in LISTS else "waiting"
    found = room_lists.rooms(
        statuses=LISTS[asked],
        soonest_first=asked != "over",
        after=decode(request.args.get("after", "")),
    )
    return render("shows/index.html", at=asked, shows=found.rows, next=page(found)["next"])


@bp.get("/<id:session_id>")
@signed_in
def show(session_id: int) -> str:
    """One show with what there is to decide; its checker sees it too."""
    return render("shows/show.html", form=Form({}), **_about(session_id))


@bp.post("/<id:session_id>/approve")
@operator
def approve(session_id: int) -> ResponseReturnValue:
    """Announce it."""
    return _do(session_id, going_live.approve, _("Approved. It is announced now."))


@bp.post("/<id:session_id>/reject")
@operator
def reject(session_id: int) -> ResponseReturnValue:
    """Send it back."""
    return _do(session_id, going_live.reject, _("Sent back with your reason."), ReasonForm)


@bp.post("/<id:session_id>/ban")
@operator
def ban(session_id: int) -> ResponseReturnValue:
    """Stop it for good."""
    return _do(session_id, going_live.ban, _("Stopped. Viewers have been shown out."), ReasonForm)


@bp.post("/<id:session_id>/checker")
@operator
def appoint(session_id: int) -> ResponseReturnValue:
    """Let somebody else confirm the list."""
    done = _("They can confirm the checklist now.")
    return _do(session_id, going_live.appoint_checker, done, CheckerForm)


@bp.post("/<id:session_id>/checklist")
@signed_in
def tick(session_id: int) -> ResponseReturnValue:
    """Confirm what is ticked, and take back what is not."""
    ticked = set(request.form.getlist("point"))
    marks = {code: code in ticked for code in CHECKLIST}
    done = _("The checklist is kept for 24 hours.")
    return _do(session_id, going_live.tick_checklist, done, marks=marks)


@bp.post("/<id:session_id>/comments/<id:comment_id>/hide")
@operator
def hide(session_id: int, comment_id: int) -> ResponseReturnValue:
    """Take a comment off every screen."""
    return _do(session_id, chatting.hide_comment, _("Hidden."), comment_id=comment_id)


@bp.post("/<id:session_id>/comments/<id:comment_id>/unhide")
@operator
def unhide(session_id: int, comment_id: int) -> ResponseReturnValue:
    """Put a comment back."""
    return _do(session_id, chatting.unhide_comment, _("Shown again."), comment_id=comment_id)


def _do(
    session_id: int,
    verb: Callable[..., Any],
    done: str,
    schema: type[FormSchema] | None = None,
    **with_words: Any,
) -> ResponseReturnValue:
    form = Form.read(schema) if schema else Form({})
    if not form.ok:
        return render_form("shows/show.html", form, **_about(session_id))
    try:
        verb(session_id, actor=me(), now=tools().clock(), **form.data, **with_words)
    except DomainError as error:
        if error.code in {"not-found", "forbidden"}:
            raise
        return render_form("shows/show.html", form, error, **_about(session_id))
    tools().bus.wake(session_id)
    flash(done, "success")
    return see("shows.show", session_id=session_id)


def _about(session_id: int) -> dict[str, Any]:
    session = queries.session(session_id)
    if session is None:
        raise NotFound
    check_may_tick(session, me())
    room = rooms.room(session_id, actor=me())
    told = room_page.stories(room.items, now=tools().clock())
    history = queries.history(session_id)
    points = checklist.standing(session, now=tools().clock())
    people = {row.actor_id for row in history} | {point.checked_by for point in points}
    return {
        "room": room,
        "card": room.card,
        "told": told,
        "points": points,
        "history": history,
        "names": accounts.names({one for one in (*people, session.checker_id) if one}),
        "checker_id": session.checker_id,
        "open": session.status in CHANGEABLE,
    }
