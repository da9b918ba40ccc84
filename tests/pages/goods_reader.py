"""Somebody at a browser in the tests of the goods' pages: reads forms and sends what they hold."""

import re
from datetime import datetime
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from shop.domain.accounts.states import TokenKind
from shop.kernel.actor import Actor
from tests.builders import a_token
from tests.conftest import NOON

SELECT = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.S)
AREA = re.compile(r"<textarea\b([^>]*)>(.*?)</textarea>", re.S)
INPUT = re.compile(r"<input\b([^>]*)>")
WORD = re.compile(r'([\w-]+)(?:="([^"]*)")?')
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class Reader:
    """A visitor, or somebody signed in."""

    def __init__(self, app: Flask, actor: Actor | None = None, *, now: datetime = NOON) -> None:
        self.client: FlaskClient = app.test_client()
        if actor is None:
            return
        assert actor.user_id is not None
        with self.client.session_transaction() as session:
            session["_user_id"] = a_token(actor.user_id, kind=TokenKind.PAGE, now=now)
            session["_fresh"] = True

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        return answer.get_data(as_text=True)

    def send(self, page: str, form: dict[str, Any], to: str = "") -> Any:
        """Send fields of our own with the token of ``page``."""
        found = CSRF.search(self.get(page))
        assert found is not None
        data = {"csrf_token": found[1], **form}
        return self.client.post(to or page, data=data)

    def fill(self, page: str, **changes: Any) -> Any:
        """Send the form of ``page`` as it stands, with some fields changed (``None``: left out)."""
        data = fields_of(self.get(page)) | {k.replace("__", "-"): v for k, v in changes.items()}
        return self.client.post(page, data={k: v for k, v in data.items() if v is not None})


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the last form of the main part that has a version or title."""
    main = page[page.index("<main") : page.index("</main>")]
    forms = re.findall(r"<form\b.*?</form>", main, re.S)
    form = max(forms, key=len)
    found: dict[str, str] = {}
    for words in INPUT.findall(form):
        given = dict(WORD.findall(words))
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in given:
            continue
        if kind not in ("file", "submit") and given.get("name"):
            found[given["name"]] = unescape(given.get("value", ""))
    for words, body in AREA.findall(form):
        found[dict(WORD.findall(words))["name"]] = unescape(body)
    for words, body in SELECT.findall(form):
        chosen = re.search(r'<option value="([^"]*)" selected', body) or re.search(
            r'<option value="([^"]*)"', body
        )
        found[dict(WORD.findall(words))["name"]] = unescape(chosen[1]) if chosen else ""
    return found
