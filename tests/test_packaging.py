"""The installed package: import names, files, and version bounds of the dependencies."""

import configparser
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PIP = ["-m", "pip", "--disable-pip-version-check"]
OFFLINE = ["--no-deps", "--no-build-isolation", "--no-index"]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the source tree, because a build leaves files behind."""
    copy = tmp_path_factory.mktemp("sources")
    for name in run("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, *PIP, "wheel", *OFFLINE, "--wheel-dir", folder, sources)
    return next(folder.glob("*.whl"))


class Installation(NamedTuple):
    python: Path
    linfit: Path
    callbacks: Path


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return linfit installed in a virtual environment that borrows all other packages, and pip, from this one."""
    base = tmp_path_factory.mktemp(request.param)
    venv.create(base)
    python = base / "bin" / "python"
    site_packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(base)}))
    # Python ignores .pth files in a borrowed folder, such as the one of an editable linfit.
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    source = request.getfixturevalue("wheel" if request.param == "wheel" else "sources")
    editable = ["--editable"] if request.param == "editable" else []
    run(python, *PIP, "install", *OFFLINE, "--ignore-installed", *editable, source)
    if editable:
        return Installation(python, source / "linfit", source / "callbacks")
    return Installation(python, site_packages / "linfit", site_packages / "linfit" / "callbacks")


def test_the_wheel_claims_no_import_names_but_linfit_and_that_of_its_tab(wheel: Path):
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"linfit", "tensorboard_plugin_linfit"}


def test_the_wheel_holds_every_module_the_typing_marker_and_the_tab(sources: Path, wheel: Path):
    tab = {
        f"tensorboard_plugin_linfit/{path.relative_to(sources / 'descent_tab')}"
        for path in sources.glob("descent_tab/**/*")
        if path.is_file()
    }
    assert {f"tensorboard_plugin_linfit/{name}" for name in ("__init__.py", "plugin.py", "page/index.js")} <= tab
    linfit = {f"linfit/{path.relative_to(sources / 'linfit')}" for path in sources.glob("linfit/**/*.py")}
    callbacks = {f"linfit/{path.relative_to(sources)}" for path in sources.glob("callbacks/**/*.py")}
    assert "linfit/callbacks/__init__.py" in callbacks
    assert linfit | callbacks | tab | {"linfit/py.typed"} <= set(zipfile.ZipFile(wheel).namelist())


def test_an_installation_imports_linfit_and_its_callbacks(installation: Installation, tmp_path: Path):
    program = "import linfit, linfit.callbacks as c; print(linfit.__file__, c.__file__, sep='\\n')"
    files = run(installation.python, "-c", program, cwd=tmp_path).splitlines()
    assert [Path(file).parent for file in files] == [installation.linfit, installation.callbacks]


def test_an_installation_brings_tensorboard_its_tab_which_does_not_import_linfit(
    installation: Installation, tmp_path: Path
):
    program = (
        "import importlib.metadata, sys; "
        "[tab] = importlib.metadata.entry_points(group='tensorboard_plugins', name='descent'); "
        "routes = tab.load()(type('Context', (), {'data_provider': None})).get_plugin_apps(); "
        "print('/index.js' in routes, *sorted({'linfit', 'keras', 'tensorflow'} & set(sys.modules)))"
    )
    assert run(installation.python, "-c", program, cwd=tmp_path) == "True\n"


def test_an_installation_leaves_the_name_callbacks_to_others(installation: Installation, tmp_path: Path):
    program = "import importlib.util; print(importlib.util.find_spec('callbacks'))"
    assert run(installation.python, "-c", program, cwd=tmp_path) == "None\n"


def dependencies() -> list[Requirement]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lists = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    requirements = [Requirement(line) for text in lists for line in text.split("\n") if line]
    return [requirement for requirement in requirements if requirement.name != "linfit"]


@pytest.mark.parametrize("dependency", dependencies(), ids=lambda dependency: dependency.name)
def test_a_dependency_is_bounded_on_both_sides_and_pinned_between(dependency: Requirement):
    assert sorted(bound.operator for bound in dependency.specifier) == ["<", ">="]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line.split("#")[0]) for line in lines if not line.startswith("#")]
    versions = [
        next(iter(pin.specifier)).version
        for pin in pins
        if canonicalize_name(pin.name) == canonicalize_name(dependency.name)
    ]
    assert versions
    assert all(version in dependency.specifier for version in versions)
