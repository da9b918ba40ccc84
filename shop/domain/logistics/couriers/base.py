"""What every courier adapter answers and raises."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shop.domain.logistics.states import ShipmentStatus
from shop.kernel.errors import DomainError, Unavailable


@dataclass(frozen=True, slots=True)
class CourierEvent:
    """One line of a parcel's story; ``status`` is ``None`` where the code is unknown.

    ``fingerprint`` is the same each time the carrier tells this line again.
    """

    occurred_at: datetime
    text: str
    code: str | None
    status: ShipmentStatus | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class CourierPush:
    """All that a carrier knows of one parcel, oldest event first.

    An empty ``waybill_no`` is a report about no parcel: keep it as ignored. ``fingerprint`` is
    equal for reports equal to the byte.
    """

    waybill_no: str
    carrier_code: str
    events: tuple[CourierEvent, ...]
    state_code: str | None
    fingerprint: str


def digest(*parts: str) -> str:
    """SHA-256 in hex of parts that cannot run into each other."""
    told = "\x1f".join(parts).encode(errors="replace")
    return hashlib.sha256(told).hexdigest()


class BadSignature(DomainError):
    """Not from the carrier we know, or changed on the way."""

    code = "webhook-signature-invalid"


class MalformedReport(DomainError):
    """Signed and unreadable."""

    code = "malformed-body"


class CourierDown(Unavailable):
    """No readable answer in time; asking again later is safe."""

    code = "upstream-unavailable"


class Courier(Protocol):
    """A carrier, or a service that speaks for carriers."""

    def read_push(self, form: Mapping[str, str], *, secrets: Sequence[str]) -> CourierPush:
        """Verify and translate one pushed form; any of ``secrets`` may have signed it.

        Raises ``BadSignature``, ``MalformedReport``, and ``Unavailable`` without a secret.
        """
        ...
