/** Controls: the buttons to play and to step, the list of speeds, and the keyboard shortcuts. */

import { html, setText } from "./elements.js";
import { stepWords } from "./loss_panel.js";

const KEYS = [
  ["space", "play"],
  ["← →", "one step"],
  ["shift ← →", "ten steps"],
];
const SCROLLS = "select, .table, #coefficients .picture"; // elements that use the arrow keys themselves
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5];

export class Controls {
  constructor(view, player) {
    this.view = view;
    this.player = player;
    this.play = html("button", { id: "play", type: "button", click: () => player.toggle() });
    const [back, forth] = [-1, 1].map((way) =>
      html(
        "button",
        {
          type: "button",
          "aria-label": way < 0 ? "one step back" : "one step forward",
          title: way < 0 ? "one step back (←)" : "one step forward (→)",
          click: () => this.#walk(way),
        },
        way < 0 ? "❙◀" : "▶❙",
      ),
    );
    this.step = html("output", { id: "step" });
    this.speed = html(
      "select",
      { id: "speed", change: () => view.change({ speed: Number(this.speed.value) }) },
      ...SPEEDS.map((speed) => html("option", { value: speed, selected: speed === view.speed }, `${speed}×`)),
    );
    const keys = html("span", { class: "keys", "aria-hidden": "true" });
    for (const [key, does] of KEYS) keys.append(html("span", {}, html("kbd", {}, key), ` ${does}`));
    this.root = html(
      "div",
      { id: "controls" },
      back,
      this.play,
      forth,
      this.step,
      html("label", {}, "Speed ", this.speed),
      keys,
    );
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  update(view) {
    setText(this.play, view.playing ? "❚❚ Pause" : "▶ Play");
    this.play.setAttribute("aria-pressed", String(view.playing));
    setText(this.step, stepWords(view));
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(SCROLLS)) return;
    const { view } = this;
    const size = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowLeft: () => this.#walk(-size),
      ArrowRight: () => this.#walk(size),
      Home: () => this.#goTo(view.firstStep),
      End: () => this.#goTo(view.lastStep),
    };
    if (!event.target.closest("button")) keys[" "] = () => this.player.toggle(); // space presses a focused button
    if (event.key in keys && view.runs.length > 0) {
      keys[event.key]();
      event.preventDefault();
    }
  }

  #goTo(step) {
    this.view.change({ playing: false });
    this.view.goTo(step);
  }

  /** Moves by a number of logged steps; long fits log only some of their steps. */
  #walk(count) {
    const { view } = this;
    const steps = view.logged;
    let here = steps.findLastIndex((step) => step <= view.step);
    if (count < 0 && steps[here] < view.step) here += 1;
    this.#goTo(steps[Math.min(Math.max(0, here + count), steps.length - 1)] ?? 0);
  }
}
