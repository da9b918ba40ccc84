"""Every marked text has its Chinese."""

import subprocess
import sys

from tests.structure.code import ROOT


def test_every_text_has_a_translation() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/check_translations.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
