"""The Descent page in a real browser: playing a descent, and stepping through it with keyboard and mouse."""

import itertools
import time
from types import SimpleNamespace

import numpy as np
import pytest
from descent_on_screen import DescentPage
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

STEPS = 200


@pytest.fixture(scope="module")
def screen(tmp_path_factory, open_page):
    log_dir = tmp_path_factory.mktemp("lesson")
    truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.2)
    x, y = truth.sample(120, seed=3)
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
    model.compile(learning_rate=0.05)
    model.fit(x, y, batch_size=120, epochs=STEPS, verbose=0, callbacks=[TensorBoardLogger(log_dir, truth=truth)])
    with TensorBoard(log_dir) as board:
        yield DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))


@pytest.fixture(autouse=True)
def at_step_100(screen):
    if screen.plays:
        screen.press(" ")
    screen.frame.select_option("#speed", "1")
    screen.go_to(100)


def picture(screen):
    """Return the positions of the moving parts of the pictures."""
    return SimpleNamespace(
        step=screen.step,
        line=screen.points("#line .fit.line").tolist(),
        dot=screen.centre("#bowl .head").tolist(),
        path=len(screen.points("#bowl .past")),
        hand=screen.frame.locator("#hand").bounding_box()["x"],
        loss=screen.centre("#loss .head").tolist(),
    )


def test_playing_moves_the_cursor_the_line_and_the_dots(screen):
    screen.press("Home", " ")
    seen = [picture(screen)]
    for further in (8, 16, 24):
        screen.until(lambda least=further: screen.step >= least)
        assert screen.plays
        seen.append(picture(screen))
    screen.press(" ")
    for before, after in itertools.pairwise(seen):
        assert after.step > before.step
        assert after.hand > before.hand
        assert after.path > before.path
        assert after.line != before.line
        assert after.dot != before.dot
        assert after.loss != before.loss


def test_playing_stops_at_the_end(screen):
    screen.press("End", "ArrowLeft", "ArrowLeft", " ")
    screen.until(lambda: not screen.plays)
    assert screen.step == STEPS
    assert "Play" in screen.frame.text_content("#play")
    assert screen.frame.text_content("#step") == "step 200 of 200"


def test_playing_at_the_end_begins_again(screen):
    screen.press("End", " ")
    assert screen.plays
    assert screen.step < 100


def test_a_pause_leaves_the_cursor_where_it_is(screen):
    screen.frame.click("#play")
    screen.until(lambda: screen.step > 102)
    screen.frame.click("#play")
    here = screen.step
    screen.page.wait_for_timeout(200)
    assert not screen.plays
    assert screen.step == here > 102


def test_the_speed_says_how_fast_it_goes(screen):
    seconds = {}
    for speed in ("0.5", "5"):
        screen.frame.select_option("#speed", speed)
        screen.press("Home", " ")
        screen.until(lambda: screen.step >= 1)
        start, step = time.monotonic(), screen.step
        screen.until(lambda begun=step: screen.step >= begun + 12)
        seconds[speed] = (time.monotonic() - start) / (screen.step - step)
        screen.press(" ")
    assert seconds["0.5"] > 4 * seconds["5"]  # ten times as fast in theory; frames make it less precise


@pytest.mark.parametrize(
    ("keys", "step"),
    [
        (["ArrowRight"], 101),
        (["ArrowLeft"], 99),
        (["ArrowLeft", "ArrowLeft", "ArrowRight"], 99),
        (["Shift+ArrowRight"], 110),
        (["Shift+ArrowLeft"], 90),
        (["Home"], 0),
        (["Home", "ArrowLeft"], 0),
        (["End"], STEPS),
        (["End", "Shift+ArrowRight"], STEPS),
        (["End", "ArrowLeft"], STEPS - 1),
    ],
)
def test_keys_go_through_the_steps(screen, keys, step):
    screen.press(*keys)
    assert screen.step == step
    assert screen.frame.text_content("#step") == f"step {step} of {STEPS}"


def test_keys_work_wherever_the_focus_is_on_the_page(screen):
    for place in ("#play", ".chip", "#zoom"):
        screen.frame.focus(place)
        screen.press("ArrowRight")
    assert screen.step == 103


def test_keys_that_choose_a_speed_do_not_move_the_cursor(screen):
    screen.frame.focus("#speed")
    screen.press("ArrowRight", "ArrowDown")
    assert screen.step == 100
    assert screen.frame.input_value("#speed") != "1"


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_button_is_pressed_once_by_a_key(screen, key):
    screen.frame.focus("#play")
    screen.press(key)
    assert screen.plays
    screen.press(key)
    assert not screen.plays
    here = screen.step
    screen.frame.focus("[aria-label='one step forward']")
    screen.press(key)
    assert screen.step == here + 1
    assert not screen.plays
    screen.frame.focus("#zoom")
    screen.press(key)
    assert screen.frame.get_attribute("#zoom", "aria-pressed") == "true"
    screen.press(key)
    assert screen.frame.get_attribute("#zoom", "aria-pressed") == "false"


def test_the_step_buttons_go_one_step(screen):
    screen.frame.click("[aria-label='one step back']")
    assert screen.step == 99
    screen.frame.click("[aria-label='one step forward']")
    screen.frame.click("[aria-label='one step forward']")
    assert screen.step == 101


def place_of_step(screen, step):
    """Return the pixel of a step on the screen, at half the height of the loss panel."""
    box = screen.frame.locator("#loss .picture").bounding_box()
    pixels = np.array([[0.0, 0.0], [1000.0, 0.0]])
    (left, _), (right, _) = screen.values("loss", pixels, log=True)
    return box["x"] + 1000 * (step - left) / (right - left), box["y"] + box["height"] / 2


def test_the_mouse_drags_the_cursor_along_the_loss(screen):
    mouse = screen.page.mouse
    mouse.move(*place_of_step(screen, 30))
    assert screen.step == 100
    mouse.down()
    assert screen.step == pytest.approx(30, abs=1)
    for step in (60, 150, 90):
        mouse.move(*place_of_step(screen, step))
        assert screen.step == pytest.approx(step, abs=1)
    mouse.move(*place_of_step(screen, -20))
    assert screen.step == 0
    mouse.move(*place_of_step(screen, 70))
    mouse.up()
    dropped = screen.step
    mouse.move(*place_of_step(screen, 170))
    assert screen.step == dropped == pytest.approx(70, abs=1)
    screen.press("ArrowRight")
    assert screen.step == dropped + 1


def test_dragging_pauses(screen):
    screen.press(" ")
    mouse = screen.page.mouse
    mouse.move(*place_of_step(screen, 40))
    mouse.down()
    mouse.up()
    assert not screen.plays
    assert screen.step == pytest.approx(40, abs=1)


def test_the_cursor_says_step_and_standing_to_those_who_listen(screen):
    screen.press("ArrowLeft")
    cursor = screen.frame.locator("#cursor")
    assert cursor.get_attribute("role") == "slider"
    assert cursor.get_attribute("aria-valuetext") == f"step 99 of 200. {screen.sentence}"
    assert screen.frame.get_attribute("#sentence", "aria-live") == "polite"
    screen.press(" ")
    screen.until(lambda: screen.frame.get_attribute("#sentence", "aria-live") == "off")
    assert cursor.get_attribute("aria-valuetext").startswith("step 99 of 200.")


def test_the_cursor_keeps_the_focus_when_the_page_is_drawn_anew(screen):
    screen.frame.focus("#cursor")
    screen.page.set_viewport_size({"width": 1300, "height": 900})
    screen.until(lambda: screen.frame.locator("#loss svg.still").evaluate("svg => svg.clientWidth < 640"))
    assert screen.frame.evaluate("document.activeElement.id") == "cursor"


def test_a_page_behind_another_tab_rests_and_is_as_it_was_when_it_comes_back(screen):
    screen.press("Home", " ")
    screen.until(lambda: screen.step > 3)
    tabs = screen.page.locator("app-header [role=tab]")
    tabs.filter(has_text="Text").click()
    screen.until(lambda: not screen.plays)
    here = screen.step
    screen.page.wait_for_timeout(200)
    assert screen.step == here < STEPS
    tabs.filter(has_text="Descent").click()
    screen.until(lambda: screen.frame.evaluate("document.hasFocus()"))
    screen.page.wait_for_timeout(300)
    assert screen.step == here
    screen.page.keyboard.press("ArrowRight")
    assert screen.step == here + 1


def test_the_browser_meets_no_error(screen):
    assert screen.errors == []
