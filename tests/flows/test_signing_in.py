"""Coming in by password or code, and what a stranger cannot do."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.db import changed, db
from shop.domain.accounts import codes, passwords, queries
from shop.domain.accounts.models import AccessToken, SmsCode, User
from shop.domain.accounts.service import InvalidCredentials, PhoneTaken
from shop.domain.accounts.states import CodePurpose, TokenKind
from shop.domain.accounts.texts import AGREEMENTS
from shop.domain.notices.models import Message
from shop.flows import own_account, people, signing_in
from shop.kernel.errors import Invalid
from tests.builders import a_token, a_user, an_actor
from tests.conftest import NOON, FixedClock, Race

PHONE, NUMBER = "13900000001", "+8613900000001"
SECRET = "a secret of the tests"
PASSWORD = "a fine password"


def send(now: object = NOON, purpose: CodePurpose = CodePurpose.SIGN_IN) -> str:
    """Ask for a code and read it where the outbox page would show it."""
    signing_in.send_code(phone=PHONE, purpose=purpose, secret=SECRET, now=now)  # type: ignore[arg-type]
    message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert message is not None
    code = str(message.variables["code"])
    db.session.rollback()
    return code


def sign_up(**other: object) -> int:
    given: dict[str, object] = {
        "phone": PHONE,
        "password": PASSWORD,
        "name": "演示买家",
        "code": None,
        "code_required": False,
        "secret": SECRET,
        "now": NOON,
    }
    return signing_in.sign_up(**{**given, **other})  # type: ignore[arg-type]


def by_code(code: str, now: object = NOON) -> signing_in.SignedIn:
    return signing_in.with_code(
        phone=PHONE,
        code=code,
        kind=TokenKind.API,
        secret=SECRET,
        now=now,  # type: ignore[arg-type]
    )


def by_password(password: str = PASSWORD, phone: str = PHONE) -> signing_in.SignedIn:
    return signing_in.with_password(phone=phone, password=password, kind=TokenKind.API, now=NOON)


def works(token: str, now: object = NOON) -> bool:
    found = queries.actor_by_token(token, kind=TokenKind.API, now=now)  # type: ignore[arg-type]
    db.session.rollback()
    return found is not None


def test_a_password_opens_the_account_it_was_made_with(ctx: Flask) -> None:
    user_id = sign_up(agreements=AGREEMENTS)
    given = by_password()
    person = queries.actor_by_token(given.token, kind=TokenKind.API, now=NOON)
    assert person is not None
    assert (person.user_id, person.phone) == (user_id, NUMBER)
    assert person.actor.roles == {"buyer"}


def test_neither_password_nor_token_nor_code_is_stored(ctx: Flask) -> None:
    code = send()
    given = by_code(code)
    sign_up(phone="13900000002")
    kept = db.session.scalars(select(User.password_hash)).all()
    assert not any(PASSWORD in (one or "") for one in kept)
    assert db.session.scalars(select(AccessToken.token_hash)).one() != given.token
    assert code not in db.session.scalars(select(SmsCode.code_hash)).one()


@pytest.mark.parametrize(
    "phone", ["", "138", "1380000000a", "+1 2025550123", "01012345678", "１３８００００００" * 9]
)
def test_what_is_no_mainland_mobile_number_is_refused(ctx: Flask, phone: str) -> None:
    with pytest.raises(Invalid):
        sign_up(phone=phone)


def test_one_number_has_one_account_however_it_is_written(ctx: Flask) -> None:
    sign_up()
    with pytest.raises(PhoneTaken):
        sign_up(phone="+86 139-0000-0001")


def test_wrong_password_unknown_number_and_no_password_look_the_same(ctx: Flask) -> None:
    sign_up()
    a_user(phone="13900000002")
    seen = set()
    for phone, password in ((PHONE, "wrong"), ("13900000003", PASSWORD), ("13900000002", "")):
        with pytest.raises(InvalidCredentials) as refused:
            by_password(password, phone)
        seen.add((refused.value.detail, str(refused.value.facts)))
    assert len(seen) == 1


def test_an_unknown_number_costs_a_hash_too(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    real = passwords._hasher.verify

    class Counting:
        def verify(self, password_hash: str, plain: str) -> bool:
            tried.append(plain)
            return real(password_hash, plain)

    passwords._nobody()
    monkeypatch.setattr(passwords, "_hasher", Counting())
    with pytest.raises(InvalidCredentials):
        by_password()
    assert tried == [PASSWORD]


def test_no_transaction_is_open_while_a_password_is_hashed(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up()
    user_id = queries.user_by_phone(NUMBER)
    assert user_id is not None
    actor = an_actor(user_id.id)
    open_then: list[bool] = []
    real = passwords._aside

    def watching(work: object) -> object:
        open_then.append(db.session().in_transaction())
        return real(work)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords, "_aside", watching)
    by_password()
    own_account.change_password(
        actor=actor, current=PASSWORD, new="another password", token=None, now=NOON
    )
    own_account.confirm_identity(
        actor=actor, password="another password", code=None, secret=SECRET, now=NOON
    )
    assert open_then == [False] * 4


def test_a_suspended_person_is_out_at_once_and_no_password_helps(ctx: Flask) -> None:
    user_id = sign_up()
    token = by_password().token
    operator = an_actor(roles=("operator",))
    people.suspend_user(actor=operator, user_id=user_id)
    assert not works(token)
    with pytest.raises(InvalidCredentials):
        by_password()
    with pytest.raises(InvalidCredentials):
        by_code(send())
    people.restore_user(actor=operator, user_id=user_id)
    assert works(token)


def test_credentials_end_by_time_by_sign_out_and_by_kind(ctx: Flask, clock: FixedClock) -> None:
    user_id = a_user()
    token = a_token(user_id)
    assert works(token)
    assert queries.actor_by_token(token, kind=TokenKind.PAGE, now=NOON) is None
    assert not works(token, clock.tick(days=31))
    signing_in.sign_out(token=token, kind=TokenKind.API, now=NOON)
    assert not works(token)
    assert not works("never given")


def test_a_code_makes_the_account_and_proves_the_number(ctx: Flask) -> None:
    given = by_code(send())
    assert given.made
    user = queries.user(given.user_id)
    assert user is not None
    assert (user.phone, user.phone_proven_at, user.password_hash) == (NUMBER, NOON, None)


def test_in_production_sign_up_needs_the_code_of_that_number(ctx: Flask) -> None:
    for code in (None, "000000"):
        with pytest.raises(Invalid) as refused:
            sign_up(code_required=True, code=code)
        assert refused.value.errors[0]["pointer"] == "/code"
    code = send(purpose=CodePurpose.SIGN_UP)
    user = queries.user(sign_up(code_required=True, code=code))
    assert user is not None
    assert user.phone_proven_at == NOON


def test_a_wrong_code_says_nothing_about_the_number(ctx: Flask) -> None:
    sign_up()
    with pytest.raises(Invalid):
        sign_up(code="123456", code_required=True)


def test_a_code_is_good_for_its_purpose_only(ctx: Flask) -> None:
    with pytest.raises(InvalidCredentials):
        by_code(send(purpose=CodePurpose.SIGN_UP))


def test_a_stranger_loses_the_account_when_the_owner_proves_the_number(ctx: Flask) -> None:
    user_id = sign_up()
    stranger = by_password().token
    owner = by_code(send())
    assert (owner.user_id, owner.made) == (user_id, False)
    assert not works(stranger)
    assert works(owner.token)
    with pytest.raises(InvalidCredentials):
        by_password()


def test_an_owner_who_signs_up_with_a_code_takes_the_account_back(
    ctx: Flask, clock: FixedClock
) -> None:
    user_id = sign_up(name="陌生人")
    stranger = by_password().token
    code = send(purpose=CodePurpose.SIGN_UP)
    mine = {
        "password": "the owner's password",
        "name": "演示号主",
        "agreements": AGREEMENTS,
    }
    assert sign_up(code=code, code_required=True, **mine) == user_id
    assert not works(stranger)
    with pytest.raises(InvalidCredentials):
        by_password()
    owner = queries.user(by_password("the owner's password").user_id)
    assert owner is not None
    assert (owner.id, owner.name, owner.phone_proven_at) == (user_id, "演示号主", NOON)
    again = send(clock.tick(61), CodePurpose.SIGN_UP)
    with pytest.raises(PhoneTaken):
        sign_up(code=again, code_required=True, now=clock())
    assert by_password("the owner's password").token


def test_a_shut_account_is_not_taken_back_by_signing_up(ctx: Flask) -> None:
    people.suspend_user(actor=an_actor(roles=("operator",)), user_id=sign_up())
    with pytest.raises(PhoneTaken):
        sign_up(code=send(purpose=CodePurpose.SIGN_UP))


def test_a_proven_owner_keeps_password_and_tokens(ctx: Flask, clock: FixedClock) -> None:
    sign_up(code=send(purpose=CodePurpose.SIGN_UP))
    token = by_password().token
    by_code(send(clock.tick(61)), clock())
    assert works(token)
    assert by_password().token


def test_a_code_works_once(ctx: Flask) -> None:
    code = send()
    by_code(code)
    with pytest.raises(InvalidCredentials):
        by_code(code)


def test_a_code_ends_after_ten_minutes(ctx: Flask, clock: FixedClock) -> None:
    code = send()
    with pytest.raises(InvalidCredentials):
        by_code(code, clock.tick(minutes=10))


def test_a_newer_code_replaces_the_older(ctx: Flask, clock: FixedClock) -> None:
    old = send()
    new = send(clock.tick(61))
    if old != new:
        with pytest.raises(InvalidCredentials):
            by_code(old, clock())
    assert by_code(new, clock()).token


def wrong_for(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_five_wrong_tries_end_a_code(ctx: Flask) -> None:
    code = send()
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            by_code(wrong_for(code))
    with pytest.raises(InvalidCredentials):
        by_code(code)


def test_codes_for_one_number_are_limited_by_minute_hour_and_day(
    ctx: Flask, clock: FixedClock
) -> None:
    send()
    with pytest.raises(codes.TooManyCodes) as refused:
        send(clock.tick(59))
    assert refused.value.facts["retry_after"] in {1, 2}
    clock.tick(2)
    for _ in range(4):
        send(clock())
        clock.tick(61)
    with pytest.raises(codes.TooManyCodes):
        send(clock())
    clock.tick(hours=1)
    for _ in range(5):
        send(clock())
        clock.tick(61)
    clock.tick(hours=2)
    with pytest.raises(codes.TooManyCodes):
        send(clock())
    send(clock.tick(days=1))


def test_two_requests_at_once_send_one_code(ctx: Flask, race: Race) -> None:
    results = race(8, lambda _: send())
    assert sum(isinstance(one, str) for one in results) == 1
    assert sum(isinstance(one, codes.TooManyCodes) for one in results) == 7


def test_the_same_code_at_once_signs_in_once(ctx: Flask, race: Race) -> None:
    code = send()
    results = race(8, lambda _: by_code(code))
    assert sum(isinstance(one, signing_in.SignedIn) for one in results) == 1
    assert sum(isinstance(one, InvalidCredentials) for one in results) == 7


def test_many_wrong_codes_at_once_count_five(ctx: Flask, race: Race) -> None:
    code = send()
    race(12, lambda _: by_code(wrong_for(code)))
    assert db.session.scalar(select(SmsCode.tries)) == codes.TRIES
    db.session.rollback()
    with pytest.raises(InvalidCredentials):
        by_code(code)


def naive_use_code(gate: object) -> object:
    """Look first, write later: what ``use_code`` must never become."""

    def use(code: str, *, phone: str, purpose: CodePurpose, secret: str, now: object) -> bool:
        row = db.session.execute(
            select(SmsCode.id, SmsCode.code_hash, SmsCode.tries, SmsCode.used_at).where(
                SmsCode.phone == phone
            )
        ).one()
        gate.wait(10)  # type: ignore[attr-defined]
        if row.used_at is not None or row.tries >= codes.TRIES:
            return False
        right = row.code_hash == codes.code_hash(code, phone=phone, secret=secret)
        changed(
            update(SmsCode)
            .where(SmsCode.id == row.id)
            .values(tries=row.tries + 1, used_at=now if right else None)
        )
        return right

    return use


def test_a_naive_twin_uses_a_code_twice_and_miscounts_tries(
    ctx: Flask, race: Race, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """On SQLite writers take turns, so only PostgreSQL can show the race."""
    if database_url.startswith("sqlite"):
        return
    import threading

    code = send()
    monkeypatch.setattr(codes, "use_code", naive_use_code(threading.Barrier(4)))
    by_code_wrong = race(4, lambda _: by_code(wrong_for(code)))
    assert all(isinstance(one, InvalidCredentials) for one in by_code_wrong)
    assert db.session.scalar(select(SmsCode.tries)) == 1
    db.session.rollback()
    results = race(4, lambda _: by_code(code))
    assert sum(isinstance(one, signing_in.SignedIn) for one in results) > 1


def test_demonstration_buyers_come_with_tokens_and_no_password(ctx: Flask) -> None:
    first, second = people.make_demo_buyers(3, now=NOON), people.make_demo_buyers(2, now=NOON)
    assert len({*first, *second}) == 5
    assert all(works(token) for token in [*first, *second])
    assert set(db.session.scalars(select(User.password_hash))) == {None}
