"""Page tests share the ground's probe."""

from tests.api.conftest import calls, ground_app, light, probing

__all__ = ["calls", "ground_app", "light", "probing"]
