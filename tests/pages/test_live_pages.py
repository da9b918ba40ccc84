"""Rooms, the host's pages and the console: what they show and do, and that words stay words."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.accounts.states import Role, TokenKind
from shop.domain.catalog import queries as catalog
from shop.domain.inventory.models import Stock
from shop.domain.live import shelf, talk
from shop.domain.live.models import LiveItem
from shop.domain.live.states import CHECKLIST, SessionStatus
from shop.flows import cataloguing, chatting, going_live, linking, pinning
from shop.kernel.actor import Actor
from shop.reads import live as rooms
from tests import builders as a
from tests.conftest import NOON, FixedClock
from tests.live_builders import (
    a_full_shelf,
    a_host,
    a_live_show,
    a_show,
    put_in,
    status_of,
    tick_all,
)
from tests.pages.markup import VECTORS, Shape

pytestmark = pytest.mark.usefixtures("ctx")

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def enter(client: FlaskClient, actor: Actor) -> None:
    """Sign this browser in, as the sign-in page does."""
    assert actor.user_id is not None
    token = a.a_token(actor.user_id, kind=TokenKind.PAGE)
    with client.session_transaction() as kept:
        kept["_user_id"] = token
        kept["_fresh"] = True


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def post(client: FlaskClient, path: str, seen: str, **form: object) -> tuple[int, str]:
    found = TOKEN.search(seen)
    assert found is not None
    sent = {"csrf_token": found[1], **form}
    db.session.rollback()
    answer = client.post(path, data=sent)
    return answer.status_code, answer.get_data(as_text=True)


@pytest.fixture
def host(ctx: Flask) -> Actor:
    return a_host(name="演示主播")


def test_a_room_shows_card_price_seller_and_where_the_money_goes(
    client: FlaskClient, host: Actor
) -> None:
    show, (item,) = a_live_show(host=host, on_hand=30, allotment=20)
    pinning.pin(show, item, actor=host, now=NOON)
    seen = page(client, f"/live/{show}?lang=en")
    card = seen.split('data-pin="', 1)[1].split("</section>", 1)[0]
    for words in ("演示香菇", "¥36.80", "/袋", "In stock", "Farmers", "Cooperative", "演示合作社",
                  "演示路 1 号", "0353-0000000", "licence", f"live_item={item}"):  # fmt: skip
        assert words in card, words
    assert f'data-seq="{rooms.room(show).seq}"' in seen
    assert f"/api/v1/live-sessions/{show}/events" in seen
    assert "<noscript>" in seen
    assert len(seen.encode()) < 60_000


def test_a_room_of_a_hundred_things_stays_a_page_and_all_are_reached_without_scripts(
    client: FlaskClient, host: Actor
) -> None:
    show = a_full_shelf(host=host)
    _say(show, ["一" * 100] * 30, talker=a.a_user())
    last = rooms.items(show)[99]
    _stock(last.sku)
    pinning.pin(show, last.id, actor=host, now=NOON)
    seen = page(client, f"/live/{show}?lang=en")
    assert len(seen.encode()) <= 60_000
    assert f'data-pin="{last.id}"' in seen
    link = re.search(r'href="([^"]+)" data-all>All 100 goods<', seen)
    assert link is not None
    found, path = list[str](), link[1]
    while path:
        seen = page(client, path)
        assert len(seen.encode()) <= 60_000
        found += re.findall(r'<li class="item[^"]*" data-item="(\d+)"', seen)
        more = re.search(r'rel="next" href="([^"]+)"', seen)
        path = more[1] if more else ""
    assert found == [str(item.id) for item in rooms.items(show)]
    whole = page(client, f"/live/{show}/shelf?part=1")
    assert "<html" not in whole
    assert re.findall(r'<li class="item[^"]*" data-item="(\d+)"', whole) == found
    page(client, f"/live/{show}/shelf?after=999999999999")
    page(client, f"/live/{show}/shelf?after=x")


@transactional
def _stock(sku: str) -> None:
    owner = db.session.scalars(select(LiveItem.cooperative_id).where(LiveItem.sku == sku)).one()
    db.session.add(Stock(sku=sku, cooperative_id=owner, on_hand=9))


def test_the_shops_price_stands_unstruck_beside_a_lower_one(
    client: FlaskClient, host: Actor
) -> None:
    """Only a strike price that has its evidence is struck through (pricing rules art. 16)."""
    home = a.a_cooperative()
    sku = a.a_sku(cooperative=home, on_hand=9, price_fen=3980, live_floor_fen=3000)
    show = a_show(host=host, status=SessionStatus.LIVE)
    linking.add_item(show, actor=host, now=NOON, sku=sku, live_price_fen=3500)
    plain = page(client, f"/live/{show}?lang=en")
    assert re.search(r'data-slot="price">¥35.00</span>', plain)
    assert re.search(r'data-slot="shop">in the shop <span data-slot="shop-price">¥39.80<', plain)
    assert not re.search(r"<s [^>]*>¥", plain)
    found = catalog.variant(sku)
    assert found is not None
    strike = {"strike_price_fen": 4500, "strike_basis": "retail_price", "strike_source": "标价签"}
    content = {"variants": [{"sku": sku, **strike}]}
    cataloguing.change_product(
        actor=a.a_manager(home), now=NOON, slug=found.product.slug, content=content
    )
    assert re.findall(r"<s [^>]*>(¥[^<]+)<", page(client, f"/live/{show}")) == ["¥45.00"]
    for status, words in (
        (SessionStatus.SCHEDULED, "in the show ¥35.00"),
        (SessionStatus.ENDED, ""),
    ):
        put_in(show, status)
        seen = page(client, f"/live/{show}?lang=en")
        assert re.search(r'data-slot="price">¥39.80</span>', seen)
        assert ("in the show" in seen) is bool(words)
        assert words in seen


def test_rooms_are_listed_by_what_they_are(client: FlaskClient, host: Actor) -> None:
    for status in ("draft", "scheduled", "live", "ended", "banned"):
        a_show(host=host, status=SessionStatus(status), title=f"场次 {status}")
    seen = page(client, "/live?lang=en")
    for status, shown in (
        ("scheduled", True), ("live", True), ("ended", True), ("draft", False), ("banned", False),
    ):  # fmt: skip
        assert (f"场次 {status}" in seen) is shown
    assert "场次 live" not in page(client, "/live?status=scheduled")


def test_a_room_before_and_after_its_show_sells_at_the_shops_price(
    client: FlaskClient, host: Actor
) -> None:
    show, _ = a_live_show(host=host)
    for status in (SessionStatus.SCHEDULED, SessionStatus.ENDED):
        put_in(show, status)
        seen = page(client, f"/live/{show}?lang=en")
        assert "live_item=1" not in seen.split("</template>")[0]
        assert "See the goods" in seen


def test_what_is_not_public_is_not_found(client: FlaskClient, host: Actor) -> None:
    draft = a_show(host=host, status=SessionStatus.DRAFT)
    page(client, f"/live/{draft}", 404)
    page(client, "/live/999999", 404)
    enter(client, host)
    page(client, f"/live/{draft}")


def test_a_banned_room_says_so_and_shows_nothing(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    going_live.ban(show, actor=a.an_operator(), now=NOON, reason="违规")
    seen = page(client, f"/live/{show}?lang=en")
    assert "stopped by the platform" in seen
    assert "演示香菇" not in seen


def test_a_viewer_comments_without_scripts(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    assert "/sign-in" in page(client, f"/live/{show}")
    enter(client, a.an_actor(name="张小花"))
    seen = page(client, f"/live/{show}?lang=en")
    assert post(client, f"/live/{show}/comments", seen, text="多少钱？")[0] == 303
    again = page(client, f"/live/{show}")
    assert "张**" in again
    assert "多少钱？" in again
    assert "张小花" not in again.split("<main")[1].split("</main>")[0]
    assert post(client, f"/live/{show}/comments", seen, text="太快")[0] == 303
    assert "One comment a second" in page(client, f"/live/{show}?lang=en").replace("one c", "One c")


def test_a_host_plans_fills_and_hands_in_a_show(client: FlaskClient, host: Actor) -> None:
    sku = a.a_sku(on_hand=20, price_fen=3980, live_floor_fen=3000)
    enter(client, host)
    seen = page(client, "/host/sessions/new?lang=en")
    status, body = post(client, "/host/sessions/new", seen, title="", starts_at="2026-03-02T20:00")
    assert status == 422
    status, _ = post(
        client, "/host/sessions/new", seen, title="演示晚场", starts_at="2026-03-02T20:00"
    )
    assert status == 303
    assert "演示晚场" in page(client, "/host/sessions")
    show = 1
    seen = page(client, f"/host/sessions/{show}?lang=en")
    assert "not below ¥30.00" in seen
    status, body = post(
        client, f"/host/sessions/{show}/items", seen, sku=sku, live_price_fen="29.99"
    )
    assert status == 422
    assert "below the cooperative" in body
    status, _ = post(
        client, f"/host/sessions/{show}/items", seen, sku=sku, live_price_fen="36.80", allotment="9"
    )
    assert status == 303
    (item,) = rooms.items(show)
    assert (item.live_price_fen, item.allotment) == (3680, 9)
    assert post(client, f"/host/sessions/{show}/submit", seen)[0] == 303
    assert status_of(show) is SessionStatus.SUBMITTED


def test_terms_are_changed_moved_and_removed_on_the_hosts_page(
    client: FlaskClient, host: Actor
) -> None:
    show, (first, second) = a_live_show(host=host, items=2, allotment=5)
    enter(client, host)
    seen = page(client, f"/host/sessions/{show}?lang=en")
    here = f"/host/sessions/{show}/items"
    assert post(client, f"{here}/{second}/move", seen, by="-1")[0] == 303
    assert [item.id for item in rooms.items(show)] == [second, first]
    terms = {"allotment": "7", "per_buyer_max": "2"}
    assert post(client, f"{here}/{first}", seen, **terms)[0] == 428
    assert post(client, f"{here}/{first}", seen, **terms, version=_version(seen))[0] == 412
    seen = page(client, f"/host/sessions/{show}?lang=en")
    assert post(client, f"{here}/{first}", seen, **terms, version=_version(seen))[0] == 303
    assert (rooms.item(show, first).allotment, rooms.item(show, first).per_buyer_max) == (7, 2)
    assert post(client, f"{here}/{first}/remove", seen)[0] == 303
    assert [item.id for item in rooms.items(show)] == [second]


def _version(seen: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', seen)
    assert found is not None
    return found[1]


def test_an_old_edit_page_does_not_overwrite(client: FlaskClient, host: Actor) -> None:
    show = a_show(host=host, status=SessionStatus.DRAFT)
    enter(client, host)
    seen = page(client, f"/host/sessions/{show}/edit?lang=en")
    words = {"title": "新标题", "starts_at": "2026-03-02T20:00"}
    path = f"/host/sessions/{show}/edit"
    assert post(client, path, seen, **words)[0] == 428
    assert post(client, path, seen, **words, version="1")[0] == 303
    assert post(client, path, seen, **words, version="1")[0] == 412


def test_an_unchanged_time_is_no_change_however_late_it_is(
    client: FlaskClient, host: Actor, clock: FixedClock
) -> None:
    show = a_show(host=host, starts_at=NOON + timedelta(seconds=90))
    enter(client, host)
    path = f"/host/sessions/{show}/edit"
    seen = page(client, f"{path}?lang=en")
    clock.tick(hours=3)
    time = {"title": "x", "starts_at": "2026-03-02T12:01"}
    assert post(client, path, seen, **time, version=_version(seen))[0] == 303
    put_in(show, SessionStatus.LIVE)
    seen = page(client, f"{path}?lang=en")
    assert "readonly" in seen
    assert post(client, path, seen, **time, version=_version(seen))[0] == 303
    later = time | {"starts_at": "2026-03-02T16:00"}
    seen = page(client, f"{path}?lang=en")
    assert post(client, path, seen, **later, version=_version(seen))[0] == 409


def test_the_console_runs_the_show(client: FlaskClient, host: Actor) -> None:
    show, (first, second) = a_live_show(host=host, items=2, on_hand=30, allotment=20)
    said = chatting.comment(show, actor=a.an_actor(name="张三"), now=NOON, text="你好")
    enter(client, host)
    here = f"/host/sessions/{show}/console"
    seen = page(client, f"{here}?lang=en")
    assert "Orders of the last ten minutes" in seen
    assert post(client, f"{here}/pin", seen, item_id=first)[0] == 303
    pinned = shelf.open_pin(show)
    assert pinned is not None
    assert pinned.item_id == first
    figures = client.get(f"{here}/figures.json").json
    assert figures["pinned_item_id"] == first
    assert figures["items"][0]["remaining"] == 20
    assert {"viewers", "orders", "paid_fen"} <= figures["figures"].keys()
    assert post(client, f"{here}/items/{second}/price", seen, live_price_fen="36.80")[0] == 303
    assert post(client, f"{here}/items/{second}/off", seen)[0] == 303
    assert rooms.item(show, second).status == "off"
    assert post(client, f"{here}/comments/{said.id}/hide", seen)[0] == 303
    assert rooms.said(show) == []
    for verb, status in (("pause", "paused"), ("resume", "live"), ("end", "ended")):
        assert post(client, f"{here}/{verb}", seen)[0] == 303
        assert status_of(show) == status


def test_a_script_gets_a_problem_and_a_page_gets_words(client: FlaskClient, host: Actor) -> None:
    show, (item,) = a_live_show(host=host, on_hand=0)
    enter(client, host)
    here = f"/host/sessions/{show}/console"
    seen = page(client, f"{here}?lang=en")
    assert post(client, f"{here}/pin", seen, item_id=item)[0] == 303
    assert "nothing is left of this item" in page(client, f"{here}?lang=en")
    token = TOKEN.search(seen)
    assert token is not None
    answer = client.post(
        f"{here}/pin",
        data={"csrf_token": token[1], "item_id": item},
        headers={"Accept": "application/json"},
    )
    assert (answer.status_code, answer.json["code"]) == (409, "insufficient-stock")


def test_another_hosts_pages_are_not_found_and_a_buyers_are_closed(
    client: FlaskClient, host: Actor
) -> None:
    show, _ = a_live_show(host=host)
    ways = ("", "/edit", "/console", "/console/figures.json")
    paths = [f"/host/sessions/{show}{way}" for way in ways]
    enter(client, a_host())
    for path in paths:
        page(client, path, 404)
    enter(client, a.an_actor())
    for path in (*paths, "/host/sessions", "/shows"):
        page(client, path, 403)
    page(client, f"/shows/{show}", 404)
    enter(client, host)
    page(client, f"/shows/{show}", 403)


def test_the_operator_decides_checks_and_stops(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    put_in(show, SessionStatus.SUBMITTED)
    enter(client, a.an_operator())
    assert "演示场次" in page(client, "/shows?lang=en")
    here = f"/shows/{show}"
    seen = page(client, f"{here}?lang=en")
    assert post(client, f"{here}/approve", seen)[0] == 303
    assert post(client, f"{here}/checklist", seen, point=list(CHECKLIST))[0] == 303
    going_live.start(show, actor=host, now=NOON)
    assert post(client, f"{here}/ban", seen, reason="")[0] == 422
    assert post(client, f"{here}/ban", seen, reason="违规")[0] == 303
    assert status_of(show) is SessionStatus.BANNED


def test_an_appointed_checker_sees_and_ticks_the_list(client: FlaskClient, host: Actor) -> None:
    show, _ = a_live_show(host=host)
    put_in(show, SessionStatus.SCHEDULED)
    checker = a.an_actor(phone="13700007777")
    going_live.appoint_checker(show, actor=a.an_operator(), now=NOON, phone="+8613700007777")
    enter(client, checker)
    seen = page(client, f"/shows/{show}?lang=en")
    assert "Stop the show" not in seen
    assert post(client, f"/shows/{show}/checklist", seen, point=list(CHECKLIST))[0] == 303
    going_live.start(show, actor=host, now=NOON)


def test_a_show_with_something_missing_stays_and_says_where_to_look(
    client: FlaskClient, host: Actor
) -> None:
    show = a_show(host=host)
    enter(client, host)
    here = f"/host/sessions/{show}/console"
    seen = page(client, f"{here}?lang=en")
    assert post(client, f"{here}/start", seen)[0] == 303
    assert "cannot start yet" in page(client, f"{here}?lang=en")
    assert status_of(show) is SessionStatus.SCHEDULED
    tick_all(show)


def test_there_are_more_than_two_hundred_vectors() -> None:
    assert len(set(VECTORS)) > 200


@transactional
def _say(show: int, words: list[str], *, talker: int) -> None:
    for number, text in enumerate(words):
        talk.say(
            show,
            user_id=talker,
            name="<b onmouseover=alert(1)>x",
            text=text,
            now=NOON + timedelta(seconds=2 * number),
        )


def test_words_of_viewers_stay_words_on_every_page(
    client: FlaskClient, host: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """275 comments a page: the page has the shape it has with harmless ones."""
    monkeypatch.setattr(rooms, "COMMENTS", 400)
    monkeypatch.setattr(rooms.said, "__kwdefaults__", {"with_hidden": False, "limit": 400})
    room, _ = a_live_show(host=host)
    calm, _ = a_live_show(host=host)
    talker = a.a_user()
    _say(room, [vector[:100] for vector in VECTORS], talker=talker)
    _say(calm, ["好"] * len(VECTORS), talker=talker)
    operator = a.an_actor(roles=(Role.OPERATOR,))
    for actor, path in (
        (None, "/live/{}?lang=en"),
        (host, "/host/sessions/{}/console?lang=en"),
        (operator, "/shows/{}?lang=en"),
    ):
        if actor:
            enter(client, actor)
        wild, plain = Shape(page(client, path.format(room))), Shape(page(client, path.format(calm)))
        assert wild.tags == plain.tags, path
        words = " ".join("".join(wild.words).split())
        for vector in VECTORS[:40]:
            assert vector[:100] in words, vector


@pytest.mark.parametrize("vector", VECTORS[:: len(VECTORS) // 24])
def test_words_of_a_host_stay_words(client: FlaskClient, host: Actor, vector: str) -> None:
    wild = a_show(host=host, title=vector[:80], intro=vector)
    calm = a_show(host=host, title="好", intro="好")
    assert Shape(page(client, f"/live/{wild}")).tags == Shape(page(client, f"/live/{calm}")).tags
    listed = Shape(page(client, "/live"))
    assert not [tag for tag, attrs in listed.tags if any(name.startswith("on") for name in attrs)]
    answer = client.get(f"/api/v1/live-sessions/{wild}")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "application/json"
    assert answer.json["title"] == " ".join(vector[:80].split())


def test_scripts_put_words_into_text_and_nowhere_else() -> None:
    """What live events carry reaches the page by ``textContent`` only."""
    from pathlib import Path

    code = (Path(__file__).parents[2] / "shop/static/js/live.js").read_text()
    assert code.count("innerHTML") == 1
    assert "innerHTML = await response.text()" in code
    assert "insertAdjacentHTML" not in code
    assert "document.write" not in code
