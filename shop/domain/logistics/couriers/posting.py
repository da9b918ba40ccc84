"""Posting a form to Kuaidi100: within one deadline, and no more of the answer than it may be."""

import time
from collections.abc import Mapping

import requests

from shop.domain.logistics.couriers.base import CourierDown
from shop.domain.logistics.couriers.strict_json import MAX_CHARACTERS

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 2.0, 8.0, 9.5


def post_form(session: requests.Session, endpoint: str, form: Mapping[str, str]) -> str:
    """The body within the deadline, of a bounded size; a slow drip ends like silence.

    Raises ``CourierDown``.
    """
    ends_at = time.monotonic() + TOTAL_SECONDS
    body = bytearray()
    try:
        with session.post(
            endpoint,
            data=form,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise CourierDown(f"Kuaidi100 answered {answer.status_code}")
            for piece in answer.iter_content(8192):
                body += piece
                if time.monotonic() > ends_at or len(body) > 4 * MAX_CHARACTERS:
                    raise CourierDown("Kuaidi100 answered too slowly or too much")
    except requests.RequestException as error:
        raise CourierDown("Kuaidi100 does not answer") from error
    return body.decode(errors="replace")
