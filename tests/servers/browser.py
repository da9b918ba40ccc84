"""Where the browser is and how it starts."""

import os
import shutil
from typing import Any

from tests.servers.ground import ServerMissing


def executable() -> str:
    """``CHROMIUM``, else what the machine has."""
    for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    raise ServerMissing("no Chromium: run scripts/need_browser.sh or set CHROMIUM=/path/to/it")


def launch_arguments() -> dict[str, Any]:
    """What Playwright needs; root has no sandbox of its own."""
    flags = ["--disable-dev-shm-usage", "--disable-gpu"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {"executable_path": executable(), "args": flags}
