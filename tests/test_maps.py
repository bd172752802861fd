"""The maps in CONTRIBUTING.md and README.md show the folders and files that exist."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from test_rooms import FLOORS

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| `([^`]+)` \| [^|]+\|$", re.MULTILINE)


def section(page: str, heading: str) -> str:
    """The text of a page between this heading and the next."""
    return (ROOT / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


def place(floor: str) -> str:
    """The path of a room, or of a file beside the rooms."""
    name = floor.replace("linfit.callbacks", "callbacks").replace(".", "/")
    if name == "linfit":
        return "linfit/__init__.py"
    return f"{name}/" if (ROOT / name).is_dir() else f"{name}.py"


PLACES = [place(floor) for floor in FLOORS]


def top_folders() -> set[str]:
    """The folders at the top of the repository that hold tracked files, hidden ones left out."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    parts = [Path(line).parts for line in listed.splitlines()]
    return {f"{first}/" for first, *rest in parts if rest and not first.startswith(".")}


def test_the_map_has_the_rooms_in_the_order_in_which_they_may_import():
    rows = ROW.findall(section("CONTRIBUTING.md", "The map"))
    assert [path for path in rows if path.startswith(("linfit/", "callbacks/"))] == PLACES


@pytest.mark.parametrize("room", [room for room in PLACES if room.endswith("/")])
def test_the_list_of_files_has_each_file_of_a_room_with_its_docstring(room):
    listed = section("CONTRIBUTING.md", "Every file").split(f"`{room}`\n\n")[1].split("\n\n")[0]
    files = [file for file in sorted((ROOT / room).glob("*.py")) if file.stem not in ("__init__", "fit_context")]
    docstrings = {file.name: str(ast.get_docstring(ast.parse(file.read_text()))) for file in files}
    assert listed.splitlines() == [f"- `{name}` {text.splitlines()[0]}" for name, text in docstrings.items()]


def test_the_map_has_every_folder_beside_the_package():
    folders = {path for path in ROW.findall(section("CONTRIBUTING.md", "The map")) if path.endswith("/")}
    assert top_folders() - {"linfit/"} <= folders
    assert {"scripts/examples/", "scripts/benchmarks/"} <= folders
    assert all((ROOT / path).is_dir() for path in folders)


def test_the_map_of_the_readme_has_the_folders_at_the_top():
    assert set(ROW.findall(section("README.md", "Development"))) == top_folders()
