"""Remakes the pictures of README and docs from runs of the scripts and from TensorBoard, and runs the notebook.

Needs Chromium.
"""

import json
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

import descent_pictures
import notebook
import recover
import sweep
import train
from playwright.sync_api import Page, sync_playwright
from sklearn.datasets import load_diabetes
from tensorboard import program

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PINNED = quote(json.dumps([{"plugin": "scalars", "tag": tag} for tag in ("w", "b", "loss")]))


def main() -> None:
    """Run the scripts in a temporary folder, and keep a picture of each."""
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder, "logs")
        for script, name in {sweep: "sweep", recover: "recovery"}.items():
            script.main(["--logs", str(logs), "--name", name])
            shutil.copy(logs / name / f"{name}.png", IMAGES)
        fit(logs, "lesson", {"fit.png": "line.png", "bowl.png": "bowl.png", "fit.gif": "lesson.gif"}, "--animate")
        fit(logs, "zigzag", {"bowl.png": "zigzag.png"}, "--learning-rate", "0.255", "--steps", "60")
        fit(logs, "longer", {}, "--steps", "400")
        table = Path(folder, "diabetes.csv")
        load_diabetes(as_frame=True).frame.to_csv(table, index=False)
        data = ["--csv", str(table), "--target", "target", "--features", "bmi", "bp", "s5"]
        pictures = {"fit.png": "coefficients.png", "bowl.png": "valley.png", "predictions.png": "predictions.png"}
        fit(logs, "diabetes", pictures, *data, "--no-normalize", "--steps", "1000")
        gallery = descent_pictures.views(table)
        descent_pictures.fit(logs / "gallery", gallery)
        screenshots(logs, gallery)
    notebook.main([])


def fit(logs: Path, name: str, pictures: dict[str, str], *options: str) -> None:
    """Run train.py, and copy pictures of its run under other names."""
    train.main(["--logs", str(logs), "--name", name, *options])
    for file, kept in pictures.items():
        shutil.copy(logs / name / "fit" / file, IMAGES / kept)


def screenshots(logs: Path, gallery: dict[str, descent_pictures.View]) -> None:
    """Take pictures of TensorBoard: the lesson, the lesson with 400 steps, the sweep's table, and the Descent tab."""
    lesson, longer, sweeps, descents = (serve(logs / name) for name in ("lesson", "longer", "sweep", "gallery"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1500, "height": 640})
        page.goto(f"{lesson}?darkMode=false&smoothing=0&pinnedCards={PINNED}#timeseries")
        page.get_by_label("Close side pane").click()
        keep(page, "scalar-card line-chart canvas", "tensorboard")
        page.set_viewport_size({"width": 1500, "height": 1180})
        page.goto(f"{longer}?darkMode=false#custom_scalars&_smoothingWeight=0")
        page.reload()
        keep(page, "vz-line-chart2 svg", "custom_scalars")
        page.set_viewport_size({"width": 2100, "height": 660})
        page.goto(f"{sweeps}?darkMode=false#hparams")
        page.reload()
        keep(page, "tf-hparams-table-view vaadin-grid-cell-content", "hparams")
        descent_pictures.take_whole(browser, lesson, "fit", 37, IMAGES / "descent-lesson.png")
        descent_pictures.take(browser, descents, gallery, IMAGES)
        browser.close()


def serve(folder: Path) -> str:
    """Start a TensorBoard that runs until this process ends, and return its address."""
    server = program.TensorBoard()
    server.configure(argv=["", "--logdir", str(folder), "--host", "127.0.0.1", "--port", "0"])
    return server.launch()


def keep(page: Page, drawn: str, name: str) -> None:
    """Take a screenshot once the selector `drawn` matches."""
    page.wait_for_selector(drawn)
    page.wait_for_timeout(5000)  # the lines are drawn one after another, and no event marks the last
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
