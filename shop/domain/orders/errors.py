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


class SeveralSellers(DomainError):
    """Each cooperative sells in its own name, so an order holds goods of one; facts: ``sellers``.

    One payment for two sellers would be collecting for others without a licence (二清).
    """

    code = "several-sellers"


class CartFull(DomainError):
    """A cart holds as many kinds of goods as one order; facts: ``most``."""

    code = "quota-exceeded"


class ReservationExpired(DomainError):
    """The time to pay is over."""

    code = "reservation-expired"
