"""The map of the rooms: which may import from which, without circles, and how long a file may be."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Each room, or file next to the rooms, may import from itself and from the entries above it.
FLOORS = [
    "linfit.arguments",
    "linfit.checks",
    "linfit.parameter_names",
    "linfit.text",
    "linfit.data",
    "linfit.statistics",
    "linfit.keras_utils",
    "linfit.analysis",
    "linfit.training",
    "linfit.models",
    "linfit.comparison",
    "linfit",
    "linfit.callbacks.fit_context",
    "linfit.callbacks.events",
    "linfit.callbacks.figures",
    "linfit.callbacks.descent",
    "linfit.callbacks",
]
LONGEST = 250  # lines


def modules() -> dict[str, Path]:
    """Return the path of each module of the package by its import name."""
    found = {}
    for folder, package in ((ROOT / "linfit", "linfit"), (ROOT / "callbacks", "linfit.callbacks")):
        for path in folder.rglob("*.py"):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


@cache
def imported(name: str) -> set[str]:
    """Return the modules of the package that a module imports anywhere in its file, including for types only."""
    result = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} has a relative import"
            # `from package import name` imports the module `package.name` if there is one.
            candidates = [
                full if (full := f"{node.module}.{alias.name}") in MODULES else str(node.module) for alias in node.names
            ]
        else:
            continue
        result |= {candidate for candidate in candidates if candidate in MODULES}
    return result - {name}


def floor(name: str) -> int:
    """Return the position in FLOORS of a module's room: the longest entry that its name begins with."""
    rooms = [room for room in FLOORS if name == room or name.startswith(f"{room}.")]
    return FLOORS.index(max(rooms, key=len))


@pytest.mark.parametrize("name", MODULES)
def test_a_room_imports_only_from_rooms_above_it_on_the_map(name):
    wrong = [other for other in imported(name) if floor(other) > floor(name)]
    assert not wrong, f"{name} must not import {', '.join(wrong)}: see the map of rooms in CONTRIBUTING.md"


def test_every_module_stands_in_a_room():
    at_the_top = {name for name in MODULES if floor(name) == FLOORS.index("linfit") and name != "linfit"}
    assert not at_the_top


def test_no_files_import_each_other_in_a_circle():
    remaining = {name: imported(name) for name in MODULES}
    while leaves := [name for name, others in remaining.items() if not others & remaining.keys()]:
        for name in leaves:
            del remaining[name]
    assert not remaining, f"these files, or some of them, import each other in a circle: {sorted(remaining)}"


@pytest.mark.parametrize("name", MODULES)
def test_type_checking_blocks_import_only_third_party_packages(name):
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            names = [alias.name for each in node.body if isinstance(each, ast.Import) for alias in each.names]
            names += [str(each.module) for each in node.body if isinstance(each, ast.ImportFrom)]
            assert not [each for each in names if each.split(".")[0] in ("linfit", "tensorboard_plugin_linfit")]


@pytest.mark.parametrize("name", MODULES)
def test_no_file_is_so_long_that_it_holds_two_concepts(name):
    assert len(MODULES[name].read_text().splitlines()) <= LONGEST
