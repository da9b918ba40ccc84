"""The words of each message, as they are registered with the provider."""

import string
from collections.abc import Mapping
from pathlib import Path

from shop.kernel.errors import Invalid

FOLDER = Path(__file__).resolve().parents[3] / "templates" / "notices"
VARIABLE_LENGTH = 35
"""What providers on the mainland allow a variable; longer ones make the whole message fail."""


TEXTS = {
    path.stem: string.Template(path.read_text(encoding="utf-8").strip())
    for path in sorted(FOLDER.glob("*.txt"))
}


def _text(template: str) -> string.Template:
    if template not in TEXTS:
        raise Invalid(f"no message template {template}")
    return TEXTS[template]


def capped(template: str, variables: Mapping[str, object]) -> dict[str, str]:
    """Exactly the template's variables, one line each and short; raises ``Invalid``."""
    wanted = _text(template).get_identifiers()
    if missing := [name for name in wanted if name not in variables]:
        raise Invalid(f"message {template} lacks {', '.join(missing)}")
    return {name: _short(str(variables[name])) for name in wanted}


def _short(value: str) -> str:
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    return plain if len(plain) <= VARIABLE_LENGTH else plain[: VARIABLE_LENGTH - 1] + "…"


def rendered(template: str, variables: Mapping[str, str]) -> str:
    """The message as its receiver reads it; what was dropped since shows as ``…``."""
    text = _text(template)
    return text.substitute({name: variables.get(name, "…") for name in text.get_identifiers()})
