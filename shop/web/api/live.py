"""Shows: drafted, reviewed, started and ended; and the snapshot everybody may take."""

from collections.abc import Callable
from typing import Any

from flask import Response, json, url_for
from flask.views import MethodView

from shop.domain.live import checklist, queries
from shop.domain.live.states import PUBLIC, SessionStatus
from shop.flows import going_live
from shop.flows.show_rules import check_may_tick
from shop.kernel.errors import Forbidden, NotFound
from shop.reads import room_lists
from shop.tools import tools
from shop.web import live_shapes
from shop.web.api.live_schemas import (
    CheckerIn,
    ChecklistOut,
    MarksIn,
    PauseIn,
    ReasonIn,
    RoomCardOut,
    RoomOut,
    RoomsArgs,
    SessionIn,
    SessionPatch,
)
from shop.web.api.live_tags import act, shown
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import list_of
from shop.web.microcache import shared
from shop.web.paging import paged
from shop.web.who import me, operator, public, role, signed_in

bp = ApiBlueprint("live", __name__, description="Live sessions.")

HERE = "/live-sessions/<id:session_id>"
Shown = dict[str, Any]


def moved(verb: Callable[..., None], session_id: int, **with_words: Any) -> Shown:
    """Take one step, if the caller saw the newest version, and show where it led."""
    act(verb, session_id, **with_words)
    return shown(session_id)


@bp.route("/live-sessions")
class Sessions(MethodView):
    """Shows by starting time."""

    @bp.arguments(RoomsArgs, location="query")
    @bp.response(200, list_of(RoomCardOut))
    @public
    @shared
    def get(self, args: Shown) -> Shown:
        """On air and over: the newest first; coming up: the soonest first."""
        own = args["seen_as"] == "host"
        if (own and not me().is_host) or (args["seen_as"] == "operator" and not me().is_operator):
            raise Forbidden("your role does not include this")
        found = room_lists.rooms(
            statuses=_statuses(args["status"], everything=args["seen_as"] != "viewer"),
            limit=args["limit"],
            after=args["after"],
            soonest_first=args["status"] == "scheduled",
            host_id=me().user_id if own else None,
        )
        return paged(found, live_shapes.card)

    @bp.arguments(SessionIn)
    @bp.response(201, RoomOut)
    @role("host")
    def post(self, body: Shown) -> tuple[Shown, int, dict[str, str]]:
        """Draft a show; ``play_url`` is an HLS or MP4 address of this shop or its media origins."""
        session_id = going_live.create_session(
            actor=me(),
            now=tools().clock(),
            media_origins=origins(),
            cover_id=body.pop("cover"),
            **body,
        )
        where = url_for("api_live.Session", session_id=session_id)
        return shown(session_id), 201, {"Location": where}


def _statuses(asked: str | None, *, everything: bool) -> frozenset[SessionStatus]:
    if asked is not None:
        return frozenset(room_lists.SHOWN[asked])
    if everything:
        return frozenset(SessionStatus)
    return PUBLIC


def origins() -> tuple[str, ...]:
    """Where a picture may come from."""
    return (tools().settings.base_url, *tools().settings.media_origins)


@bp.route(HERE)
class Session(MethodView):
    """One room."""

    @bp.response(200, RoomOut)
    @public
    @shared
    def get(self, session_id: int) -> Response:
        """The snapshot; its ETag changes when anything but ``server_time`` does."""
        return Response(json.dumps(shown(session_id)), content_type="application/json")

    @bp.arguments(SessionPatch)
    @bp.response(200, RoomOut)
    @role("host")
    def patch(self, body: Shown, session_id: int) -> Shown:
        """Change a show; one that was rejected becomes a draft again."""
        if "cover" in body:
            body["cover_id"] = body.pop("cover")
        return moved(
            going_live.change_session,
            session_id,
            changes=body,
            media_origins=origins(),
        )


@bp.post(f"{HERE}/submit")
@bp.response(200, RoomOut)
@role("host")
def submit(session_id: int) -> Shown:
    """Hand a draft to the operator."""
    return moved(going_live.submit, session_id)


@bp.post(f"{HERE}/approve")
@bp.response(200, RoomOut)
@operator
def approve(session_id: int) -> Shown:
    """Schedule it."""
    return moved(going_live.approve, session_id)


@bp.post(f"{HERE}/reject")
@bp.arguments(ReasonIn)
@bp.response(200, RoomOut)
@operator
def reject(body: Shown, session_id: int) -> Shown:
    """Send it back with a reason."""
    return moved(going_live.reject, session_id, **body)


@bp.post(f"{HERE}/start")
@bp.response(200, RoomOut)
@role("host")
def start(session_id: int) -> Shown:
    """Go on air; 409 ``gate-incomplete`` names each thing that is missing."""
    return moved(going_live.start, session_id)


@bp.post(f"{HERE}/pause")
@bp.arguments(PauseIn)
@bp.response(200, RoomOut)
@role("host")
def pause(body: Shown, session_id: int) -> Shown:
    """Step away for a moment; the shelf goes on selling."""
    return moved(going_live.pause, session_id, **body)


@bp.post(f"{HERE}/resume")
@bp.response(200, RoomOut)
@role("host")
def resume(session_id: int) -> Shown:
    """Come back."""
    return moved(going_live.resume, session_id)


@bp.post(f"{HERE}/end")
@bp.response(200, RoomOut)
@role("host")
def end(session_id: int) -> Shown:
    """Go off air; what is unsold returns to the shop's shelf."""
    return moved(going_live.end, session_id)


@bp.post(f"{HERE}/ban")
@bp.arguments(ReasonIn)
@bp.response(200, RoomOut)
@operator
def ban(body: Shown, session_id: int) -> Shown:
    """Stop a show for good; viewers are shown out within a second."""
    return moved(going_live.ban, session_id, **body)


@bp.post(f"{HERE}/archive")
@bp.response(200, RoomOut)
@role("host", "operator")
def archive(session_id: int) -> Shown:
    """Put a show that is over out of the way."""
    return moved(going_live.archive, session_id)


@bp.put(f"{HERE}/checker")
@bp.arguments(CheckerIn)
@bp.response(204)
@operator
def appoint(body: Shown, session_id: int) -> None:
    """Let somebody other than the host confirm the checklist."""
    act(going_live.appoint_checker, session_id, **body)


@bp.route(f"{HERE}/checklist")
class Checklist(MethodView):
    """What another person than the host confirms before each show."""

    @bp.response(200, ChecklistOut)
    @signed_in
    def get(self, session_id: int) -> Shown:
        """Every point as it stands."""
        return _standing(session_id)

    @bp.arguments(MarksIn)
    @bp.response(200, ChecklistOut)
    @signed_in
    def put(self, body: Shown, session_id: int) -> Shown:
        """Confirm points, for 24 hours, or take a confirmation back."""
        act(going_live.tick_checklist, session_id, marks=body["items"])
        return _standing(session_id)


def _standing(session_id: int) -> Shown:
    session = queries.session(session_id)
    if session is None:
        raise NotFound
    check_may_tick(session, me())
    points = checklist.standing(session, now=tools().clock())
    return {
        "items": {point.code: point.ticked for point in points},
        "points": points,
        "complete": all(point.ticked for point in points),
    }
