"""Kuaidi100's push: form fields ``param`` and ``sign`` = upper-case MD5 of param and salt."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from shop.domain.logistics.carriers import squeeze
from shop.domain.logistics.couriers.base import (
    BadSignature,
    CourierEvent,
    CourierPush,
    MalformedReport,
    digest,
)
from shop.domain.logistics.couriers.strict_json import read_object
from shop.domain.logistics.states import ShipmentStatus
from shop.kernel.clock import SHANGHAI
from shop.kernel.errors import Unavailable

ACCEPTED: Final = {"result": True, "returnCode": "200", "message": "成功"}
"""What Kuaidi100 wants to hear; without it the same report comes again half an hour later."""
MAX_TEXT = 300

_MEANING: dict[ShipmentStatus, dict[str, str]] = {
    ShipmentStatus.LABEL_CREATED: {"101": "已下单", "102": "待揽收"},
    ShipmentStatus.PICKED_UP: {"1": "揽收", "103": "已揽收"},
    ShipmentStatus.IN_TRANSIT: {
        "0": "在途",
        "1001": "到达派件城市",
        "1002": "干线",
        "1003": "转递",
    },
    ShipmentStatus.OUT_FOR_DELIVERY: {"5": "派件"},
    ShipmentStatus.READY_FOR_PICKUP: {"501": "投柜或驿站"},
    ShipmentStatus.DELIVERED: {
        "3": "签收",
        "301": "本人签收",
        "302": "派件异常后签收",
        "303": "代签",
        "304": "投柜或站签收",
    },
    ShipmentStatus.EXCEPTION: {
        "2": "疑难",
        "201": "超时未签收",
        "202": "超时未更新",
        "203": "拒收",
        "204": "派件异常",
        "205": "柜或驿站超时未取",
        "206": "无法联系",
        "207": "超区",
        "208": "滞留",
        "209": "破损",
        "210": "销单",
    },
    ShipmentStatus.RETURNED: {"4": "退签"},
    ShipmentStatus.VOID: {"401": "已销单"},
    ShipmentStatus.RETURNING: {"6": "退回"},
    ShipmentStatus.FORWARDED: {"7": "转投"},
    ShipmentStatus.CUSTOMS: {
        "8": "清关",
        "10": "待清关",
        "11": "清关中",
        "12": "已清关",
        "13": "清关异常",
    },
    ShipmentStatus.REFUSED: {"14": "拒签"},
}
"""Kuaidi100's base states and advanced status codes with their names, by our status."""
STATUS_OF: Final = {code: status for status, codes in _MEANING.items() for code in codes}
_CODE_OF_NAME = {name: code for codes in _MEANING.values() for code, name in codes.items()}
_TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d %H:%M:%S")


class Kuaidi100:
    """Reads what Kuaidi100 pushes, whoever subscribed: the shop with a key, or people there."""

    def read_push(self, form: Mapping[str, str], *, secrets: Sequence[str]) -> CourierPush:
        """As ``Courier.read_push``; an abort without parcel gives an empty ``waybill_no``."""
        salts = [salt for salt in secrets if salt]
        if not salts:
            raise Unavailable("no salt is configured for Kuaidi100")
        param = form.get("param", "")
        given = form.get("sign", "").strip().upper().encode(errors="replace")
        good = [hmac.compare_digest(sign(param, salt).encode(), given) for salt in salts]
        if not any(good):
            raise BadSignature("not from Kuaidi100")
        return read_result(read_object(param).get("lastResult"), raw=param)


def sign(*parts: str) -> str:
    """Kuaidi100's signature of parts laid end to end."""
    joined = "".join(parts).encode(errors="replace")
    return hashlib.md5(joined, usedforsecurity=False).hexdigest().upper()


def read_result(result: object, *, raw: str) -> CourierPush:
    """A parcel's story from ``lastResult`` of a push or from a query's answer.

    Raises ``MalformedReport`` where a field has a form that Kuaidi100 never sends.
    """
    if result is None:
        result = {}
    if not isinstance(result, dict):
        raise MalformedReport("lastResult is not an object")
    lines = result.get("data")
    if not isinstance(lines, list | None):
        raise MalformedReport("data is not a list")
    state = _word(result, "state") or None
    return CourierPush(
        waybill_no=squeeze(_word(result, "nu"))[:64],
        carrier_code=_word(result, "com").lower()[:64],
        events=_events(lines or [], state),
        state_code=state,
        fingerprint=digest(raw),
    )


def _events(lines: list[Any], state: str | None) -> tuple[CourierEvent, ...]:
    """Oldest first; lines come newest first, which also orders those of one second.

    The base service sends no code per line: then the parcel's own state is the newest line's, and
    the fingerprint stays the line's own, since that line is told again without the state.
    """
    read = [_event(line) for line in reversed(lines)]
    found = sorted((one for one in read if one), key=lambda one: one.occurred_at)
    if found and found[-1].code is None and state:
        found[-1] = replace(found[-1], code=state, status=STATUS_OF.get(state))
    return tuple(found)


def _event(line: object) -> CourierEvent | None:
    """One line, or ``None`` where it has no readable time and so no place in the story."""
    if not isinstance(line, dict):
        raise MalformedReport("a line of data is not an object")
    occurred_at = _time(_word(line, "ftime")) or _time(_word(line, "time"))
    if occurred_at is None:
        return None
    code = _word(line, "statusCode") or _CODE_OF_NAME.get(_word(line, "status")) or None
    text = _word(line, "context")[:MAX_TEXT]
    return CourierEvent(
        occurred_at=occurred_at,
        text=text,
        code=code[:16] if code else None,
        status=STATUS_OF.get(code or ""),
        fingerprint=digest(occurred_at.isoformat(), code or "", text),
    )


def _word(found: dict[str, Any], key: str) -> str:
    """A field that may be a string, an integer, null or missing, as storable text."""
    value = found.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MalformedReport(f"{key} is neither text nor a whole number")
    text = str(value).replace("\x00", "")
    return text.encode(errors="replace").decode().strip()


def _time(text: str) -> datetime | None:
    """Kuaidi100's local time, which is Asia/Shanghai's, as an instant."""
    for shape in _TIME_FORMATS:
        try:
            local = datetime.strptime(text, shape).replace(tzinfo=SHANGHAI)
            return local.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
