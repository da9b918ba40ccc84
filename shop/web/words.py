"""The reader's words, typed: Flask-Babel's own functions are not."""

from flask_babel import get_locale, gettext, lazy_gettext


def _(text: str, **values: object) -> str:
    """A text in the reader's language."""
    return str(gettext(text, **values))


def later(text: str) -> object:
    """The same, for tables made before there is a reader; ``str()`` it when there is one."""
    found: object = lazy_gettext(text)
    return found


def N_(text: str) -> str:  # noqa: N802
    """Mark a text that is translated where it is shown."""
    return text


def told(text: str, otherwise: str) -> str:
    """A refusal for people: in their language, or else ``otherwise``, which is."""
    found = _(text) if text else ""
    foreign = found == text and str(get_locale() or "zh").startswith("zh")
    return otherwise if foreign or not found else found
