/** LossPanel: the loss at each step, the loss at the optimum, and the cursor that selects the current step. */

import { Chart, line, text } from "./chart.js";
import { html, svg } from "./elements.js";
import { panel } from "./legend.js";
import { number, whole } from "./numbers.js";
import { Scale } from "./scale.js";
import { segments } from "./segments.js";

const HEIGHT = 220;
const MARGIN = { left: 64, right: 16, top: 12, bottom: 46 };
const MANY = 2000; // steps: with more, a linear axis would hide the first ones
const [HIGHEST, DECADES] = [50, 12]; // times the loss at the start; powers of ten below that

export class LossPanel {
  constructor(view) {
    this.view = view;
    this.note = html("p", { class: "note" });
    Object.assign(this, panel("loss", "The loss", this.note));
    this.cursor = html("div", {
      id: "cursor",
      role: "slider",
      tabindex: "0",
      "aria-label": "step",
      "aria-orientation": "horizontal",
    });
    this.hand = html("div", { id: "hand", "aria-hidden": "true" });
    this.room = html("div"); // for the chart alone: redrawing must not replace the cursor, which may have the focus
    this.picture.append(this.room, this.hand, this.cursor);
    this.picture.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  draw(view) {
    const label = `the loss at each step${view.having("bowl") ? ", and the loss at the optimum" : ""}`;
    this.chart = new Chart(this.room, { label, height: HEIGHT, margin: MARGIN });
    const { left, right, top, bottom } = this.chart.box;
    this.x = new Scale([view.firstStep, Math.max(view.firstStep + 1, view.lastStep)], [left, right], {
      kind: view.lastStep > MANY ? "symlog" : "linear",
      least: 1,
    });
    const floor = view.having("bowl")?.bowl.lowest ?? view.having("optimum")?.about.optimum_loss ?? null;
    this.y = lossScale(view.runs, floor, [bottom, top]);
    this.chart.axes(this.x, this.y, "step", null);
    const noisy = view.runs.some(({ run }) => run.bowl && !run.isFullBatch);
    const isLog = this.y.kind === "log" ? "logarithmic scale" : "";
    this.note.textContent = [noisy ? "on all rows; faint: on the rows of each step" : "", isLog]
      .filter(Boolean)
      .join("; ");
    for (const { run, colour } of view.runs) {
      if (noisy) this.chart.still.append(this.#curve(run, (row) => run.measuredLoss(row), `measured run-${colour}`));
      this.chart.still.append(this.#curve(run, (row) => run.loss(row), `curve run-${colour}`));
    }
    if (floor !== null && this.y.at(floor) <= bottom + 1) {
      const at = this.y.at(floor);
      this.chart.still.append(line(left, at, right, at, "optimum line"));
      this.chart.labels.append(text(right - 6, at + 15, `loss at the optimum ${number(floor)}`, "end", "optimum", 60));
    }
    this.dots = view.runs.map(({ colour }) => svg("circle", { class: `head run-${colour}`, r: 4.5 }));
    this.chart.labels.append(...this.dots);
    Object.assign(this.hand.style, { top: `${top}px`, height: `${bottom - top}px` });
    this.cursor.style.top = `${bottom}px`;
    this.cursor.setAttribute("aria-valuemin", view.firstStep);
    this.cursor.setAttribute("aria-valuemax", view.lastStep);
    this.update(view);
  }

  update(view) {
    const at = this.x.at(view.step);
    this.hand.style.transform = this.cursor.style.transform = `translateX(${at.toFixed(1)}px)`;
    for (const [i, { run }] of view.runs.entries()) {
      const row = run.rowAt(view.step);
      const loss = run.loss(row);
      const shown = loss > 0 && this.y.at(loss) >= this.chart.box.top;
      this.dots[i].setAttribute("visibility", shown ? "visible" : "hidden");
      this.dots[i].setAttribute("cx", this.x.at(run.step(row)).toFixed(1));
      if (shown) this.dots[i].setAttribute("cy", this.y.at(loss).toFixed(1));
    }
    this.cursor.setAttribute("aria-valuenow", view.step);
  }

  /** Sets the cursor's value for screen readers, which speak it when the user moves the cursor. */
  speak(words) {
    if (this.cursor.getAttribute("aria-valuetext") !== words) this.cursor.setAttribute("aria-valuetext", words);
  }

  #curve(run, lossOf, style) {
    const points = [];
    for (let row = 0; row < run.rows; row++) {
      const loss = lossOf(row);
      if (loss > 0 || this.y.kind === "linear") points.push([this.x.at(run.step(row)), this.y.at(loss)]);
    }
    return svg("path", { class: style, d: segments(points, this.chart.box).join("") });
  }

  #drag(event) {
    if (event.button !== 0) return;
    const { view } = this;
    const move = ({ clientX }) => view.goTo(this.x.invert(clientX - this.picture.getBoundingClientRect().left));
    const drop = () => {
      this.picture.removeEventListener("pointermove", move);
      this.picture.removeEventListener("pointerup", drop);
      this.picture.removeEventListener("pointercancel", drop);
    };
    view.change({ playing: false });
    this.picture.setPointerCapture(event.pointerId);
    this.picture.addEventListener("pointermove", move);
    this.picture.addEventListener("pointerup", drop);
    this.picture.addEventListener("pointercancel", drop);
    move(event);
    this.cursor.focus({ preventScroll: true });
    event.preventDefault();
  }
}

/** "step 37 of 200" */
export function stepWords(view) {
  return `step ${whole(view.step)} of ${whole(view.lastStep)}`;
}

/** A logarithmic scale, or a linear one if no loss is positive; a diverging fit leaves it at the top. */
function lossScale(runs, floor, range) {
  const losses = runs.flatMap(({ run }) => Array.from({ length: run.rows }, (_, row) => run.loss(row)));
  const start = Math.max(...runs.map(({ run }) => run.loss(0)).filter(Number.isFinite), 0);
  const allClimb = runs.every(({ run }) => run.measuredLoss(run.rows - 1) > start);
  const highest = allClimb ? Infinity : HIGHEST * start;
  const shown = [...losses, floor].filter((loss) => loss > 0 && Number.isFinite(loss) && !(loss > highest));
  if (shown.length === 0) return new Scale([0, 1], range);
  let [low, high] = [Infinity, 0];
  for (const loss of shown) [low, high] = [Math.min(low, loss), Math.max(high, loss)];
  if (!allClimb) low = Math.max(low, high / 10 ** DECADES);
  const room = Math.max((high / low) ** 0.07, 1.02);
  return new Scale([low / room ** 3, high * room], range, { kind: "log" });
}
