"""Facts that stop a use case; HTTP meets them once, in ``web/errors.py``."""

from typing import ClassVar

MAX_NAME = 100


def pointer(*steps: object) -> str:
    """A JSON pointer (RFC 6901); overlong names are cut."""
    return "".join(
        "/" + str(step)[:MAX_NAME].replace("~", "~0").replace("/", "~1") for step in steps
    )


class DomainError(Exception):
    """A rule of the shop was met; ``code`` is the slug of its problem document.

    ``facts`` are plain JSON values that help the caller (``sku``, ``hold_expires_at``); ``errors``
    is a list of ``{pointer, code, detail}`` entries where several things are wrong at once.
    """

    code: ClassVar[str] = "validation-error"

    def __init__(
        self, detail: str = "", *, errors: list[dict[str, str]] | None = None, **facts: object
    ) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.errors = errors or []
        self.facts = facts


class NotFound(DomainError):
    """Absent, of another tenant, or hidden by role: the caller cannot tell which."""

    code = "not-found"


class Invalid(DomainError):
    """A value has a right form and a wrong meaning."""

    code = "validation-error"

    @classmethod
    def at(cls, pointer: str, detail: str, *, code: str = "invalid") -> "Invalid":
        """Point at the one field that is wrong, by JSON pointer such as ``/variants/0/sku``."""
        return cls(detail, errors=[{"pointer": pointer, "code": code, "detail": detail}])


class Forbidden(DomainError):
    """The caller may see the thing and may not do this to it."""

    code = "forbidden"


class IllegalMove(DomainError):
    """A step that is not in the transition table."""

    code = "illegal-transition"


class Stale(DomainError):
    """The thing changed since the caller read it."""

    code = "precondition-failed"


class Unavailable(DomainError):
    """Something the shop leans on is down; the same request may be sent again."""

    code = "dependency-unavailable"


class Overloaded(DomainError):
    """More than the shop can take at this moment; the same request may be sent again."""

    code = "overloaded"
