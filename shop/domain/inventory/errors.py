"""What stock refuses."""

from shop.kernel.errors import DomainError


class OutOfStock(DomainError):
    """Too few are left; facts: ``sku``, ``wanted``, ``available``, ``hold_expires_at``."""

    code = "insufficient-stock"
