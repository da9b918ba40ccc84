"""Public numbers that cannot be guessed or enumerated, and tokens that are kept as hashes."""

import hashlib
import secrets
from datetime import datetime

from shop.kernel.clock import SHANGHAI

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs without 0, O, 1 and I, which people confuse on a label."""

LOT_BODY = 8


def _random(length: int) -> str:
    """Five bits of each random byte choose a sign: none is likelier than another."""
    return "".join(ALPHABET[byte % 32] for byte in secrets.token_bytes(length))


def check_sign(body: str) -> str:
    """Luhn mod 32: catches one wrong sign and every swap of neighbours but one pair."""
    total, factor = 0, 2
    for sign in reversed(body):
        addend = factor * ALPHABET.index(sign)
        factor = 3 - factor
        total += addend // 32 + addend % 32
    return ALPHABET[-total % 32]


def new_lot_code() -> str:
    """``K7QM-4XT9H``: eight random signs and a check sign in two groups, ten characters in all."""
    body = _random(LOT_BODY)
    return f"{body[:4]}-{body[4:]}{check_sign(body)}"


def clean_lot_code(text: str) -> str | None:
    """The code as it is stored, however it was typed; ``None`` where the check sign is wrong."""
    plain = "".join(text.upper().split()).replace("-", "")
    if len(plain) != LOT_BODY + 1 or any(sign not in ALPHABET for sign in plain):
        return None
    body, check = plain[:-1], plain[-1]
    return f"{body[:4]}-{body[4:]}{check}" if check_sign(body) == check else None


def new_order_number(now: datetime) -> str:
    """``261123-7KQ2M9XH4T``: the day in Asia/Shanghai for people, ten random signs (50 bits)."""
    return f"{now.astimezone(SHANGHAI):%y%m%d}-{_random(10)}"


def new_slip_number(now: datetime) -> str:
    """``W261123-7KQ2M9``: what the farmer's weighing slip is called."""
    return f"W{now.astimezone(SHANGHAI):%y%m%d}-{_random(6)}"


def new_token() -> str:
    """An opaque credential of 256 bits; only its hash is stored."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """SHA-256 in hex: enough for a secret that is random itself."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_sms_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**6):06d}"


def new_file_name() -> str:
    """A name for an uploaded file that says nothing and cannot be guessed."""
    return secrets.token_hex(16)
