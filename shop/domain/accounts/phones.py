"""Mainland mobile numbers: E.164 inside, eleven digits towards people."""

import re
from functools import cache
from typing import Any

import phonenumbers

from shop.kernel.errors import Invalid

WRITTEN = re.compile(r"(?:\+86)?1[0-9]{10}", re.ASCII)
MAX_WRITTEN = 24
PREFIX = "+86"


def parse(text: str, *, pointer: str = "/phone") -> str:
    """``13800000001`` or ``+86 138 0000 0001`` as ``+8613800000001``.

    Raises ``Invalid`` at ``pointer`` for anything that is no mainland mobile number.
    """
    plain = re.sub(r"[ \-]", "", text) if len(text) <= MAX_WRITTEN else ""
    if (
        WRITTEN.fullmatch(plain) is None
        or _mobile_numbers().fullmatch(plain.removeprefix(PREFIX)) is None
    ):
        raise Invalid.at(pointer, "not a mainland mobile number")
    return PREFIX + plain.removeprefix(PREFIX)


@cache
def _mobile_numbers() -> re.Pattern[str]:
    """The library's own description of mainland mobile numbers."""
    mainland: Any = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    return re.compile(mainland.mobile.national_number_pattern, re.ASCII)


def national(phone: str) -> str:
    """``+8613800000001`` as the ``13800000001`` that people write."""
    return phone.removeprefix(PREFIX)


def masked(phone: str) -> str:
    """``138****0001``: enough to recognise one's own number."""
    plain = national(phone)
    return f"{plain[:3]}****{plain[-4:]}"
