"""What stock refuses."""

from shop.kernel.errors import DomainError


class OutOfStock(DomainError):
    """Not enough may be promised; facts: ``sku``, ``wanted``, ``available``, ``hold_expires_at``."""

    code = "insufficient-stock"
