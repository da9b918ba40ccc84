"""Browsers of people: signed in as the sign-in page does it, with the proof for forms at hand."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from shop.domain.accounts.states import TokenKind
from tests.builders import a_token

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
OF_THIS_REQUEST = re.compile(
    r'name="(?:csrf_token|idempotency_key)" value="[^"]*"|\b[0-9a-f]{24}\b'
)


class Visitor:
    """A browser; without a ``user_id`` a stranger's."""

    def __init__(self, app: Flask, user_id: int | None = None) -> None:
        self.client = app.test_client()
        if user_id is not None:
            with app.app_context():
                token = a_token(user_id, kind=TokenKind.PAGE)
            with self.client.session_transaction() as kept:
                kept["_user_id"] = token
                kept["_fresh"] = True
        found = TOKEN.search(self.client.get("/trace").get_data(as_text=True))
        assert found is not None
        self.proof = found[1]

    def get(self, path: str, query: Any = None, **headers: str) -> TestResponse:
        return self.client.get(path, query_string=query, headers=headers)

    def post(self, path: str, form: Any = None, **headers: str) -> TestResponse:
        return self.client.post(path, data=form, headers={"X-CSRFToken": self.proof, **headers})

    def call(self, route: str, path: str, form: Any = None, **headers: str) -> TestResponse:
        """``VERB rule``: what it is given is a form, or a query where it reads."""
        send = self.get if route.startswith("GET ") else self.post
        return send(path, form, **headers)


def text_of(answer: TestResponse, *, path: str) -> str:
    """A page without what names this request."""
    return OF_THIS_REQUEST.sub("", answer.get_data(as_text=True)).replace(path, "")
