"""What a key can meet."""

from shop.kernel.errors import DomainError


class IdempotencyKeyReused(DomainError):
    """The key belongs to another request of this caller."""

    code = "idempotency-key-reused"


class IdempotencyInProgress(DomainError):
    """A twin of this request is under way."""

    code = "idempotency-in-progress"


class IdempotencyAnswerLost(DomainError):
    """The first request with this key had its effect, and broke before it was answered."""

    code = "idempotency-answer-lost"
