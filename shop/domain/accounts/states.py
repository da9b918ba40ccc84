"""Words of an account."""

from enum import StrEnum


class UserStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class Role(StrEnum):
    HOST = "host"
    OPERATOR = "operator"
    KEEPER = "keeper"
    CLERK = "clerk"
    MANAGER = "manager"
    VILLAGE = "village"
    SUPERVISOR = "supervisor"


class TokenKind(StrEnum):
    API = "api"
    PAGE = "page"


class CodePurpose(StrEnum):
    SIGN_IN = "sign-in"
    SIGN_UP = "sign-up"
