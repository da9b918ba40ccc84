"""FAULTS 82: whatever the OpenAPI document allows is answered as the document says."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.world import ROLES, World, build
from tests.builders import COUNTY
from tests.lengths import rounds

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDLESS = "/api/v1/live-sessions/{session_id}/events"
SIGN_OUT = "/api/v1/tokens/current"
EXAMPLES = rounds(5, 700)
"""Of each operation; in full, more than a hundred thousand requests on both databases."""


KNOWN = {"lot": "code"}
RIGHT = {
    "region_code": COUNTY,
    "phone": "13800000001",
    "carrier": "shunfeng",
    "waybill_no": "SF1234567890777",
    "harvested_on": "2026-03-01",
    "best_before": "2026-09-01",
}


def fill(case: Any, ids: dict[str, Any], known: bool) -> None:
    """Half of the time a name leads to something that is there; nobody waits for news."""
    if known:
        case.path_parameters = {
            name: ids.get("village" if "/board/" in case.path else name, value)
            for name, value in (case.path_parameters or {}).items()
        }
        if isinstance(case.body, dict):
            case.body = named(case.body, ids)
    if "wait" in (case.query or {}):
        case.query["wait"] = "0"


def named(body: Any, ids: dict[str, Any]) -> Any:
    """A body in which names of things are names of real things."""
    if isinstance(body, list):
        return [named(one, ids) for one in body]
    if not isinstance(body, dict):
        return body
    return {
        name: ids.get(KNOWN.get(name, name), value)
        if isinstance(value, str | int)
        else named(value, ids)
        for name, value in body.items()
    }


def callers(operation: Any) -> Any:
    """Mostly somebody whom the document lets in."""
    raw = operation.definition.raw
    roles = [role for role in raw.get("x-roles", ROLES) if role in ROLES]
    return st.one_of(
        st.sampled_from(roles), st.sampled_from(roles), st.sampled_from((None, *ROLES))
    )


def fuzz(app: Flask, operation: Any, world: World) -> None:
    """Send what the strategies make of one operation, as everybody in turn."""

    @given(case=operation.as_strategy(), caller=callers(operation), known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any, caller: str | None, known: bool) -> None:
        fill(case, world.ids, known)
        case.headers.pop("Authorization", None)
        case.headers.update(world.header(caller) if caller else {})
        response = case.call(headers={"Accept": "application/json"})
        case.validate_response(response, checks=CHECKS)

    send()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_generated_requests_meet_only_documented_answers(app: Flask) -> None:
    with app.app_context():
        world = build()
    world.ids |= RIGHT
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    failed = []
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in sorted(operations, key=lambda one: one.path == SIGN_OUT):
        if operation.path == ENDLESS:
            continue
        try:
            fuzz(app, operation, world)
        except BaseException as error:
            failed.append(f"{operation.label}: {error}"[:1500])
    assert failed == [], "\n\n".join(failed)


def test_the_document_is_whole(app: Flask) -> None:
    spec = app.test_client().get("/api/openapi.json").get_json()
    assert spec["openapi"] == "3.1.0"
    for path, operations in spec["paths"].items():
        for verb, operation in operations.items():
            if verb == "parameters":
                continue
            assert operation.get("summary"), f"{verb} {path} does not say what it does"
            assert any(status < "400" for status in operation["responses"]), f"{verb} {path}"
            assert operation["security"] in ([{}], [{"bearer": []}])
