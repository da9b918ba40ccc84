"""What a live room refuses."""

from shop.kernel.errors import DomainError


class GateIncomplete(DomainError):
    """The show may not start yet; one ``errors`` entry for each thing that is missing."""

    code = "gate-incomplete"


class UrlNotAllowed(DomainError):
    """A picture address outside the shop and its media origins."""

    code = "url-not-allowed"


class SoldOut(DomainError):
    """A card with nothing left behind it cannot be pinned."""

    code = "insufficient-stock"


class TooFast(DomainError):
    """The same viewer spoke a moment ago; facts: ``retry_after`` in seconds."""

    code = "rate-limited"
