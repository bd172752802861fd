"""scripts/train.py --tensorboard in its own process: its page during the fit and after it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urljoin

import pytest
from playwright.sync_api import expect

SCRIPT = Path(__file__).parents[2] / "scripts" / "train.py"
PATIENCE = 60.0  # seconds to wait for anything
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(page, path, **query):
    with _direct.open(urljoin(page, f"data/plugin/{path}?{urlencode(query)}"), timeout=PATIENCE) as answer:
        return json.load(answer)


def until(claim, run):
    """Wait until `claim()` is true while the run continues, and return its value."""
    deadline = time.monotonic() + PATIENCE
    while not (found := claim()):
        assert run.process.poll() is None, "the run ended too early"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that would take many minutes, and its page; a fake browser writes the opened address to a file."""
    folder = tmp_path_factory.mktemp("live")
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {folder}/half && mv {folder}/half {folder}/opened\n')
    browser.chmod(0o755)
    steps = ["--steps", "2000000000", "--every", "1000000000", "--rows", "100000", "--batch-size", "1"]
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--logs", str(folder / "logs"), "--tensorboard", *steps],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": f"{browser} %s"},
    )
    assert process.stdout is not None
    page = next(line.split()[1] for line in process.stdout if line.startswith("TensorBoard:"))
    yield SimpleNamespace(process=process, page=page, folder=folder)
    process.kill()
    process.communicate()


def test_new_steps_are_on_the_page_while_the_fit_runs(run):
    def last_step():
        try:
            points = get(run.page, "scalars/scalars", run="fit", tag="loss")
        except urllib.error.HTTPError:  # 404: nothing is loaded yet
            return 0
        return points[-1][1]

    first = until(last_step, run)
    second = until(lambda: last_step() > first and last_step(), run)
    until(lambda: last_step() > second, run)


def test_figures_appear_as_they_are_made(run):
    def drawn():
        try:
            return [image["step"] for image in get(run.page, "images/images", run="fit", tag="bowl", sample=0)]
        except urllib.error.HTTPError:
            return []

    until(lambda: len(drawn()) > 1, run)
    assert drawn()[:2] == [0, 1]
    assert run.process.poll() is None


def test_it_opens_its_page_once_there_is_something_to_see(run, browser, descent_frame):
    until((run.folder / "opened").exists, run)
    address = (run.folder / "opened").read_text()
    assert address == run.page
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(address)
    frame = descent_frame(page)
    expect(frame.get_by_role("group", name="runs").get_by_role("button")).to_have_text(["fit"])
    expect(frame.get_by_role("heading", name="The line")).to_be_visible()
    expect(frame.get_by_role("row", name="truth")).to_contain_text("0.5000")


def test_ctrl_c_ends_fit_and_page_and_keeps_the_model(run):
    run.process.send_signal(signal.SIGINT)
    output, _ = run.process.communicate(timeout=PATIENCE)
    assert run.process.returncode == 130
    assert "make train ARGS=" in output
    assert "stays open" not in output
    assert (run.folder / "logs" / "lesson" / "model.keras").is_file()


def test_after_a_whole_fit_the_page_stays_until_ctrl_c(tmp_path):
    arguments = ["--logs", str(tmp_path), "--tensorboard", "--steps", "20"]
    environment = {name: value for name, value in os.environ.items() if name not in ("BROWSER", "DISPLAY")}
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("TensorBoard stays open"):
            break
    page = next(line.split()[1] for line in lines if line.startswith("TensorBoard:"))
    points = get(page, "scalars/scalars", run="fit", tag="w")
    assert [step for _, step, _ in points][-1] == 20
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
