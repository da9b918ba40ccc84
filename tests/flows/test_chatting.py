"""Comments: kept, normalised, masked; hidden and muted at once, in the history too."""

from datetime import timedelta

import pytest
from flask import Flask

from shop.domain.live import queries, talk
from shop.domain.live.errors import TooFast
from shop.domain.live.states import PUBLIC, SessionStatus
from shop.flows import chatting
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from shop.reads import live as rooms
from tests.builders import an_actor, an_operator
from tests.conftest import NOON
from tests.live_builders import a_host, a_live_show, a_show, events_of, put_in, types_of


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  你好\n 世界 ", "你好 世界"),
        ("e\u0301", "é"),
        ("a\u202eb\u200bc\x00d", "abcd"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_a_comment_is_normalised_and_kept_as_said(ctx: Flask, given: str, kept: str) -> None:
    show, _ = a_live_show(host=a_host())
    said = chatting.comment(show, actor=an_actor(name="张小花"), now=NOON, text=given)
    assert (said.text, said.name) == (kept, "张**")
    assert events_of(show)[-1].data == {
        "id": said.id,
        "name": "张**",
        "text": kept,
        "at": "2026-03-02T04:00:00.000Z",
    }


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u202e", "字" * 101])
def test_empty_and_endless_comments_are_refused(ctx: Flask, text: str) -> None:
    show, _ = a_live_show(host=a_host())
    with pytest.raises(Invalid):
        chatting.comment(show, actor=an_actor(), now=NOON, text=text)


def test_one_comment_a_second_and_only_on_air(ctx: Flask) -> None:
    show, _ = a_live_show(host=a_host())
    viewer = an_actor()
    chatting.comment(show, actor=viewer, now=NOON, text="一")
    with pytest.raises(TooFast):
        chatting.comment(show, actor=viewer, now=NOON + timedelta(milliseconds=900), text="二")
    chatting.comment(show, actor=viewer, now=NOON + timedelta(seconds=1), text="三")
    for status in set(SessionStatus) - {SessionStatus.LIVE, SessionStatus.PAUSED}:
        put_in(show, status)
        with pytest.raises(IllegalMove if status in PUBLIC else NotFound):
            chatting.comment(show, actor=viewer, now=NOON + timedelta(seconds=9), text="四")


def test_a_hidden_comment_is_gone_from_history_and_stays_in_the_books(ctx: Flask) -> None:
    host = a_host()
    show, _ = a_live_show(host=host)
    said = chatting.comment(show, actor=an_actor(), now=NOON, text="广告")
    chatting.hide_comment(show, said.id, actor=host, now=NOON)
    chatting.hide_comment(show, said.id, actor=host, now=NOON)
    assert rooms.said(show) == []
    assert [one.text for one in rooms.said(show, with_hidden=True)] == ["广告"]
    resumed = [event for event in events_of(show) if event.type == "comment.new"]
    assert resumed == []
    assert types_of(show)[-2:] == ["comment.hide", "comment.hide"]
    assert [row.to_status for row in queries.history(show)].count("hide") == 1
    chatting.unhide_comment(show, said.id, actor=host, now=NOON)
    assert [one.text for one in rooms.said(show)] == ["广告"]
    assert events_of(show)[-1].type == "comment.new"


def test_a_muted_viewer_is_silent_and_what_they_said_is_hidden(ctx: Flask) -> None:
    host, viewer = a_host(), an_actor()
    show, _ = a_live_show(host=host)
    first = chatting.comment(show, actor=viewer, now=NOON, text="一")
    chatting.comment(show, actor=viewer, now=NOON + timedelta(seconds=2), text="二")
    chatting.mute(show, first.id, actor=host, now=NOON + timedelta(seconds=3), minutes=10)
    assert rooms.said(show) == []
    with pytest.raises(Forbidden):
        chatting.comment(show, actor=viewer, now=NOON + timedelta(minutes=9), text="三")
    chatting.comment(show, actor=viewer, now=NOON + timedelta(minutes=11), text="四")
    chatting.mute(show, first.id, actor=an_operator(), now=NOON + timedelta(minutes=12))
    with pytest.raises(Forbidden):
        chatting.comment(show, actor=viewer, now=NOON + timedelta(days=300), text="五")
    chatting.unmute(show, first.id, actor=host, now=NOON + timedelta(days=300))
    chatting.comment(show, actor=viewer, now=NOON + timedelta(days=300, seconds=5), text="六")


def test_order_is_kept_by_the_rooms_own_host_or_the_operator(ctx: Flask) -> None:
    host = a_host()
    show, _ = a_live_show(host=host)
    said = chatting.comment(show, actor=an_actor(), now=NOON, text="一")
    other = a_show(host=a_host())
    for stranger in (an_actor(), a_host()):
        with pytest.raises(NotFound):
            chatting.hide_comment(show, said.id, actor=stranger, now=NOON)
        with pytest.raises(NotFound):
            chatting.mute(show, said.id, actor=stranger, now=NOON)
    with pytest.raises(NotFound):
        chatting.hide_comment(other, said.id, actor=an_operator(), now=NOON)
    chatting.hide_comment(show, said.id, actor=an_operator(), now=NOON)


def test_a_crowded_room_keeps_all_and_delivers_ten_a_second(ctx: Flask) -> None:
    show, _ = a_live_show(host=a_host())
    for _ in range(talk.DELIVERED_A_SECOND + 5):
        chatting.comment(show, actor=an_actor(), now=NOON, text="好")
    assert types_of(show).count("comment.new") == talk.DELIVERED_A_SECOND
    kept = queries.comments(show, limit=100)
    assert len(kept) == talk.DELIVERED_A_SECOND + 5


def test_a_slip_is_put_right_before_the_whole_room(ctx: Flask) -> None:
    host = a_host()
    show, _ = a_live_show(host=host)
    chatting.notice(show, actor=host, now=NOON, text="口误：每袋 500 克")
    assert events_of(show)[-1].data == {"text": "口误：每袋 500 克"}
    assert queries.history(show)[-1].to_status == "notice"
