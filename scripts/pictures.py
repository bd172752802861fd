"""Makes the README's pictures anew from runs of the scripts: line, TensorBoard in a browser, sweep, recovery."""

import json
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

import recover
import sweep
import train
from playwright.sync_api import sync_playwright
from tensorboard import program

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def main() -> None:
    """Runs the scripts in a temporary folder and keeps a picture of each."""
    with tempfile.TemporaryDirectory() as logs:
        for script, name in {sweep: "sweep", recover: "recovery"}.items():
            script.main(["--logs", logs, "--name", name])
            shutil.copy(Path(logs, name, f"{name}.png"), IMAGES)
        train.main(["--logs", logs])
        lesson = Path(logs, "lesson")
        shutil.copy(lesson / "fit" / "fit.png", IMAGES / "line.png")
        server = program.TensorBoard()
        server.configure(argv=[None, "--logdir", str(lesson), "--host", "127.0.0.1", "--port", "0"])
        pinned = quote(json.dumps([{"plugin": "scalars", "tag": tag} for tag in ("w", "b")]))
        page = f"?darkMode=false&smoothing=0&pinnedCards={pinned}#timeseries"
        screenshot(server.launch() + page, IMAGES / "tensorboard.png")


def screenshot(url: str, path: Path) -> None:
    """The Time Series page at this address, once its charts are drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1160, "height": 600})
        page.goto(url)
        page.wait_for_selector("scalar-card line-chart canvas")
        page.get_by_label("Close side pane").click()
        page.wait_for_timeout(4000)  # the lines are drawn one after another, with nothing to wait for
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main()
