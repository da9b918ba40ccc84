"""The source of the shop as trees, for tests that read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "shop"


def modules(*folders: str) -> list[Path]:
    """Every Python file of the shop, or of some of its folders."""
    roots = [SHOP / folder for folder in folders] if folders else [SHOP]
    return sorted(path for root in roots for path in root.rglob("*.py"))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Every node of one file."""
    return ast.walk(ast.parse(path.read_text(), filename=str(path)))


def name(path: Path) -> str:
    """The file as people say it: ``flows/paying.py``."""
    return str(path.relative_to(SHOP))


def called(node: ast.AST) -> str | None:
    """The last word of what a call calls: ``commit`` of ``db.session.commit()``."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else None
