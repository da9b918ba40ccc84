"""Page forms: read by a schema, with every complaint at its field."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import request
from werkzeug.datastructures import MultiDict

from shop.kernel.errors import DomainError
from shop.web.parsing import entries
from shop.web.problems import kind_of
from shop.web.words import _, told

MAX_ROWS = 200
OWN_NAMES = frozenset({"csrf_token", "idempotency_key", "version", "next", "lang"})


class FormSchema(ma.Schema):
    """Fields of a page form; whatever else was sent is not looked at."""

    class Meta:
        unknown = ma.EXCLUDE


class Form:
    """What was typed, what it means, and what is wrong with it.

    Names are flat: row 0's sku of a list ``variants`` is ``variants-0-sku``. An empty field counts
    as not sent. ``errors`` maps a name to a sentence; ``message`` is about the whole form.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.data: dict[str, Any] = {}
        self.errors: dict[str, str] = {}
        self.message = ""
        self._rows: dict[str, list[int]] = {}

    @classmethod
    def read(cls, schema: type[ma.Schema]) -> "Form":
        """Load the form of the request at hand."""
        return cls.of(schema, request.form)

    @classmethod
    def of(cls, schema: type[ma.Schema], fields: MultiDict[str, str]) -> "Form":
        """Load a form that was sent before."""
        made = cls({name: fields.get(name, "") for name in fields})
        reader = schema()
        sent = nested(fields, reader)
        for name, value in sent.items():
            if isinstance(value, dict):
                made._rows[name] = sorted(value)
                sent[name] = [value[row] for row in made._rows[name]]
        try:
            made.data = reader.load(sent)
        except ma.ValidationError as error:
            made._note(list(entries(error.messages)))
        return made

    @property
    def ok(self) -> bool:
        """Nothing is wrong so far."""
        return not self.errors and not self.message

    def blame(self, error: DomainError) -> None:
        """Show a refusal of the shop at the fields it names, or over the form."""
        self._note(error.errors)
        if not self.errors or error.detail:
            self.message = told(error.detail, str(kind_of(error.code).title))

    def value(self, name: str, default: object = "") -> Any:
        """What stands in a field."""
        return self.values.get(name, default)

    def error(self, name: str) -> str:
        """What is wrong with a field, or nothing."""
        return self.errors.get(name, "")

    def _name(self, steps: list[str]) -> str:
        """A pointer as the name of a field; rows left empty were not counted, so count them."""
        rows = self._rows.get(steps[0])
        if rows and len(steps) > 1 and steps[1].isdigit() and int(steps[1]) < len(rows):
            steps = [steps[0], str(rows[int(steps[1])]), *steps[2:]]
        return "-".join(steps)

    def _note(self, found: list[dict[str, str]]) -> None:
        for entry in found:
            name = self._name(entry["pointer"].strip("/").split("/"))
            if name:
                self.errors.setdefault(name, told(entry["detail"], _("please correct this")))
            else:
                self.message = told(entry["detail"], _("please correct this"))


def nested(sent: MultiDict[str, str], schema: ma.Schema) -> dict[str, Any]:
    """Flat names to lists and rows: ``variants-0-sku``, or one name sent several times.

    Rows are an object from their number to their fields; a row left empty is not there.
    """
    found: dict[str, Any] = {}
    for name, values in sent.lists():
        if name in OWN_NAMES:
            continue
        filled = [value for value in values if value.strip()]
        if not filled:
            continue
        head, _, rest = name.partition("-")
        if rest and _has_rows(schema.fields.get(head)):
            _put_row(found, head, rest, filled[0])
        elif isinstance(schema.fields.get(name), ma.fields.List):
            if not _has_rows(schema.fields[name]):
                found[name] = filled
        else:
            found[name] = filled[0]
    return found


def _has_rows(field: ma.fields.Field[Any] | None) -> bool:
    return isinstance(field, ma.fields.List) and isinstance(field.inner, ma.fields.Nested)


def _put_row(found: dict[str, Any], head: str, rest: str, value: str) -> None:
    row, _, field = rest.partition("-")
    if not (row.isascii() and row.isdigit() and field and int(row[:6]) < MAX_ROWS):
        return
    found.setdefault(head, {}).setdefault(int(row[:6]), {})[field] = value
