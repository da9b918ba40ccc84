"""Kuaidi100's subscription: asking it once to push what happens to a parcel to the shop's hook.

A form with ``schema`` = json and ``param``, an object of ``company``, ``number``, ``key`` and
``parameters`` (``callbackurl``, ``salt``, ``resultv2``, ``phone``), as in the provider's own
example (github.com/kuaidi100-api/php-demo, src/subscribe.php).
"""

import json

import requests

from shop.domain.logistics.carriers import Carrier
from shop.domain.logistics.couriers.base import CourierDown, MalformedReport
from shop.domain.logistics.couriers.posting import post_form
from shop.domain.logistics.couriers.strict_json import read_object
from shop.kernel.circuit import Circuit
from shop.kernel.errors import DomainError

ENDPOINT = "https://poll.kuaidi100.com/poll"
ADVANCED_CODES = "4"
"""``resultv2``: each line comes with the code that ``states`` knows, as the query asks for it."""
_TAKEN = frozenset({"200", "501"})
_NOT_TAKEN = frozenset({"700", "701", "702"})


class SubscriptionRefused(DomainError):
    """Kuaidi100 takes no subscription of ours (600, 601: the key); ``return_code`` says why."""

    code = "upstream-unavailable"


class KuaidiSubscription:
    """Subscribes with one contract's key; pushes come signed with ``salt`` to ``callback_url``."""

    def __init__(
        self,
        *,
        key: str,
        salt: str,
        callback_url: str,
        endpoint: str = ENDPOINT,
        session: requests.Session | None = None,
    ) -> None:
        self._key = key
        self._salt = salt
        self._callback_url = callback_url
        self._endpoint = endpoint
        self._session = session or requests.Session()
        self._circuit = Circuit("Kuaidi100")

    def subscribe(self, carrier: Carrier, *, waybill_no: str, phone: str) -> bool:
        """Whether the parcel will be reported; asking again is no harm (501: known already).

        ``phone`` is the receiver's, which only SF and ZTO get. ``False``: a number or carrier
        that Kuaidi100 does not follow (700 to 702). Raises ``CourierDown`` for another time and
        ``SubscriptionRefused`` for a key that a person has to see to.
        """
        wanted = {"callbackurl": self._callback_url, "salt": self._salt, "resultv2": ADVANCED_CODES}
        if carrier.needs_phone:
            wanted["phone"] = phone
        asked = {
            "company": carrier.code,
            "number": waybill_no,
            "key": self._key,
            "parameters": wanted,
        }
        param = json.dumps(asked, separators=(",", ":"))
        form = {"schema": "json", "param": param}
        with self._circuit.guard():
            return self._read(post_form(self._session, self._endpoint, form))

    def close(self) -> None:
        """Let go of kept connections."""
        self._session.close()

    def _read(self, text: str) -> bool:
        try:
            code = str(read_object(text).get("returnCode", ""))[:16]
        except MalformedReport as error:
            raise CourierDown("Kuaidi100 answered something unreadable") from error
        if code in _TAKEN:
            return True
        if code in _NOT_TAKEN:
            return False
        if code in {"", "500"}:
            raise CourierDown("Kuaidi100 is not well")
        raise SubscriptionRefused("Kuaidi100 refused the subscription", return_code=code)
