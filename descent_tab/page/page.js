/** Page: creates the parts of the page, loads the runs they show, and redraws them after a change. */

import { BowlPanel } from "./bowl_panel.js";
import { CoefficientsPanel } from "./coefficients_panel.js";
import { Controls } from "./controls.js";
import { html, setText } from "./elements.js";
import { shortName } from "./groups.js";
import { Library } from "./library.js";
import { LinePanel } from "./line_panel.js";
import { asked, show } from "./link.js";
import { LossPanel, stepWords } from "./loss_panel.js";
import { Player } from "./player.js";
import { RunChips } from "./run_chips.js";
import { coloured } from "./selection.js";
import { standing } from "./standing.js";
import { TablePanel } from "./table_panel.js";
import { View } from "./view.js";
import { sentence, summary, tone } from "./words.js";

const READABLE = 150; // milliseconds: words and numbers that change faster cannot be read

export class Page {
  #colours = new Map();
  #turn = 0; // counts requests for runs, so that a late answer to an earlier one is dropped
  #written = 0; // time of the last change of words and numbers
  #asked = asked();

  constructor(root) {
    const view = new View();
    this.view = view;
    this.library = new Library();
    this.chips = new RunChips((choice) => this.#attempt(() => this.#choose(choice)));
    this.sentence = html("p", { id: "sentence", role: "status", "aria-live": "polite" });
    this.message = html("p", { id: "message", role: "alert", hidden: true });
    this.line = new LinePanel();
    this.coefficients = new CoefficientsPanel();
    this.bowl = new BowlPanel(view);
    this.loss = new LossPanel(view);
    this.table = new TablePanel();
    this.controls = new Controls(view, new Player(view, () => this.loss.x));
    const panels = [this.line, this.coefficients, this.bowl, this.loss, this.table].map(({ section }) => section);
    this.grid = html("div", { class: "grid" }, ...panels);
    this.content = html("div", { hidden: true }, this.chips.root, this.sentence, this.controls.root, this.grid);
    root.append(html("main", {}, html("h1", {}, "Descent"), this.message, this.content));

    view.listen((changed) => this.#show(changed));
    new ResizeObserver(() => this.#draw()).observe(this.grid);
  }

  /** Fetches new runs and steps; keeps the current selection. */
  async reload() {
    await this.#attempt(async () => {
      const turn = this.#turn;
      await this.library.refresh();
      if (turn !== this.#turn) return []; // the user has chosen other runs in the meantime
      const wanted = this.#asked.run ?? this.view.runs.map(({ run }) => run.name);
      const group = this.library.groupOf(wanted);
      return this.#showFirst([group, ...this.library.groups.filter((other) => other !== group)], wanted);
    });
  }

  /** Shows what an address asks for. */
  async follow(wanted) {
    this.#asked = { zoom: false, target: 0, axes: null, ...wanted };
    await this.reload();
  }

  /** Stops playing while the page is hidden. */
  pause() {
    this.view.change({ playing: false });
  }

  async #choose({ group, names, target }) {
    this.#asked = {};
    if (target === undefined)
      return await this.#showRuns(names ? this.view.group : this.library.groups[group], names ?? []);
    this.view.change({ target, axes: null });
    return [];
  }

  /** Shows the first group that has a readable run; returns the errors of the others. */
  async #showFirst([group, ...others], wanted) {
    const errors = await this.#showRuns(group, wanted);
    if (this.view.runs.length > 0 || others.length === 0) return errors;
    return [...errors, ...(await this.#showFirst(others, []))];
  }

  /** Shows some runs of a group at the current step; returns the errors of those that cannot be read. */
  async #showRuns(group, wanted) {
    const { view } = this;
    this.#turn += 1;
    const turn = this.#turn;
    const loaded = await this.library.load(group, wanted);
    if (turn !== this.#turn) return [];
    if (loaded.runs.length === 0) return loaded.errors;
    const names = loaded.runs.map(({ name }) => name);
    const isThere = !this.#asked.run || names.some((name) => this.#asked.run.includes(name));
    const there = isThere ? this.#asked : {};
    if (isThere) this.#asked = {}; // else kept: the next reload may have the run
    const isNew = !view.runs.some(({ run }) => group.runs.some((entry) => entry.run === run.name));
    const colours = names.length === 1 ? new Map([[names[0], 0]]) : coloured(names, this.#colours);
    if (names.length > 1) this.#colours = new Map([...this.#colours, ...colours]);
    const runs = loaded.runs.map((run) => ({ run, colour: colours.get(run.name), label: shortName(run.name, group) }));
    const isSame = runs.length === view.runs.length && runs.every((shown, i) => isSameRun(shown, view.runs[i]));
    const lastStep = Math.max(...loaded.runs.map((run) => run.lastStep));
    const followsTheEnd = isNew || (view.step >= view.lastStep && !view.playing);
    const firstStep = Math.min(...loaded.runs.map((run) => run.step(0)));
    const wish = there.step ?? (followsTheEnd ? lastStep : view.step);
    const step = Math.max(firstStep, Math.min(lastStep, wish));
    const zoomed = there.zoom ?? (isNew ? false : view.zoomed);
    const target = possibleTarget(there.target ?? (isNew ? 0 : view.target), runs[0].run);
    const axes = possibleAxes(there.axes === undefined && !isNew ? view.axes : (there.axes ?? null), runs[0].run);
    view.change({ group, step, zoomed, target, axes, ...(isSame ? {} : { runs, firstStep, lastStep }) });
    return loaded.errors;
  }

  /** Runs an action and shows its errors on the page, which otherwise stays as it was. */
  async #attempt(action) {
    let errors;
    try {
      errors = await action();
    } catch (error) {
      errors = [error.message];
    }
    this.message.textContent = errors.join(" ");
    this.message.hidden = errors.length === 0;
    if (errors.length > 0 && this.view.runs.length > 0) this.chips.draw(this.view, this.library.groups);
  }

  #show(changed) {
    const has = (...names) => names.some((name) => changed.has(name));
    if (has("runs", "firstStep", "lastStep", "target", "axes", "zoomed")) {
      this.#draw();
    } else {
      if (has("group")) this.chips.draw(this.view, this.library.groups);
      if (has("step", "playing")) this.#update();
    }
    const { view } = this;
    if (!view.playing && !this.#asked.run) {
      const { step, zoomed: zoom, target, axes } = view;
      show({ run: view.runs.map(({ run }) => run.name), step, zoom, target, axes });
    }
  }

  #draw() {
    const { view } = this;
    if (view.runs.length === 0) return;
    this.content.hidden = false;
    this.chips.draw(view, this.library.groups);
    const isLine = view.first.isLine && view.having("data") !== null;
    this.line.section.hidden = !isLine;
    this.coefficients.section.hidden = isLine;
    this.subject = isLine ? this.line : this.coefficients;
    this.loss.draw(view);
    this.subject.draw(view);
    this.bowl.draw(view);
    this.table.draw(view, this.#standings());
    this.#update(true);
    document.documentElement.dataset.ready = "true";
  }

  /** Updates the moving parts; words and numbers less often, so that they can be read. */
  #update(isDrawn = false) {
    const { view } = this;
    this.controls.update(view);
    this.loss.update(view);
    if (!isDrawn) this.subject.update(view);
    if (!isDrawn) this.bowl.update(view);
    if (view.playing && performance.now() - this.#written < READABLE) return;
    this.#written = performance.now();
    const standings = this.#standings();
    this.table.update(view, standings);
    const words = this.#words(standings);
    setText(this.sentence, words);
    this.sentence.className = tone(standings);
    this.sentence.setAttribute("aria-live", view.playing ? "off" : "polite");
    if (!view.playing) this.loss.speak(`${stepWords(view)}. ${words}`);
  }

  #standings() {
    return this.view.runs.map(({ run }) => standing(run, run.rowAt(this.view.step)));
  }

  #words(standings) {
    const { runs } = this.view;
    if (runs.length === 1) return sentence(runs[0].run, standings[0]).trim();
    return summary(
      runs.map(({ run }) => run),
      standings,
      runs.map(({ label }) => label),
    );
  }
}

function isSameRun(a, b) {
  return a.run === b.run && a.colour === b.colour && a.label === b.label;
}

function possibleTarget(target, { about }) {
  return target < (about.targets ?? 1) ? target : 0;
}

/** The axes if this run's bowl has them, else null for the usual ones. */
function possibleAxes(axes, { bowl }) {
  if (axes === null || !bowl || bowl.size < 3 || axes[0] === axes[1]) return null;
  return axes.every((kind) => typeof kind === "string" || kind < bowl.size) ? axes : null;
}
