"""The Descent page during a fit: TensorBoard's reload adds new steps and keeps the current selection."""

import re
import threading
import time
from types import SimpleNamespace

import keras
import pytest
from descent_on_screen import DescentPage, parsed
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger


class Slowly(keras.callbacks.Callback):
    """Slows a fit down to at most 100 steps per second, until `stop` is set."""

    def __init__(self):
        super().__init__()
        self.stop = threading.Event()

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.01)
        self.model.stop_training = self.stop.is_set()


class RunningFit:
    """A fit that runs in its own thread."""

    def __init__(self, log_dir, run, learning_rate=0.001):
        truth = linfit.GroundTruth(w=0.4, b=0.5, noise=0.3)
        x, y = truth.sample(60, seed=3, low=-2.0, high=2.0)
        self.model = linfit.LinearRegression()
        self.model.compile(learning_rate=learning_rate)
        self.slowly = Slowly()
        settings = {"batch_size": 60, "epochs": 10_000, "verbose": 0}
        watching = [TensorBoardLogger(log_dir, run, truth=truth), self.slowly]
        self.thread = threading.Thread(target=self.model.fit, args=(x, y), kwargs=settings | {"callbacks": watching})
        self.thread.start()

    def end(self):
        """End the fit and return its last step."""
        self.slowly.stop.set()
        self.thread.join()
        return int(self.model.trajectory.step[-1])


@pytest.fixture(scope="module", params=["true", "false"], ids=lambda fast: f"load_fast={fast}")
def live(request, tmp_path_factory, open_page):
    """A page opened while its fit is running."""
    log_dir = tmp_path_factory.mktemp("live")
    fit = RunningFit(log_dir, "a/fit")
    try:
        deadline = time.monotonic() + 20
        while not list(log_dir.glob("a/fit/events*")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        often = ["--reload_interval", "1", "--reload_task", "thread"]
        with TensorBoard(log_dir, *often, f"--load_fast={request.param}") as board:
            screen = DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))
            yield SimpleNamespace(screen=screen, fit=fit, log_dir=log_dir)
            screen.page.close()
    finally:
        fit.end()


def reload(screen):
    screen.page.locator("app-header-reload button").dispatch_event("click")  # a real click would move the focus
    screen.page.wait_for_timeout(100)


def reload_until(screen, claim):
    """Reload repeatedly until `claim()` is true."""

    def reloaded():
        reload(screen)
        return claim()

    screen.until(reloaded)


def more_steps(screen):
    """Reload until there are more steps; return the last step before that."""
    before = screen.last_step
    reload_until(screen, lambda: screen.last_step > before)
    return before


def test_a_page_opened_during_a_fit_shows_its_steps_so_far(live):
    reload_until(live.screen, lambda: live.screen.last_step > 20)
    assert live.fit.thread.is_alive()
    assert live.screen.is_at_the_end


def test_a_cursor_at_the_end_follows_the_end(live):
    screen = live.screen
    screen.press("End")
    before = more_steps(screen)
    assert screen.is_at_the_end
    assert screen.step > before
    step, last_step = re.findall(r"[\d,]+", screen.frame.text_content("#step"))
    assert step == last_step


def test_a_cursor_elsewhere_stays_where_it_is(live):
    screen = live.screen
    screen.frame.focus("#cursor")
    screen.go_to(12)
    table, sentence, end = screen.table, screen.sentence, screen.last_step
    more_steps(screen)
    assert screen.step == 12
    assert screen.table == table
    assert screen.sentence == sentence
    assert screen.frame.evaluate("document.activeElement.id") == "cursor"
    screen.press("End")
    assert screen.is_at_the_end
    assert screen.step > end


def test_playing_does_not_jump_when_more_steps_come(live):
    screen = live.screen
    screen.frame.select_option("#speed", "0.1")
    screen.press("Home", " ")
    screen.until(lambda: screen.step > 0)
    before = screen.step
    start = time.monotonic()
    more_steps(screen)
    seconds = time.monotonic() - start
    assert screen.plays
    assert screen.step >= before
    assert screen.step - before <= 2 + 2 * seconds * 0.1 * screen.last_step / 10
    screen.press(" ")
    screen.frame.select_option("#speed", "1")


def test_another_run_that_begins_does_not_move_what_one_looks_at(live):
    screen = live.screen
    screen.go_to(15)
    screen.frame.click("#zoom")
    assert set(screen.chips) == {"a/fit"}
    other = RunningFit(live.log_dir, "a/faster", learning_rate=0.05)
    try:
        reload_until(screen, lambda: len(screen.chips) == 2)
    finally:
        other.end()
    assert [label for label, chip in screen.chips.items() if chip.shown] == ["fit"]
    assert screen.step == 15
    assert screen.frame.get_attribute("#zoom", "aria-pressed") == "true"
    screen.chip("faster").click()
    screen.until(lambda: {"fit", "faster"} <= set(screen.table))
    assert screen.step == 15
    screen.frame.click("#zoom")


def test_the_end_of_the_fit_arrives(live):
    screen = live.screen
    screen.show_alone("fit")
    screen.press("End")
    last = live.fit.end()
    reload_until(screen, lambda: screen.last_step == last)
    assert screen.step == last
    w = live.fit.model.w.numpy().item()
    assert parsed(screen.table["fit"]["w"]) == pytest.approx(w, rel=1e-3)
    given_up = "net::ERR_ABORTED"  # a request of TensorBoard's own that a further reload aborts
    assert [error for error in screen.errors if given_up not in error] == []
    assert screen.message is None
