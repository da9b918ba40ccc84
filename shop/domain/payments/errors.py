"""What money refuses."""

from shop.kernel.errors import DomainError


class RefundExceedsCaptured(DomainError):
    """More is asked back than was paid and not yet given back; facts: ``left_fen``."""

    code = "refund-exceeds-captured"


class AlreadyRefunded(DomainError):
    """Nothing is left to give back."""

    code = "already-refunded"
