"""Coupons do not exist yet, and the API says so where one is offered."""

from shop.kernel.errors import DomainError


class CouponInvalid(DomainError):
    """This coupon cannot be used."""

    code = "coupon-invalid"


def refuse_coupon(coupon: str | None) -> None:
    """Raise ``CouponInvalid`` for any coupon."""
    if coupon is not None:
        raise CouponInvalid("there is no such coupon")
