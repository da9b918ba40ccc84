"""Seats, hats and one's own account."""

from datetime import timedelta

import pytest
from flask import Flask

from shop.db import db
from shop.domain.accounts import passwords, queries
from shop.domain.accounts.addresses import MOST, AddressBookFull
from shop.domain.accounts.service import AccountInUse, InvalidCredentials
from shop.domain.accounts.states import Role, TokenKind
from shop.domain.villages.models import Cooperative
from shop.flows import addresses, own_account, people, signing_in
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, Invalid, NotFound
from tests.builders import COUNTY, a_cooperative, a_phone, a_token, a_user, an_actor
from tests.conftest import NOON, FixedClock, Race

SECRET = "a secret of the tests"


def manager_of(cooperative: Cooperative) -> Actor:
    return an_actor(a_user(seat=(Role.MANAGER, cooperative.id)))


def invite(actor: Actor, cooperative_id: int, phone: str, role: Role = Role.KEEPER) -> int:
    return people.invite(
        actor=actor,
        cooperative_id=cooperative_id,
        phone=phone,
        role=role,
        now=NOON,
    )


def test_an_invited_number_gets_its_seat_when_its_owner_comes(ctx: Flask) -> None:
    cooperative, phone = a_cooperative(), a_phone()
    invite(manager_of(cooperative), cooperative.id, phone)
    user_id = a_user(phone=phone, password_hash=passwords.hashed("a fine password"))
    assert an_actor(user_id).cooperatives("keeper") == ()
    signing_in.with_password(phone=phone, password="a fine password", kind=TokenKind.API, now=NOON)
    assert an_actor(user_id).cooperatives("keeper") == (cooperative.id,)
    assert an_actor(user_id).cooperatives("clerk") == ()


def test_an_unproven_number_gets_no_seat(ctx: Flask) -> None:
    cooperative, phone = a_cooperative(), a_phone()
    invite(manager_of(cooperative), cooperative.id, phone, Role.MANAGER)
    user_id = a_user(phone=phone, proven=False, password_hash=passwords.hashed("a fine password"))
    signing_in.with_password(phone=phone, password="a fine password", kind=TokenKind.API, now=NOON)
    assert an_actor(user_id).seats == frozenset()
    assert people.accept_invitations(actor=an_actor(user_id), now=NOON) == 0


def test_an_invitation_is_accepted_without_signing_in_again(ctx: Flask) -> None:
    cooperative, phone = a_cooperative(), a_phone()
    actor = an_actor(a_user(phone=phone))
    invite(manager_of(cooperative), cooperative.id, phone)
    assert people.accept_invitations(actor=actor, now=NOON) == 1
    assert people.accept_invitations(actor=actor, now=NOON) == 0


def test_an_invitation_ends_by_withdrawal_and_by_time(ctx: Flask, clock: FixedClock) -> None:
    cooperative = a_cooperative()
    manager = manager_of(cooperative)
    first, second = a_phone(), a_phone()
    people.withdraw_invitation(
        actor=manager, invitation_id=invite(manager, cooperative.id, first), now=NOON
    )
    invite(manager, cooperative.id, second)
    assert people.accept_invitations(actor=an_actor(a_user(phone=first)), now=NOON) == 0
    later = clock.tick(days=15)
    assert people.accept_invitations(actor=an_actor(a_user(phone=second)), now=later) == 0


def test_nobody_invites_into_or_dismisses_from_anothers_cooperative(ctx: Flask) -> None:
    mine, other = a_cooperative(), a_cooperative()
    manager, clerk = manager_of(mine), an_actor(a_user(seat=(Role.CLERK, mine.id)))
    theirs = manager_of(other)
    for actor, where in ((manager, other.id), (clerk, mine.id)):
        with pytest.raises(NotFound):
            invite(actor, where, a_phone())
    with pytest.raises(NotFound):
        people.withdraw_invitation(
            actor=manager, invitation_id=invite(theirs, other.id, a_phone()), now=NOON
        )
    assert theirs.user_id is not None
    with pytest.raises(NotFound):
        people.dismiss(
            actor=manager,
            cooperative_id=other.id,
            user_id=theirs.user_id,
            role=Role.MANAGER,
            now=NOON,
        )


def test_a_platform_role_is_no_seat(ctx: Flask) -> None:
    cooperative = a_cooperative()
    with pytest.raises(Invalid):
        invite(manager_of(cooperative), cooperative.id, a_phone(), Role.OPERATOR)


def test_a_dismissed_person_is_out_with_the_next_request(ctx: Flask) -> None:
    cooperative = a_cooperative()
    user_id = a_user(seat=(Role.KEEPER, cooperative.id))
    token = a_token(user_id)
    people.dismiss(
        actor=manager_of(cooperative),
        cooperative_id=cooperative.id,
        user_id=user_id,
        role=Role.KEEPER,
        now=NOON,
    )
    person = queries.actor_by_token(token, kind=TokenKind.API, now=NOON)
    assert person is not None
    assert person.actor.seats == frozenset()


def test_credentials_shown_together_are_told_apart(ctx: Flask) -> None:
    """A crowd's tokens are looked up in one query; each counts for its own kind of door alone."""
    cooperative = a_cooperative()
    keeper, buyer, left = a_user(seat=(Role.KEEPER, cooperative.id)), a_user(), a_user()
    shown = [
        (TokenKind.API, a_token(keeper)),
        (TokenKind.API, a_token(buyer)),
        (TokenKind.API, "no-such-token"),
        (TokenKind.API, page := a_token(left)),
        (TokenKind.PAGE, page),
    ]
    found = queries.people_by_tokens(shown, now=NOON)
    assert {token: person.user_id for (_, token), person in found.items()} == {
        shown[0][1]: keeper,
        shown[1][1]: buyer,
        page: left,
    }
    assert found[shown[0]].actor.seats == {("keeper", cooperative.id)}
    assert (TokenKind.PAGE, page) not in found
    assert queries.people_by_tokens(shown, now=NOON + timedelta(days=400)) == {}


def test_a_cooperative_keeps_a_manager(ctx: Flask) -> None:
    cooperative = a_cooperative()
    manager = manager_of(cooperative)
    assert manager.user_id is not None
    with pytest.raises(AccountInUse):
        people.dismiss(
            actor=manager,
            cooperative_id=cooperative.id,
            user_id=manager.user_id,
            role=Role.MANAGER,
            now=NOON,
        )


def test_two_managers_cannot_dismiss_each_other_at_once(ctx: Flask, race: Race) -> None:
    cooperative = a_cooperative()
    pair = [manager_of(cooperative), manager_of(cooperative)]
    where = cooperative.id
    db.session.rollback()

    def dismiss(number: int) -> None:
        other = pair[1 - number].user_id
        assert other is not None
        people.dismiss(
            actor=pair[number],
            cooperative_id=where,
            user_id=other,
            role=Role.MANAGER,
            now=NOON,
        )

    results = race(2, dismiss)
    assert [type(one) for one in results if one is not None] == [AccountInUse]
    db.session.rollback()
    assert len(queries.seats_of(where)) == 1


def test_the_operator_gives_and_takes_hats_of_the_platform_only(ctx: Flask) -> None:
    operator, user_id = an_actor(roles=(Role.OPERATOR,)), a_user()
    people.grant_role(actor=operator, user_id=user_id, role=Role.HOST, now=NOON)
    people.grant_role(actor=operator, user_id=user_id, role=Role.HOST, now=NOON)
    assert an_actor(user_id).is_host
    people.revoke_role(actor=operator, user_id=user_id, role=Role.HOST, now=NOON)
    assert not an_actor(user_id).is_host
    with pytest.raises(Invalid):
        people.grant_role(actor=operator, user_id=user_id, role=Role.MANAGER, now=NOON)
    with pytest.raises(NotFound):
        people.grant_role(actor=operator, user_id=10**6, role=Role.HOST, now=NOON)


def test_the_last_operator_stays(ctx: Flask) -> None:
    operator = an_actor(roles=(Role.OPERATOR,))
    assert operator.user_id is not None
    with pytest.raises(AccountInUse):
        people.revoke_role(actor=operator, user_id=operator.user_id, role=Role.OPERATOR, now=NOON)
    with pytest.raises(Forbidden):
        people.suspend_user(actor=operator, user_id=operator.user_id)


def test_nobody_else_acts_for_the_platform(ctx: Flask) -> None:
    buyer, user_id = an_actor(), a_user()
    for act in (
        lambda: people.grant_role(actor=buyer, user_id=user_id, role=Role.HOST, now=NOON),
        lambda: people.revoke_role(actor=buyer, user_id=user_id, role=Role.HOST, now=NOON),
        lambda: people.suspend_user(actor=buyer, user_id=user_id),
        lambda: people.restore_user(actor=buyer, user_id=user_id),
        lambda: people.revoke_tokens(actor=buyer, user_id=user_id, now=NOON),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_new_password_ends_every_other_credential(ctx: Flask) -> None:
    user_id = a_user(password_hash=passwords.hashed("the first password"))
    here, elsewhere = a_token(user_id, kind=TokenKind.PAGE), a_token(user_id)
    actor = an_actor(user_id)
    with pytest.raises(InvalidCredentials):
        own_account.change_password(
            actor=actor, current="wrong", new="the second password", token=here, now=NOON
        )
    own_account.change_password(
        actor=actor,
        current="the first password",
        new="the second password",
        token=here,
        now=NOON,
    )
    assert queries.actor_by_token(here, kind=TokenKind.PAGE, now=NOON)
    assert queries.actor_by_token(elsewhere, kind=TokenKind.API, now=NOON) is None


def test_who_came_by_code_may_set_a_first_password(ctx: Flask) -> None:
    phone = a_phone()
    actor = an_actor(a_user(phone=phone))
    own_account.change_password(
        actor=actor, current=None, new="the first password", token=None, now=NOON
    )
    assert signing_in.with_password(
        phone=phone, password="the first password", kind=TokenKind.API, now=NOON
    ).token


@pytest.mark.parametrize("new", ["short", "x" * 129])
def test_a_password_has_a_length(ctx: Flask, new: str) -> None:
    with pytest.raises(Invalid):
        own_account.change_password(actor=an_actor(), current=None, new=new, token=None, now=NOON)


def address(actor: Actor, **other: object) -> int:
    given: dict[str, object] = {
        "name": "演示收货人",
        "phone": "13900000001",
        "region_code": COUNTY,
        "street": "演示路 1 号",
        "now": NOON,
    }
    return addresses.add(actor=actor, **{**given, **other})  # type: ignore[arg-type]


def test_an_address_book_has_one_default(ctx: Flask) -> None:
    actor = an_actor()
    assert actor.user_id is not None
    first, second = address(actor), address(actor)
    assert [one.id for one in queries.addresses(actor.user_id) if one.is_default] == [first]
    db.session.rollback()
    addresses.edit(actor=actor, address_id=second, is_default=True, now=NOON)
    assert [one.id for one in queries.addresses(actor.user_id) if one.is_default] == [second]
    third = address(actor, is_default=True)
    assert [one.id for one in queries.addresses(actor.user_id) if one.is_default] == [third]


@pytest.mark.parametrize(
    "wrong",
    [
        {"region_code": "140000"},
        {"region_code": "140300"},
        {"region_code": "山西省"},
        {"phone": "1380000"},
        {"name": "\u200b"},
        {"street": "x" * 201},
    ],
)
def test_a_wrong_address_is_refused(ctx: Flask, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        address(an_actor(), **wrong)


def test_an_ended_county_takes_no_new_address(ctx: Flask) -> None:
    from shop.domain.logistics import regions

    ended = next(one.code for one in regions._regions().values() if one.valid_to)
    with pytest.raises(Invalid):
        address(an_actor(), region_code=ended)


def test_anothers_address_is_not_found(ctx: Flask) -> None:
    mine, other = an_actor(), an_actor()
    theirs = address(other)
    with pytest.raises(NotFound):
        addresses.edit(actor=mine, address_id=theirs, street="别处", now=NOON)
    with pytest.raises(NotFound):
        addresses.remove(actor=mine, address_id=theirs)
    addresses.remove(actor=other, address_id=theirs)


def test_an_address_book_has_an_end(ctx: Flask) -> None:
    actor = an_actor()
    for _ in range(MOST):
        address(actor)
    with pytest.raises(AddressBookFull):
        address(actor)
