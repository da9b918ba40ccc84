"""Finds what the shop says when it refuses: the literal details of raised errors are texts too."""

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

INNER = ("domain/payments/gateways/", "domain/logistics/couriers/", "domain/notices/", "cli/")
"""Heard by programs and operators' logs only."""
MAKERS = {"refuse": 0, "at": 1}
SILENT = {"NotFound", "UnsafeSettings", "NestedTransaction"}


def refusals(shop: Path) -> Iterator[tuple[str, str, int]]:
    """Each literal detail with its file and line."""
    for path in sorted(shop.rglob("*.py")):
        name = path.relative_to(shop).as_posix()
        if name.startswith(INNER):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and (text := _detail(node.exc)):
                yield text, name, node.lineno


def _detail(raised: ast.expr | None) -> str | None:
    if not isinstance(raised, ast.Call):
        return None
    maker = raised.func
    name = maker.attr if isinstance(maker, ast.Attribute) else getattr(maker, "id", "")
    if name in SILENT or hasattr(builtins, name):
        return None
    place = MAKERS.get(name, 0)
    if len(raised.args) <= place:
        return None
    said = raised.args[place]
    return said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else None
