"""What happens in a room: stream, long poll, heartbeat."""

from contextlib import suppress
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

import marshmallow as ma
from flask import Response, current_app, request

from shop.domain.live import queries
from shop.domain.live.states import EventType
from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web import live_stream, live_ticker
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Pattern, QueryInt, QuerySchema, StrictSchema, Utc, Whole
from shop.web.ops import deadline
from shop.web.who import me, public

bp = ApiBlueprint("live_events", __name__, description="What happens in a live room.")

LONGEST_WAIT_S = 25


class EventsArgs(QuerySchema):
    """Where to go on; without it from now on. ``Last-Event-ID`` goes before it."""

    after = QueryInt(0, live_stream.MAX_SEQ, load_default=None)


class ChangesArgs(EventsArgs):
    """``wait`` is how many seconds to wait for a first event."""

    wait = QueryInt(0, LONGEST_WAIT_S, load_default=0)


class EventOut(ma.Schema):
    """One event; ``data`` is that of its type."""

    seq = Whole(required=True)
    type = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(one) for one in EventType])
    )
    data = ma.fields.Dict(required=True)
    at = Utc(required=True)


class ChangesOut(ma.Schema):
    """``gap`` says that events are missing before the first: take the snapshot."""

    events = ma.fields.List(ma.fields.Nested(EventOut), required=True)
    seq = Whole(required=True)
    gap = ma.fields.Boolean(required=True)


class PresenceIn(StrictSchema):
    """A viewer without an account says the same random text each time."""

    viewer = Pattern(r"^[A-Za-z0-9_-]{8,64}$", load_default=None)


@bp.get("/live-sessions/<id:session_id>/events")
@bp.arguments(EventsArgs, location="query")
@bp.response(200, content_type="text/event-stream")
@bp.alt_response(204, description="The show is over and nothing is left to tell.")
@deadline(None)
@public
def events(args: dict[str, Any], session_id: int) -> Response:
    """Events as they happen, each with ``id``, ``event`` and ``data``.

    ``Last-Event-ID`` (or ``?after=``) resumes. A caller more than 500 events behind gets the newest
    event only; the jump in ``id`` says that the snapshot must be taken. A comment line comes every
    15 seconds. The stream ends after a ``room.status`` of ended, banned or archived.
    """
    resumed = live_stream.last_event_id()
    return live_stream.stream(session_id, args["after"] if resumed is None else resumed)


@bp.get("/live-sessions/<id:session_id>/changes")
@bp.arguments(ChangesArgs, location="query")
@bp.response(200, ChangesOut)
@deadline(LONGEST_WAIT_S + 4.5)
@public
def changes(args: dict[str, Any], session_id: int) -> Response:
    """The same events as JSON, at the latest after ``wait`` seconds."""
    return live_stream.changes(session_id, args["after"], wait_s=args["wait"])


@bp.post("/live-sessions/<id:session_id>/presence")
@bp.arguments(PresenceIn)
@bp.response(204)
@public
def presence(body: dict[str, Any], session_id: int) -> None:
    """Say every 15 to 20 seconds that somebody is watching; after 45 they are counted no more."""
    here = tools().presence
    if session_id not in here.rooms():
        session = queries.session(session_id)
        if session is None or not queries.is_public(session):
            raise NotFound
    if (user_id := me().user_id) is not None:
        here.beat(session_id, f"u{user_id}")
    else:
        named = body["viewer"] or request.headers.get("User-Agent", "")
        address = _network(request.remote_addr or "")
        here.beat(session_id, _opaque(f"{address}\0{named}"), address=_opaque(address))
    live_ticker.ensure(current_app._get_current_object())  # type: ignore[attr-defined]


def _network(address: str) -> str:
    """Whom an address stands for: with IPv6 one subscriber has a whole /64."""
    with suppress(ValueError):
        found = ip_address(address)
        if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
            return str(IPv6Network((found, 64), strict=False))
    return address


def _opaque(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:24]
