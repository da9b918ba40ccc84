"""Page tests share the ground's probe and the county of the API's tests, with more in it."""

import pytest

from tests.api.conftest import calls, ground_app, light, probing
from tests.api.county import County, bare, county
from tests.pages.furnish import furnish

__all__ = ["bare", "calls", "county", "ground_app", "light", "probing"]


@pytest.fixture(scope="session")
def furnished(county: County) -> County:
    """The county with what only pages show."""
    with county.app.app_context():
        furnish(county.world)
    return county
