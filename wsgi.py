"""The WSGI entry: ``gunicorn wsgi:app``."""

import gc

gc.disable()  # loading makes many objects that all stay; looking through them halves the speed

from shop.app import create_app  # noqa: E402

app = create_app()
gc.freeze()
gc.enable()
