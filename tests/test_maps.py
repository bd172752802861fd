"""The maps in CONTRIBUTING.md and README.md show the folders and files that exist."""

import re
import subprocess
from pathlib import Path

from test_rooms import FLOORS

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| `([^`]+)` \| [^|]+\|(?: ([^|]+) \|)?$", re.MULTILINE)


def table(page: str, heading: str) -> dict[str, set[str]]:
    """The paths in the first column of a page's tables below a heading, with the names in the last column."""
    section = (ROOT / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {path: set(re.findall(r"`([^`]+)`", names)) for path, names in ROW.findall(section)}


def place(floor: str) -> str:
    """The path of a room, or of a file beside the rooms."""
    name = floor.replace("linfit.callbacks", "callbacks").replace(".", "/")
    if name == "linfit":
        return "linfit/__init__.py"
    return f"{name}/" if (ROOT / name).is_dir() else f"{name}.py"


def folders_with_files(depth: int) -> set[str]:
    """The folders of the repository down to a depth, hidden ones left out."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    parts = [Path(line).parts[:-1] for line in listed.splitlines()]
    return {"/".join(each[:depth]) + "/" for each in parts if each and not each[0].startswith(".")}


def test_the_map_of_contributing_has_the_rooms_in_the_order_in_which_they_may_import():
    rooms = [path for path in table("CONTRIBUTING.md", "The map") if path.startswith(("linfit/", "callbacks/"))]
    assert rooms == [place(floor) for floor in FLOORS]


def test_the_map_of_contributing_has_every_file_of_every_room():
    for path, names in table("CONTRIBUTING.md", "The map").items():
        if path.startswith(("linfit/", "callbacks/")) and path.endswith("/"):
            assert names == {file.stem for file in (ROOT / path).glob("*.py")} - {"__init__", "fit_context"}, path


def test_the_map_of_contributing_has_every_folder():
    on_the_map = {path for path in table("CONTRIBUTING.md", "The map") if path.endswith("/")}
    assert {path for path in folders_with_files(1)} - {"linfit/", "callbacks/"} <= on_the_map
    assert {f"scripts/{name}/" for name in ("examples", "benchmarks")} <= on_the_map
    assert all((ROOT / path).exists() for path in on_the_map)


def test_the_map_of_the_readme_has_the_folders_at_the_top():
    assert set(table("README.md", "Development")) == folders_with_files(1)
