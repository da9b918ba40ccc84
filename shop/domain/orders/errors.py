"""What an order refuses."""

from shop.kernel.errors import DomainError


class OrderStateConflict(DomainError):
    """The order is no longer in a state where this may be done; facts: ``status``."""

    code = "order-state-conflict"


class PriceChanged(DomainError):
    """The total differs from what the buyer saw; facts: ``total_fen``, ``expected_total_fen``."""

    code = "price-changed"


class ConsentRequired(DomainError):
    """A line needs the buyer's explicit tick first; ``errors[]`` names each code."""

    code = "consent-required"


class ReservationExpired(DomainError):
    """The time to pay is over."""

    code = "reservation-expired"
