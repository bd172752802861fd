"""What the README tells people to type works, and prints what the README shows."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
PROGRAMS = {"sh": ["bash", "-ec"], "python": [sys.executable, "-c"]}
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the project's files, with this environment as its .venv."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def environment(**extra):
    """INSTALLED= tells make that the environment is ready."""
    return os.environ | {"INSTALLED": "", "COLUMNS": "80"} | extra


def same(printed, shown):
    """Whether two lines agree: the words exactly, the numbers to what differs between processors."""
    numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(line)] for line in (printed, shown)]
    words = [re.sub(r"[\s-]+", " ", NUMBER.sub("", line)) for line in (printed, shown)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=1e-3, abs=2e-4)


def test_every_block_of_the_readme_runs_and_prints_what_is_shown(clone):
    ran = 0
    for (language, code), (following, shown) in zip_longest(BLOCKS, BLOCKS[1:], fillvalue=("", "")):
        if language == "text" or code.startswith("make tensorboard"):
            continue
        result = subprocess.run(
            [*PROGRAMS[language], code], cwd=clone, env=environment(), capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        if following == "text":
            for line, expected in zip_longest(result.stdout.splitlines(), shown.splitlines(), fillvalue=""):
                assert same(line, expected), f"\nprinted {line!r}\nshown   {expected!r}"
        ran += 1
    assert ran >= 5


def test_the_code_on_the_other_pages_runs(clone):
    pages = (clone / "docs").glob("*.md")
    blocks = [
        code for page in pages for code in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.M)
    ]
    for code in blocks:
        result = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    for name in ("line.png", "bowl.svg", "predictions.png", "coefficients.png"):
        assert (clone / name).stat().st_size > 10_000


@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs").glob("*.md")], ids=lambda page: page.name)
def test_links_lead_somewhere_and_pictures_are_there(page):
    text = page.read_text()
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(pictures) >= 2 or page.name == "distributed.md"  # of a fit that looks like any other
    assert all((page.parent / link).exists() for link in links)
    assert all((page.parent / picture).read_bytes().startswith((b"\x89PNG", b"GIF8")) for picture in pictures)


def test_make_tensorboard_serves_the_runs(clone):
    assert ("sh", 'make tensorboard ARGS="--logdir logs/lesson"\n') in BLOCKS
    (clone / "logs").mkdir(exist_ok=True)
    with (clone / "tensorboard.txt").open("w+") as output:
        server = subprocess.Popen(
            ["make", "tensorboard"],
            cwd=clone,
            env=environment(ARGS="--host 127.0.0.1 --port 0"),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url, deadline = None, time.monotonic() + 60
            while url is None and time.monotonic() < deadline and server.poll() is None:
                time.sleep(0.2)
                url = re.search(r"http://127\.0\.0\.1:\d+/", Path(output.name).read_text())
            assert url, Path(output.name).read_text()
            with urllib.request.urlopen(f"{url[0]}data/environment") as answer:
                assert b"logs" in answer.read()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def test_ci_runs_the_commands_of_the_readme_and_nothing_weaker():
    commands = [line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    assert "make check" in commands
    assert "make test" in commands
    assert "`make test`" in (ROOT / "README.md").read_text()
