"""DESIGN law 9 on pages: every page × role × somebody else's id; a page unknown here fails.

The tables are in ``route_tables.py`` and ``named_tables.py``.
"""

import itertools
import re
from typing import Any

import pytest
from flask import Flask

from tests.api.calling import NOBODY, REFUSALS, address, fill, named_in, refusal
from tests.api.county import County
from tests.api.named_tables import Named
from tests.pages.markup import Shape
from tests.pages.named_tables import NAMED
from tests.pages.route_tables import OWN, OWNED, PLATFORM, SHARED, THINGS
from tests.pages.visitors import Visitor, text_of
from tests.pages.walking import ids_for, pages

VERSION = re.compile(r'name="version" value="(\d+)"')
JSON = {"Accept": "application/json"}
NOTHING = {
    "cooperative": "no-such-thing",
    "sku": "NO-SUCH",
    "code": "2222-22222",
    "number": "260101-ZZZZZZZZZZ",
    "slip_no": "W260101-ZZZZZZ",
}


def test_every_page_is_in_one_table(bare: Flask) -> None:
    tables = [SHARED, OWN, PLATFORM, set(OWNED)]
    for one, two in itertools.combinations(tables, 2):
        assert one & two == set()
    assert pages(bare) == set().union(*tables)
    assert {row.route for row in NAMED} <= pages(bare)
    assert len([route for route in OWNED if "<" in route]) == len(OWNED) >= 100


def test_somebody_elses_page_is_as_absent_as_nothing(furnished: County) -> None:
    app, world = furnished.app, furnished.world
    outsiders = {role: Visitor(app, user) for role, user in world.outsiders()}
    stranger, operator = Visitor(app), Visitor(app, world.first["operator"])
    before = furnished.rows()
    for route, form in OWNED.items():
        sent = {"version": "1", **(fill(form, world.ids) or {})}
        theirs = address(route, ids_for(route, world.ids))
        nothing = address(route, ids_for(route, {}))
        seen = set()
        for role, visitor in outsiders.items():
            answer = visitor.call(route, theirs, sent, **JSON)
            assert refusal(answer) in REFUSALS, f"{role}: {route}: {answer.data!r}"
            seen.add(answer.status_code)
        page, empty = (outsiders["third"].call(route, path, sent) for path in (theirs, nothing))
        assert page.status_code in seen, route
        assert text_of(page, path=theirs) == text_of(empty, path=nothing), route
        if 404 not in seen:
            seen.add(operator.call(route, nothing, sent).status_code)
        assert 404 in seen, f"nobody at all reaches {route}"
        led = stranger.call(route, theirs, sent)
        assert led.status_code == 303, route
        assert led.headers["Location"].startswith("/sign-in?next=/"), route
    assert changes(before, furnished.rows()) == set()


def changes(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_what_is_not_public_yet_is_as_absent_as_nothing(furnished: County) -> None:
    world = furnished.world
    hidden = {"session_id": world.ids["draft"], "slug": world.ids["draft_slug"]}
    visitors = [Visitor(furnished.app)]
    visitors += [Visitor(furnished.app, user) for _, user in world.outsiders()]
    for visitor in visitors:
        for route in sorted(SHARED):
            if not named_in(route) & hidden.keys() or route.endswith("/choose"):
                continue
            if any(route.partition(" ")[2].startswith(prefix) for prefix in THINGS):
                continue
            theirs, nothing = address(route, hidden), address(route, {})
            answers = [visitor.call(route, path, {"text": "好"}) for path in (theirs, nothing)]
            codes = {answer.status_code for answer in answers}
            assert codes in ({404}, {303}), route
            assert codes == {404} or "sign-in" in answers[0].headers["Location"], route
            assert text_of(answers[0], path=theirs) == text_of(answers[1], path=nothing), route


@pytest.fixture
def visitors(furnished: County) -> dict[str, Visitor]:
    """The second and third tenants' browsers by role."""
    return {role: Visitor(furnished.app, user) for role, user in furnished.world.outsiders()}


def test_what_a_form_names_of_others_is_as_absent_as_nothing(
    furnished: County, visitors: dict[str, Visitor]
) -> None:
    ids = furnished.world.ids
    nothing = {name: NOTHING.get(name, NOBODY) for name in ids} | {"public_sku": ids["public_sku"]}
    for row in NAMED:
        visitor = visitors[row.who]
        theirs = outcome(visitor, row, fill(row.what, ids), ids)
        absent = outcome(visitor, row, fill(row.what, nothing), ids)
        assert theirs == absent, row
        whose = "third" if row.who == "third" else "other"
        own = {name: ids.get(f"{whose}_{name}") for name in ids}
        mine = outcome(visitor, row, fill(row.own, ids) if row.own else fill(row.what, own), ids)
        assert mine != theirs or row.what.keys() == {"address"}, f"{row}: one's own is told apart"
        assert mine[0] < 400, f"{row} as one's own: {mine}"


def outcome(
    visitor: Visitor, row: Named, what: dict[str, Any], ids: dict[str, Any]
) -> tuple[int, str, list[str]]:
    """Status, where it leads, and the words of the page that is seen in the end."""
    given = fill(row.rest, ids) | what
    in_path = named_in(row.route)
    form = {name: value for name, value in given.items() if name not in in_path}
    path = address(row.route, given)
    if form.get("version") == "as shown":
        page = visitor.get(path.partition("/items/")[0]).get_data(as_text=True)
        form["version"] = next(iter(VERSION.findall(page)), "1")
    answer = visitor.call(row.route, path, form)
    leads_to = answer.headers.get("Location", "")
    seen = visitor.get(leads_to) if leads_to.startswith("/") else answer
    words = [word.strip() for word in Shape(text_of(seen, path=path)).words if word.strip()]
    for value in what.values():
        leads_to = leads_to.replace(str(value), "*")
    return answer.status_code, leads_to, words
