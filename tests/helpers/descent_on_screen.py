"""DescentPage: reads and operates the Descent page in a browser: its text, its numbers and its pictures."""

import re
import time
from types import SimpleNamespace

import numpy as np

PATIENCE = 15.0  # seconds to wait for anything


class DescentPage:
    """The Descent page of a TensorBoard that is open in a browser.

    Args:
        page: the browser page that shows TensorBoard.
        errors: the browser's error messages.
    """

    def __init__(self, page, errors):
        self.page = page
        self.errors = errors
        page.set_default_timeout(1000 * PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while (frame := page.frame(url=re.compile(r"plugin_entry\.html\?name=descent"))) is None:
            assert time.monotonic() < deadline, "TensorBoard does not show the Descent tab"
            page.wait_for_timeout(20)
        self.frame = frame
        frame.wait_for_function(
            "document.documentElement.dataset.ready || document.querySelector('#message:not([hidden])')"
        )

    @property
    def sentence(self):
        return self.frame.text_content("#sentence")

    @property
    def message(self):
        """The error message of the page; None if there is none."""
        return self.frame.evaluate("(m => m.hidden ? null : m.textContent)(document.querySelector('#message'))")

    @property
    def step(self):
        return int(self.frame.get_attribute("#cursor", "aria-valuenow"))

    @property
    def last_step(self):
        return int(self.frame.get_attribute("#cursor", "aria-valuemax"))

    @property
    def is_at_the_end(self):
        return self.frame.locator("#cursor").evaluate("cursor => cursor.ariaValueNow === cursor.ariaValueMax")

    @property
    def plays(self):
        return self.frame.get_attribute("#play", "aria-pressed") == "true"

    @property
    def chips(self):
        """The state of each run's chip by label: `shown` and `colour`."""
        chips = self.frame.locator(".chip").evaluate_all(
            """chips => chips.map(chip => [chip.textContent, chip.ariaPressed === "true",
                                           getComputedStyle(chip.querySelector(".ring")).backgroundColor])"""
        )
        return {label: SimpleNamespace(shown=shown, colour=colour) for label, shown, colour in chips}

    def press(self, *keys):
        """Press keys; focus the cursor first if nothing on the page has the focus."""
        if not self.frame.evaluate("document.hasFocus()"):
            self.frame.focus("#cursor")
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, step):
        """Go to a logged step with the keyboard."""
        self.frame.focus("#cursor")
        self.press("Home", *["Shift+ArrowRight"] * (step // 10), *["ArrowRight"] * (step % 10))
        assert self.step == step

    def show_data(self, part_of_label):
        """Select a data set in the list of data by part of its label."""
        options = self.frame.locator("#data option")
        (label,) = [label for label in options.all_text_contents() if part_of_label in label]
        if label != self.frame.locator("#data option:checked").text_content():
            before = list(self.chips)
            self.frame.select_option("#data", label=label)
            self.until(lambda: list(self.chips) != before)

    def show_alone(self, label):
        self.chip(label).click(modifiers=["Shift"])
        self.until(lambda: [name for name, chip in self.chips.items() if chip.shown] == [label])

    def chip(self, label):
        return self.frame.locator(".chip").filter(has_text=re.compile(f"^{re.escape(label)}$"))

    @property
    def table(self):
        """The texts of the table's cells by row and column."""
        head, *rows = self.frame.locator("#numbers tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return {name: dict(zip(head[1:], cells, strict=False)) for name, *cells in rows}

    def points(self, selector):
        """Return the points of an SVG path in pixels, shape (points, 2)."""
        return _points(self.frame.get_attribute(selector, "d"))

    def centre(self, selector):
        """Return the centre of a circle in pixels, shape (1, 2)."""
        return np.array([[float(self.frame.get_attribute(selector, name)) for name in ("cx", "cy")]])

    def ellipse(self, selector):
        """Return points on an ellipse in pixels, shape (24, 2)."""
        names = ("rx", "ry", "transform")
        rx, ry, transform = (self.frame.locator(selector).first.get_attribute(name) for name in names)
        x, y, angle = (float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", transform))
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        flat = np.column_stack([float(rx) * np.cos(turn), float(ry) * np.sin(turn)])
        return [x, y] + flat @ [[cos, sin], [-sin, cos]]

    def values(self, panel, pixels, log=False):
        """Convert pixels of a picture to values with the tick labels of its axes, shape (points, 2)."""
        ticks = self.frame.locator(f"#{panel} .frame text.tick").evaluate_all(
            """ticks => ticks.map(tick => [tick.getAttribute("text-anchor"), tick.textContent,
                                           Number(tick.getAttribute("x")), tick.getAttribute("y") - 4])"""
        )
        axes = [("middle", 2, False), ("end", 3, log)]
        columns = []
        for axis, (anchor, at, in_powers) in enumerate(axes):
            marks = [(tick[at], parsed(tick[1])) for tick in ticks if tick[0] == anchor]
            places, numbers = np.array(marks, "float64").T
            assert len(set(numbers)) > 1, f"axis {axis} of {panel} needs two different tick labels, got {numbers}"
            slope, shift = np.polyfit(places, np.log10(numbers) if in_powers else numbers, 1)
            value = slope * pixels[:, axis] + shift
            columns.append(10**value if in_powers else value)
        return np.column_stack(columns)

    def until(self, claim):
        """Wait until `claim()` is true, and return its value."""
        deadline = time.monotonic() + PATIENCE
        while not (found := claim()):
            assert time.monotonic() < deadline, f"{self.sentence} {self.message}"
            self.page.wait_for_timeout(20)
        return found


def parsed(text):
    """Parse the number at the start of a text, such as "−1,234.5", "3.2e−7" or "∞"."""
    plain = text.strip().replace("−", "-").replace(",", "").replace("∞", "inf")
    return float(re.match(r"-?(?:inf|[\d.]+(?:e-?\d+)?)", plain)[0])


def _points(path):
    """Return the points of an SVG path of M, L and H; relative commands are ignored."""
    points = []
    for letter, arguments in re.findall(r"([MLHhl])([^A-Za-z]*)", path or ""):
        numbers = [float(number) for number in arguments.split()]
        if letter == "H":
            points.append([numbers[0], points[-1][1]])
        elif letter in "ML":
            points.append(numbers)
    return np.array(points).reshape(-1, 2)
