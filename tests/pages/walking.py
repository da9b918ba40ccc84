"""Walking through the pages: which there are, what a path names there, and who sees them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.api.calling import address, named_in
from tests.api.world import World
from tests.pages.role_table import EVERYBODY, MEMBERS, who_may
from tests.pages.route_tables import THINGS, WORDS_IN_PATHS
from tests.pages.visitors import Visitor


def pages(app: Flask) -> set[str]:
    """``VERB rule`` of every page."""
    return {
        f"{verb} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/api/", "/static/"))
    }


def ids_for(route: str, ids: dict[str, Any]) -> dict[str, Any]:
    """The things that a route's path names by these words."""
    path = route.partition(" ")[2]
    meant = next((THINGS[prefix] for prefix in THINGS if path.startswith(prefix)), {})
    return WORDS_IN_PATHS | ids | {word: ids[thing] for word, thing in meant.items() if ids}


ASKED = (
    "address", "after", "as", "code", "cooperative", "kind", "lang", "limit", "list", "live_item",
    "mine", "next", "number", "parent", "period", "q", "quantity", "seller", "show", "sku", "sort",
    "source", "status", "user", "village", "wait", "way",
)  # fmt: skip
"""Whatever a page or an answer may be asked for after the question mark."""
OTHERS = {
    "number": ("waiting", "cancelled"),
    "task_id": ("report_task",),
    "session_id": ("draft", "banned", "rejected"),
    "slug": ("draft_slug", "papered_slug", "back_slug", "blocked_slug"),
}
"""Things in other states, whose pages say something else."""


@dataclass(frozen=True)
class Visit:
    """One page as one person sees it."""

    route: str
    role: str
    path: str
    answer: TestResponse

    @property
    def html(self) -> str:
        return self.answer.get_data(as_text=True)


class Walk:
    """Everybody of the first tenant, and a village's people, on every page that they may see."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.ids = app, world.ids
        self.visitors = {role: Visitor(app, user) for role, user in world.first.items()}
        villager = Visitor(app, world.third)
        self.visitors |= {"stranger": Visitor(app), "village": villager, "supervisor": villager}

    def visits(self, *, only: set[str] | None = None) -> Iterator[Visit]:
        """Every page that answers, with another thing where one is not enough to see it all."""
        for route in sorted(only or pages(self.app)):
            if not route.startswith("GET "):
                continue
            for path in self.paths(route):
                for role in self.readers(route):
                    answer = self.visitors[role].get(path)
                    if answer.status_code == 200:
                        yield Visit(route, role, path, answer)

    def paths(self, route: str) -> list[str]:
        """A page's addresses."""
        ids = self.ids
        if route.startswith("GET /village/"):
            ids = ids | {"village": ids["third_village"]}
        others = [
            {thing: ids[name]}
            for thing, names in OTHERS.items()
            for name in names
            if thing in named_in(route) and name in ids
        ]
        found = [address(route, ids_for(route, ids | other)) for other in [{}, *others]]
        return list(dict.fromkeys(found))

    def readers(self, route: str) -> list[str]:
        """Who is asked to read a page: whoever it shows something of their own, in each role."""
        allowed = who_may(route)
        if allowed == EVERYBODY:
            return ["buyer" if route.startswith("GET /live") else "stranger"]
        if allowed == MEMBERS:
            return ["operator" if route.startswith(("GET /shows", "POST /shows")) else "buyer"]
        return [role for role in self.visitors if role in allowed]
