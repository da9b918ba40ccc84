"""Unified social credit codes (统一社会信用代码, GB 32100-2015) of sellers."""

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from shop.kernel.codes import clean_lot_code, new_lot_code
from shop.kernel.errors import Invalid

SELF_GROWN = "SELF-"
DEMO_ISSUER = "93000000"
"""93 is a farmers' cooperative; region 000000 exists nowhere, so nobody can mistake it."""


def checked(text: str, *, pointer: str = "/licence_no") -> str:
    """The code as it is stored; raises ``Invalid`` when length, signs or check sign are wrong."""
    try:
        return str(uscc.validate(text))
    except ValidationError as error:
        raise Invalid.at(pointer, "not a valid unified social credit code") from error


def of_seller(text: str, *, self_grown: bool) -> str:
    """A household selling its own produce need not register (E-commerce Law art. 10).

    It has a number of the shop's own instead of a licence; raises ``Invalid``.
    """
    plain = text.strip()
    if not self_grown:
        return checked(plain)
    if plain and not plain.startswith(SELF_GROWN):
        return checked(plain)
    return plain if is_self_grown(plain) else SELF_GROWN + new_lot_code().replace("-", "")


def is_self_grown(licence_no: str) -> bool:
    """Whether the number is the shop's own."""
    code = licence_no.removeprefix(SELF_GROWN)
    return licence_no.startswith(SELF_GROWN) and clean_lot_code(code) is not None


def demo_licence(number: int) -> str:
    """A code that passes the check and is evidently a demonstration: ``93000000DEM000001...``."""
    body = f"{DEMO_ISSUER}DEM{number:06d}"
    return body + str(uscc.calc_check_digit(body))
