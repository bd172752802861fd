"""The commands and the code on README.md and docs/ run and print the output that the pages show."""

import json
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
# One interpreter runs all blocks, each in a fresh namespace: TensorFlow is imported only once.
BLOCK_BY_BLOCK = """
import json, sys
for block in map(json.loads, sys.stdin):
    exec(compile(block, "a block of the page", "exec"), {"__name__": "__main__"})
    print("\\nEND OF THE BLOCK", flush=True)
"""
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Return a copy of the project's files, with this environment as its .venv."""
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
    """Return the environment of the commands; the empty INSTALLED tells make that .venv is ready."""
    return os.environ | {"INSTALLED": "", "COLUMNS": "80"} | extra


@pytest.fixture(scope="module")
def run_python(clone):
    """Return a function that runs a block of Python in the clone and returns its output."""
    with (clone / "errors.txt").open("w") as errors:
        python = subprocess.Popen(
            [sys.executable, "-c", BLOCK_BY_BLOCK],
            cwd=clone,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def run_python(code):
        print(json.dumps(code), file=python.stdin, flush=True)
        printed = ""
        for line in python.stdout:
            if line == "END OF THE BLOCK\n":
                return printed.removesuffix("\n")
            printed += line
        raise AssertionError((clone / "errors.txt").read_text())

    with python:
        yield run_python


def run_shell(code, folder):
    """Run a block of commands and return its output."""
    result = subprocess.run(["bash", "-ec", code], cwd=folder, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def same(printed, shown):
    """Return whether two lines have equal words, and numbers that differ by no more than processors do."""
    numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(line)] for line in (printed, shown)]
    words = [re.sub(r"[\s-]+", " ", NUMBER.sub("", line)) for line in (printed, shown)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=1e-3, abs=2e-4)


def assert_same(printed, shown):
    for line, expected in zip_longest(printed.splitlines(), shown.splitlines(), fillvalue=""):
        assert same(line, expected), f"\nprinted {line!r}\nshown   {expected!r}"


def test_every_block_of_the_readme_runs_and_prints_what_is_shown(clone, run_python):
    ran = 0
    for (language, code), (following, shown) in zip_longest(BLOCKS, BLOCKS[1:], fillvalue=("", "")):
        if language == "text" or code.startswith("make tensorboard"):
            continue
        printed = {"sh": lambda code: run_shell(code, clone), "python": run_python}[language](code)
        if following == "text":
            assert_same(printed, shown)
        ran += 1
    assert ran >= 5


def test_the_code_on_the_other_pages_runs_and_prints_what_is_shown(clone, run_python):
    pages = (clone / "docs").glob("*.md")
    block = re.compile(r"^```(python|sh)\n((?:(?!```).)*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
    compared = {"python": 0, "sh": 0}
    for language, code, shown in (found for page in pages for found in block.findall(page.read_text())):
        if language == "sh" and not shown:
            continue  # it needs a cluster, a browser or several minutes
        printed = run_python(code) if language == "python" else run_shell(code, clone)
        if shown:
            assert_same(printed, shown)
            compared[language] += 1
    assert compared["python"] >= 6
    assert compared["sh"] >= 1
    for name in ("line.png", "bowl.svg", "predictions.png", "coefficients.png"):
        assert (clone / name).stat().st_size > 10_000


FEWEST_PICTURES = {"tables.md": 0, "streams.md": 0, "distributed.md": 0, "benchmarks.md": 1}  # on all others, 2


def anchors(page):
    """Return the anchors of a page's headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs").glob("*.md")], ids=lambda page: page.name)
def test_links_lead_somewhere_and_pictures_are_there(page):
    text = page.read_text()
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(pictures) >= FEWEST_PICTURES.get(page.name, 2)
    assert all((page.parent / link).exists() for link in links)
    sections = re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", text)
    assert all(anchor in anchors(page.parent / link if link else page) for link, anchor in sections)
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
