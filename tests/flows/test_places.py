"""Villages, cooperatives and farmers, and who may touch them."""

import pytest
from flask import Flask

from shop.db import db
from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.domain.logistics import freight
from shop.domain.logistics.freight import Zone
from shop.domain.settlement import queries as settlement
from shop.domain.villages import licences, queries
from shop.domain.villages.service import CooperativeWords, VillageWords
from shop.domain.villages.states import PlaceStatus, SellerKind
from shop.flows import places
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, Invalid, NotFound
from shop.reads.product_page import ProductPage, product_page
from tests.builders import (
    COUNTY,
    a_cooperative,
    a_farmer,
    a_product,
    a_user,
    a_village,
    an_actor,
)
from tests.conftest import NOON

SPLIT = places.Split(platform_bp=200, village_bp=500, farmer_bp=6000)
FREIGHT = places.Freight(
    first_grams=1000, next_grams=500, free_from_fen=9900, zones=[Zone(prefix="", first_fen=600)]
)


def operator() -> Actor:
    return an_actor(a_user(roles=(Role.OPERATOR,)))


def words(village_id: int, **other: object) -> CooperativeWords:
    given: dict[str, object] = {
        "name": "演示粗粮合作社",
        "licence_no": licences.demo_licence(900),
        "village_id": village_id,
        "address": "演示路 2 号",
        "contact": "0353-0000000",
    }
    return CooperativeWords(**{**given, **other})  # type: ignore[arg-type]


def add(actor: Actor, village_id: int, *, slug: str = "demo-grains", **other: object) -> int:
    return places.add_cooperative(
        actor=actor,
        slug=slug,
        words=words(village_id, **other),
        split=SPLIT,
        freight_rule=FREIGHT,
        manager_phone="13900000123",
        now=NOON,
    )


def test_a_new_cooperative_has_its_rules_and_an_invited_manager(ctx: Flask) -> None:
    made = add(operator(), a_village().id)
    split, rule = settlement.current_rules([made])[made], freight.current_rules([made])[made]
    assert (split.version, split.farmer_bp) == (1, 6000)
    assert freight.freight_fen(rule, region_code=COUNTY, grams=900, goods_fen=100) == 600
    (invited,) = accounts.open_invitations(cooperative_id=made, now=NOON)
    assert (invited.phone, invited.role) == ("+8613900000123", Role.MANAGER)


def test_a_wrong_rule_leaves_no_cooperative_behind(ctx: Flask) -> None:
    with pytest.raises(Invalid):
        places.add_cooperative(
            actor=operator(),
            slug="demo-grains",
            words=words(a_village().id),
            split=places.Split(platform_bp=9000, village_bp=900, farmer_bp=900),
            freight_rule=FREIGHT,
            manager_phone=None,
            now=NOON,
        )
    assert queries.cooperative("demo-grains") is None


@pytest.mark.parametrize(
    "licence_no",
    ["91110000600037341X", "123", "", "93000000DEM000900O", "９１１１００００６０００３７３４１Ｌ"],
)
def test_a_wrong_licence_number_is_refused(ctx: Flask, licence_no: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(operator(), a_village().id, licence_no=licence_no)
    assert refused.value.errors[0]["pointer"] == "/licence_no"


def test_a_household_selling_its_own_produce_needs_no_licence(ctx: Flask) -> None:
    made = add(operator(), a_village().id, seller_kind=SellerKind.SELF_GROWN, licence_no="")
    kept = queries.cooperatives_by_id([made])[made]
    assert licences.is_self_grown(kept.licence_no)
    places.edit_cooperative(
        actor=operator(),
        cooperative_id=made,
        words=words(kept.village_id, seller_kind=SellerKind.SELF_GROWN, licence_no=kept.licence_no),
        now=NOON,
    )
    assert queries.cooperatives_by_id([made])[made].licence_no == kept.licence_no


def test_a_corrected_seller_is_corrected_on_the_pages_that_named_it(ctx: Flask) -> None:
    village = a_village()
    made = add(operator(), village.id)
    home = queries.cooperatives_by_id([made])[made]
    plain = a_product(cooperative=home)
    special = a_product(cooperative=home, seller={"contact": "0353-9999999"})
    foreign = a_product()
    before = {slug: page(slug) for slug in (plain, special, foreign)}
    kept = {"licence_no": home.licence_no, "name": home.name}
    new = words(village.id, address="演示路 8 号", contact="0353-1111111", **kept)
    places.edit_cooperative(actor=operator(), cooperative_id=made, words=new, now=NOON)
    seller = page(plain).seller
    assert (seller.name, seller.address) == (home.name, "演示路 8 号")
    assert seller.contact == "0353-1111111"
    assert page(plain).version == before[plain].version + 1
    assert (page(special).seller.address, page(special).seller.contact) == (
        "演示路 8 号",
        "0353-9999999",
    )
    assert page(foreign) == before[foreign]


def page(slug: str) -> ProductPage:
    found = product_page(slug, actor=None, now=NOON)
    db.session.rollback()
    return found


def test_two_cooperatives_do_not_share_a_licence_or_an_address(ctx: Flask) -> None:
    actor, village_id = operator(), a_village().id
    add(actor, village_id)
    for other in ({"slug": "another"}, {"licence_no": licences.demo_licence(901)}):
        with pytest.raises(Invalid):
            add(actor, village_id, **other)


def test_demonstration_licences_pass_the_check_and_differ() -> None:
    made = {licences.demo_licence(number) for number in range(1, 50)}
    assert len(made) == 49
    assert all(licences.checked(one) == one for one in made)


def test_only_the_operator_makes_places(ctx: Flask) -> None:
    cooperative = a_cooperative()
    manager = an_actor(a_user(seat=(Role.MANAGER, cooperative.id)))
    village = VillageWords(name="演示村", name_en="Demo", region_code=COUNTY)
    with pytest.raises(Forbidden):
        places.add_village(actor=manager, slug="demo", words=village, now=NOON)
    with pytest.raises(Forbidden):
        add(manager, cooperative.village_id)
    with pytest.raises(Forbidden):
        places.set_split(actor=manager, cooperative_id=cooperative.id, split=SPLIT, now=NOON)
    with pytest.raises(Forbidden):
        places.set_cooperative_status(
            actor=manager, cooperative_id=cooperative.id, status=PlaceStatus.SUSPENDED
        )


def test_a_village_stands_in_a_county_of_the_list(ctx: Flask) -> None:
    for region_code in ("140000", "140300", "999999", "149901"):
        with pytest.raises(Invalid):
            places.add_village(
                actor=operator(),
                slug="demo",
                words=VillageWords(name="演示村", name_en="Demo", region_code=region_code),
                now=NOON,
            )


def test_a_suspended_cooperative_leaves_the_list_and_comes_back(ctx: Flask) -> None:
    actor, cooperative = operator(), a_cooperative()
    for status, listed in ((PlaceStatus.SUSPENDED, False), (PlaceStatus.ACTIVE, True)):
        places.set_cooperative_status(actor=actor, cooperative_id=cooperative.id, status=status)
        found = [one.id for one in queries.cooperatives()]
        assert (cooperative.id in found) is listed


def test_a_manager_sets_the_freight_of_the_own_cooperative_only(ctx: Flask) -> None:
    mine, other = a_cooperative(), a_cooperative()
    manager = an_actor(a_user(seat=(Role.MANAGER, mine.id)))
    places.set_freight(actor=manager, cooperative_id=mine.id, rule=FREIGHT, now=NOON)
    assert freight.current_rules([mine.id])[mine.id].version == 2
    with pytest.raises(NotFound):
        places.set_freight(actor=manager, cooperative_id=other.id, rule=FREIGHT, now=NOON)


def test_a_keeper_notes_and_corrects_the_own_farmers(ctx: Flask) -> None:
    cooperative = a_cooperative()
    keeper = an_actor(a_user(seat=(Role.KEEPER, cooperative.id)))
    farmer_id = places.add_farmer(
        actor=keeper,
        cooperative_id=cooperative.id,
        name=" 演示 农户甲 ",
        phone="139 0000 0009",
        village_id=cooperative.village_id,
        now=NOON,
    )
    places.record_consent(actor=keeper, farmer_id=farmer_id, given=True, now=NOON)
    farmer = queries.farmer(farmer_id, cooperative_ids=[cooperative.id])
    assert farmer is not None
    assert (farmer.name, farmer.phone, farmer.consented_at) == (
        "演示 农户甲",
        "+8613900000009",
        NOON,
    )
    places.record_consent(actor=keeper, farmer_id=farmer_id, given=False, now=NOON)
    assert farmer.consented_at is None


def test_another_cooperatives_farmer_is_not_found(ctx: Flask) -> None:
    mine, other = a_cooperative(), a_cooperative()
    farmer_id = a_farmer(other).id
    keeper = an_actor(a_user(seat=(Role.KEEPER, mine.id)))
    with pytest.raises(NotFound):
        places.edit_farmer(
            actor=keeper, farmer_id=farmer_id, name="改", phone=None, village_id=mine.village_id
        )
    with pytest.raises(NotFound):
        places.record_consent(actor=keeper, farmer_id=farmer_id, given=True, now=NOON)
    with pytest.raises(NotFound):
        places.add_farmer(
            actor=keeper,
            cooperative_id=other.id,
            name="演示",
            phone=None,
            village_id=mine.village_id,
            now=NOON,
        )


def test_a_clerk_does_not_keep_the_farmers(ctx: Flask) -> None:
    cooperative = a_cooperative()
    clerk = an_actor(a_user(seat=(Role.CLERK, cooperative.id)))
    with pytest.raises(NotFound):
        places.edit_farmer(
            actor=clerk,
            farmer_id=a_farmer(cooperative).id,
            name="改",
            phone=None,
            village_id=cooperative.village_id,
        )


def test_only_the_operator_notes_an_assisted_household(ctx: Flask) -> None:
    cooperative = a_cooperative()
    farmer_id = a_farmer(cooperative).id
    manager = an_actor(a_user(seat=(Role.MANAGER, cooperative.id)))
    with pytest.raises(Forbidden):
        places.set_assisted(actor=manager, farmer_id=farmer_id, assisted=True)
    places.set_assisted(actor=operator(), farmer_id=farmer_id, assisted=True)
    farmer = queries.farmer(farmer_id, cooperative_ids=[cooperative.id])
    assert farmer is not None
    assert farmer.assisted
