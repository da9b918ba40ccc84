"""Kuaidi100's query: asking about one parcel, seldom and never for long."""

import json
import time
from datetime import datetime, timedelta

import requests

from shop.domain.logistics.carriers import Carrier
from shop.domain.logistics.couriers.base import CourierDown, CourierPush, MalformedReport
from shop.domain.logistics.couriers.kuaidi100 import read_result, sign
from shop.domain.logistics.couriers.strict_json import MAX_CHARACTERS, read_object
from shop.kernel.errors import DomainError, Invalid

ENDPOINT = "https://poll.kuaidi100.com/poll/query.do"
EVERY = timedelta(minutes=30)
"""Kuaidi100 locks a number that is asked about more often."""
CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 2.0, 8.0, 9.5
_NOTHING_YET = "500"
_PHONE_WANTED = "408"


class AskedTooSoon(DomainError):
    """The same number was asked about less than 30 minutes ago."""

    code = "rate-limited"


class PhoneNeeded(Invalid):
    """SF and ZTO answer only with the receiver's or sender's phone."""


class QueryRefused(DomainError):
    """Kuaidi100 answered that it will not tell; ``return_code`` says why."""

    code = "upstream-unavailable"


class KuaidiQuery:
    """Asks with the settings of one Kuaidi100 contract; keeps no state of its own."""

    def __init__(
        self,
        *,
        customer: str,
        key: str,
        endpoint: str = ENDPOINT,
        session: requests.Session | None = None,
    ) -> None:
        self._customer = customer
        self._key = key
        self._endpoint = endpoint
        self._session = session or requests.Session()

    def ask(
        self,
        carrier: Carrier,
        *,
        waybill_no: str,
        phone: str | None,
        last_asked_at: datetime | None,
        now: datetime,
    ) -> CourierPush:
        """All that is known of one parcel; store ``now`` as its ``last_asked_at`` before calling.

        Raises ``AskedTooSoon``, ``PhoneNeeded``, ``QueryRefused`` and ``CourierDown``.
        """
        if last_asked_at is not None and now - last_asked_at < EVERY:
            raise AskedTooSoon("asked less than 30 minutes ago", waybill_no=waybill_no)
        if carrier.needs_phone and not phone:
            raise PhoneNeeded("this carrier answers only with a phone number", carrier=carrier.code)
        asked = {"com": carrier.code, "num": waybill_no, "resultv2": "4", "order": "desc"}
        if phone and carrier.needs_phone:
            asked["phone"] = phone
        param = json.dumps(asked, separators=(",", ":"))
        signed = sign(param, self._key, self._customer)
        return self._read(self._post({"customer": self._customer, "sign": signed, "param": param}))

    def close(self) -> None:
        """Let go of kept connections."""
        self._session.close()

    def _read(self, text: str) -> CourierPush:
        try:
            answer = read_object(text)
            if answer.get("result") is False or answer.get("returnCode", "200") != "200":
                return self._refusal(answer, text)
            return read_result(answer, raw=text)
        except MalformedReport as error:
            raise CourierDown("Kuaidi100 answered something unreadable") from error

    def _refusal(self, answer: dict[str, object], text: str) -> CourierPush:
        """No news is an empty story; everything else is told to the caller."""
        why = str(answer.get("returnCode", ""))[:16]
        if why == _NOTHING_YET:
            return read_result(None, raw=text)
        if why == _PHONE_WANTED:
            raise PhoneNeeded("the carrier does not know this phone number for the parcel")
        raise QueryRefused("Kuaidi100 refused the query", return_code=why)

    def _post(self, form: dict[str, str]) -> str:
        """The body within the deadline, of a bounded size; a slow drip ends like silence."""
        ends_at = time.monotonic() + TOTAL_SECONDS
        body = bytearray()
        try:
            with self._session.post(
                self._endpoint,
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
