"""The reader's words, typed: Flask-Babel's own functions are not."""

from flask_babel import gettext, lazy_gettext


def _(text: str, **values: object) -> str:
    """A text in the reader's language."""
    return str(gettext(text, **values))


def later(text: str) -> object:
    """The same, for tables made before there is a reader; ``str()`` it when there is one."""
    found: object = lazy_gettext(text)
    return found
