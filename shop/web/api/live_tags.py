"""A room over the API with its tag: read as it is now, changed only as it was read."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import json

from shop.reads import live as rooms
from shop.tools import tools
from shop.web import etag, live_shapes
from shop.web.who import me

R = TypeVar("R")


def shown(session_id: int) -> dict[str, Any]:
    """The room for this caller; its tag names show and shelf by the session's version."""
    room = rooms.room(session_id, actor=me())
    found = live_shapes.snapshot(room, now=tools().clock())
    still = {name: value for name, value in found.items() if name != "server_time"}
    etag.tag(room.card.version, of=json.dumps(still))
    return found


def act(verb: Callable[..., R], session_id: int, *of_what: int, **with_words: Any) -> R:
    """Do one thing to a room unless the caller's ``If-Match`` is old; whoever listens is woken."""
    done = verb(
        session_id,
        *of_what,
        actor=me(),
        now=tools().clock(),
        expected_version=etag.expected_version(),
        **with_words,
    )
    tools().bus.wake(session_id)
    return done
