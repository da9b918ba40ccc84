"""The locked requirements install anywhere: pinned, hashed, and free of addresses and paths."""

import re

import pytest

from tests.structure.code import ROOT

FILES = ["requirements.in", "requirements-dev.in", "requirements.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("name", FILES)
def test_requirements_hold_no_address_and_no_path(name: str) -> None:
    text = (ROOT / name).read_text()
    for pattern in (r"https?://", r"@ ?file:", r"--(extra-)?index-url", r"--find-links", r"\s/\w"):
        assert re.search(pattern, text) is None, pattern


@pytest.mark.parametrize("name", FILES[2:])
def test_every_locked_package_has_a_version_and_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=[a-zA-Z])", (ROOT / name).read_text())
    packages = [entry for entry in entries if re.match(r"[a-zA-Z]", entry)]
    assert len(packages) > 30
    for entry in packages:
        assert re.match(r"[\w.\-\[\]]+==\S+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]


def test_the_development_lock_agrees_with_the_other() -> None:
    def pins(name: str) -> dict[str, str]:
        found = re.findall(r"^([\w.\-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / name).read_text(), re.M)
        return dict(found)

    running, testing = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: testing.get(name) for name in running} == running
