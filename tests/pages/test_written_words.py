"""FAULTS 106: whatever people write, on every page, for everybody who sees it, stays words."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import marshmallow as ma
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shop.web.forms import FormSchema
from tests.api.calling import address
from tests.api.world import build
from tests.pages.busy import busy
from tests.pages.furnish import furnish
from tests.pages.walking import ASKED, Walk, ids_for, pages
from tests.pages.written import ALSO, CODES, VECTORS, WORDS, texts, vandalise

HOME = "http://127.0.0.1:8000"
NEVER_SHOWN = {"orders.source", "packing_run.note", "payment_history.reason"}
"""Columns that no page shows."""
FOREIGN_TAGS = {"applet", "base", "embed", "frame", "iframe", "marquee", "math", "object", "style"}
FOREIGN_NAMES = {"background", "http-equiv", "srcdoc", "srcset", "style"}
ADDRESSES = {"action", "cite", "data", "formaction", "href", "poster", "src", "xlink:href"}
ALL_AT_ONCE = """"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>"""
ENDINGS = ("/sign-out", "/account/sign-out-others")


class Page(HTMLParser):
    """What of a page no template of ours draws, and all that is only text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.foreign: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.words += given.values()
        strange = [name for name in given if name in FOREIGN_NAMES or name.startswith("on")]
        strange += [text for name, text in given.items() if name in ADDRESSES and not is_own(text)]
        if tag in FOREIGN_TAGS or strange or (tag == "script" and "src" not in given):
            self.foreign.append(f"{tag} {strange}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def is_own(text: str) -> bool:
    """An address of this shop, or a telephone number."""
    parts = urlsplit(urljoin(f"{HOME}/a/b", text))
    return parts.scheme == "tel" or f"{parts.scheme}://{parts.netloc}" == HOME


def read(answer: TestResponse, *, where: str) -> str:
    """The words of a page with nothing foreign in it; whatever is no page is not taken for one."""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    html = answer.get_data(as_text=True)
    if answer.mimetype not in ("text/html", "image/svg+xml"):
        assert answer.mimetype.endswith(("/json", "+json", "/plain")), where
        return ""
    page = Page(html)
    assert page.foreign == [], f"{where}: {page.foreign}"
    raw = [vector for vector in (*VECTORS, ALL_AT_ONCE) if vector in html]
    assert raw == [], f"{where}: unescaped {raw}"
    return " ".join("\n".join(page.words).split())


def test_every_column_of_text_is_words_or_a_code() -> None:
    names = {(table.name, column.name) for table, column in texts()}
    assert set() == WORDS & CODES
    assert {name for _, name in names} == WORDS | CODES
    assert {pair for pair in names if pair[1] in CODES} >= ALSO


def test_what_is_foreign_to_a_page_is_seen() -> None:
    for vector in VECTORS:
        html = f'<title>a {vector}</title><p>{vector}</p><input value="{vector}">{vector}'
        assert Page(html).foreign or vector.startswith("<noscript>"), vector


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_people_write_stays_words_on_every_page(app: Flask) -> None:
    with app.app_context():
        world = build()
        furnish(world)
        busy(world)
        written = vandalise()
    walk, unseen = Walk(app, world), dict(written)
    for visit in walk.visits():
        words = read(visit.answer, where=f"{visit.role}: {visit.path}")
        unseen = {name: word for name, word in unseen.items() if word not in words}
    assert unseen.keys() == NEVER_SHOWN
    reflect(walk, ALL_AT_ONCE)


def reflect(walk: Walk, vector: str) -> None:
    """What an address or a form says comes back as words, too."""
    typed = dict.fromkeys(every_field(), vector)
    for route in sorted(pages(walk.app)):
        path = address(route, ids_for(route, walk.ids))
        if ("<" in route and route.startswith("GET ")) or path in ENDINGS:
            continue
        visitor = walk.visitors[walk.readers(route)[0]]
        sent = dict.fromkeys(ASKED, vector) if route.startswith("GET ") else typed
        answer = visitor.call(route, path, sent)
        assert answer.status_code < 500, route
        read(answer, where=route)


def every_field() -> set[str]:
    """The names of all fields of all forms, of rows the first."""
    names, waiting = set(), [FormSchema]
    while waiting:
        schema = waiting.pop()
        waiting += schema.__subclasses__()
        for name, field in schema._declared_fields.items():
            if isinstance(field, ma.fields.List) and isinstance(field.inner, ma.fields.Nested):
                names |= {f"{name}-0-{inner}" for inner in field.inner.schema.fields}
            else:
                names.add(name)
    return names
