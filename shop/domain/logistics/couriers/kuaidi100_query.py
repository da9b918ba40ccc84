"""Kuaidi100's query: asking about one parcel, seldom and never for long."""

import json
from datetime import datetime, timedelta

import requests

from shop.domain.logistics.carriers import Carrier
from shop.domain.logistics.couriers.base import CourierDown, CourierPush, MalformedReport
from shop.domain.logistics.couriers.kuaidi100 import read_result, sign
from shop.domain.logistics.couriers.posting import post_form
from shop.domain.logistics.couriers.strict_json import read_object
from shop.kernel.errors import DomainError, Invalid

ENDPOINT = "https://poll.kuaidi100.com/poll/query.do"
EVERY = timedelta(minutes=30)
"""Kuaidi100 locks a number that is asked about more often."""
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
        form = {"customer": self._customer, "sign": signed, "param": param}
        return self._read(post_form(self._session, self._endpoint, form))

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
