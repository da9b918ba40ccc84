"""A village's month is frozen by one person, published by another, and corrected in the open."""

from dataclasses import asdict
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from shop.db import WRITE, db
from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.domain.settlement import sheets
from shop.domain.settlement.states import SheetStatus
from shop.domain.villages.models import Village
from shop.flows import disclosing, people
from shop.flows.disclosing import ApprovalRequired
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from shop.reads import audit
from shop.reads import board as boards
from tests.builders import a_cooperative, a_sku, a_user, a_village, an_actor, an_operator
from tests.conftest import NOON, FixedClock
from tests.money import a_completed, refunded
from tests.structure.rows import refused

MONTH = "2026-03"


def one_of(village: Village, *roles: Role) -> Actor:
    """Somebody with these roles in a village."""
    user_id = a_user()
    for role in roles:
        people.grant_role(
            actor=an_operator(), user_id=user_id, role=role, village_id=village.id, now=NOON
        )
    return an_actor(user_id)


def a_month(village: Village) -> Any:
    """A village with one completed order."""
    return a_completed({a_sku(on_hand=9, cooperative=a_cooperative(village=village)): 2})


def draft(actor: Actor, village: Village, period: str = MONTH, note: str | None = None) -> int:
    return disclosing.draft_board(
        actor=actor, village_id=village.id, period=period, note=note, now=NOON
    )


def test_two_people_publish_a_month_and_later_changes_are_told(
    ctx: Flask, clock: FixedClock
) -> None:
    village = a_village()
    keeper, supervisor = one_of(village, Role.VILLAGE), one_of(village, Role.SUPERVISOR)
    order = a_month(village)
    frozen = asdict(boards.figures(village.id, MONTH))
    sheet_id = draft(keeper, village, note="三月第一批")
    assert boards.board(village.slug, MONTH).published_at is None, "a draft publishes nothing"
    signed = clock.tick(hours=1)
    disclosing.countersign_board(actor=supervisor, sheet_id=sheet_id, now=signed)
    shown = boards.board(village.slug, MONTH)
    assert (shown.published_at, shown.corrections) == (signed, ())
    assert shown.published is not None
    assert (shown.published.as_of, shown.published.note) == (NOON, "三月第一批")
    refunded(order, amount_fen=500, now=clock.tick(hours=1))
    shown = boards.board(village.slug, MONTH)
    told = {one.figure: (one.published, one.now) for one in shown.corrections}
    assert told["refunds_fen"] == (0, 500)
    assert told["net_fen"] == (frozen["net_fen"], shown.net_fen)
    assert "farmers_fen" not in told, "no household's sale is the difference"
    kept = sheets.published(village.id, MONTH)
    assert kept is not None
    assert kept.figures == frozen
    again = draft(keeper, village)
    disclosing.countersign_board(actor=supervisor, sheet_id=again, now=clock.tick(hours=1))
    shown = boards.board(village.slug, MONTH)
    assert (shown.published_at, shown.corrections) == (clock(), ())
    assert "I30" not in {broken.name for broken in audit.violations(clock())}


def test_nobody_countersigns_their_own_draft(ctx: Flask) -> None:
    village = a_village()
    a_month(village)
    both = one_of(village, Role.VILLAGE, Role.SUPERVISOR)
    sheet_id = draft(both, village)
    with pytest.raises(ApprovalRequired):
        disclosing.countersign_board(actor=both, sheet_id=sheet_id, now=NOON)
    publish = "UPDATE board_sheet SET status = 'published', decided_by = drafted_by"
    with db.engine.connect().execution_options(**{WRITE: True}) as line:
        said = refused(line, f"{publish}, decided_at = drafted_at")
    assert "second_person_publishes" in said


def test_only_the_villages_own_people_touch_its_month(ctx: Flask) -> None:
    village, other = a_village(), a_village()
    a_month(village)
    sheet_id = draft(one_of(village, Role.VILLAGE), village)
    strangers = [
        one_of(other, Role.VILLAGE, Role.SUPERVISOR),
        an_actor(),
        an_operator(),
    ]
    for actor in strangers:
        for act in (
            lambda actor=actor: draft(actor, village),
            lambda actor=actor: disclosing.countersign_board(
                actor=actor, sheet_id=sheet_id, now=NOON
            ),
            lambda actor=actor: disclosing.withdraw_board(actor=actor, sheet_id=sheet_id, now=NOON),
        ):
            with pytest.raises(NotFound):
                act()
    keeper, supervisor = one_of(village, Role.VILLAGE), one_of(village, Role.SUPERVISOR)
    with pytest.raises(NotFound):
        draft(supervisor, village)
    with pytest.raises(NotFound):
        disclosing.countersign_board(actor=keeper, sheet_id=sheet_id, now=NOON)


def test_a_draft_is_decided_once_and_a_new_one_takes_its_place(ctx: Flask) -> None:
    village = a_village()
    keeper, supervisor = one_of(village, Role.VILLAGE), one_of(village, Role.SUPERVISOR)
    for period, wrong in ((MONTH, "no completed"), ("2026-04", "not begun"), ("2026-01", "no com")):
        with pytest.raises(Invalid, match=wrong):
            draft(keeper, village, period)
    a_month(village)
    first, second = draft(keeper, village), draft(keeper, village)
    with pytest.raises(IllegalMove):
        disclosing.countersign_board(actor=supervisor, sheet_id=first, now=NOON)
    disclosing.withdraw_board(actor=supervisor, sheet_id=second, now=NOON)
    third = draft(keeper, village)
    disclosing.countersign_board(actor=supervisor, sheet_id=third, now=NOON)
    with pytest.raises(IllegalMove):
        disclosing.withdraw_board(actor=keeper, sheet_id=third, now=NOON)
    with pytest.raises(Invalid, match="published already"):
        draft(keeper, village)
    found = [(one.version, one.status) for one in sheets.of_month(village.id, MONTH)]
    taken = SheetStatus.WITHDRAWN
    assert found == [(3, SheetStatus.PUBLISHED), (2, taken), (1, taken)]


def test_the_database_keeps_what_was_drafted_and_decided(ctx: Flask) -> None:
    village = a_village()
    a_month(village)
    sheet_id = draft(one_of(village, Role.VILLAGE), village)
    with db.engine.connect().execution_options(**{WRITE: True}) as line:
        assert "frozen" in refused(line, "UPDATE board_sheet SET figures = '{}'")
        assert "kept" in refused(line, "DELETE FROM board_sheet")
    disclosing.countersign_board(
        actor=one_of(village, Role.SUPERVISOR), sheet_id=sheet_id, now=NOON
    )
    with db.engine.connect().execution_options(**{WRITE: True}) as line:
        said = refused(line, "UPDATE board_sheet SET note = 'x'")
        assert "stays as it is" in said
        line.execute(sa.text("UPDATE village SET name = '演示村改名'"))


def test_a_published_month_that_was_never_in_the_ledger_is_seen(ctx: Flask) -> None:
    village = a_village()
    a_month(village)
    keeper, supervisor = one_of(village, Role.VILLAGE), one_of(village, Role.SUPERVISOR)
    real = boards.figures
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            boards,
            "figures",
            lambda *args, **more: boards.Figures(**asdict(real(*args, **more)) | {"orders": 7}),
        )
        sheet_id = draft(keeper, village)
    disclosing.countersign_board(actor=supervisor, sheet_id=sheet_id, now=NOON)
    assert [broken.name for broken in audit.violations(NOON)] == ["I30"]


def test_hats_of_a_village_are_given_to_proven_numbers_and_taken_back(ctx: Flask) -> None:
    village, operator = a_village(), an_operator()
    keeper = one_of(village, Role.VILLAGE)
    assert keeper.villages("village") == (village.id,)
    assert keeper.user_id is not None
    given: dict[str, Any] = {"actor": operator, "role": Role.SUPERVISOR, "now": NOON}
    with pytest.raises(Invalid, match="not proven"):
        people.grant_role(user_id=a_user(proven=False), village_id=village.id, **given)
    with pytest.raises(Invalid):
        people.grant_role(user_id=keeper.user_id, **given)
    with pytest.raises(NotFound):
        people.grant_role(user_id=keeper.user_id, village_id=10**6, **given)
    with pytest.raises(Invalid):
        people.grant_role(
            user_id=keeper.user_id, village_id=village.id, **given | {"role": Role.HOST}
        )
    with pytest.raises(Forbidden):
        people.grant_role(
            user_id=keeper.user_id, village_id=village.id, **given | {"actor": keeper}
        )
    people.revoke_role(
        actor=operator,
        user_id=keeper.user_id,
        role=Role.VILLAGE,
        village_id=village.id,
        now=NOON,
    )
    assert an_actor(keeper.user_id).villages("village") == ()
    assert accounts.seats_of_village(village.id) == []
