"""``scripts/need_browser.sh`` believes no machine without a browser or without Chinese signs."""

import shutil
import subprocess
from pathlib import Path

from tests.structure.code import ROOT

TOOLS = ("sh", "find", "id", "env")


def a_machine(folder: Path, *programs: str, fonts: tuple[str, ...] = (), says: str = "") -> int:
    """Run the script where only these programs and font files are; gives how it ended."""
    bin_, share = folder / "bin", folder / "share"
    (share / "fonts").mkdir(parents=True)
    bin_.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (bin_ / tool).symlink_to(found)
    for program in programs:
        (bin_ / program).write_text(f"#!/bin/sh\necho '{says}'\n")
        (bin_ / program).chmod(0o755)
    for font in fonts:
        (share / "fonts" / font).touch()
    done = subprocess.run(
        ["sh", str(ROOT / "scripts/need_browser.sh")],
        env={"PATH": str(bin_), "HOME": str(folder), "XDG_DATA_DIRS": str(share)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or "Chinese signs" in done.stderr
    return done.returncode


def test_a_machine_needs_a_browser_of_any_name_and_a_font_with_chinese_signs(
    tmp_path: Path,
) -> None:
    cjk = ("NotoSansCJK-Regular.ttc",)
    for number, (programs, fonts, says, code) in enumerate(
        [
            (("chromium",), cjk, "", 0),
            (("chromium-browser",), cjk, "", 0),
            (("google-chrome",), cjk, "", 0),
            ((), cjk, "", 1),
            (("chromium",), (), "", 1),
            (("chromium",), ("DejaVuSans.ttf",), "", 1),
            (("chromium", "fc-list"), (), "Noto Sans CJK SC", 0),
            (("chromium", "fc-list"), cjk, "", 1),
        ]
    ):
        folder = tmp_path / str(number)
        assert a_machine(folder, *programs, fonts=fonts, says=says) == code, (programs, fonts)
