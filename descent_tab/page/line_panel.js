/** LinePanel: the data, the true line (green), the optimal line (dashed), and the fitted lines (red or in colours). */

import { Chart } from "./chart.js";
import { svg } from "./elements.js";
import { legend, panel } from "./legend.js";
import { pointTo } from "./pointer.js";
import { Scale } from "./scale.js";
import { segments } from "./segments.js";

const HEIGHT = 330;
const MARGIN = { left: 64, right: 12, top: 26, bottom: 44 };

const FAR = 1.5; // times the height of the data and reference lines: how far the axis extends to show where fits start
const CORNER = 0.04; // share of the height: a line that shows less than this counts as outside

export class LinePanel {
  constructor() {
    this.keys = legend();
    Object.assign(this, panel("line", "The line", this.keys));
  }

  draw(view) {
    const { first } = view;
    const [data, truth, optimum] = [
      first.data ?? view.having("data").data,
      view.having("truth"),
      view.having("optimum"),
    ];
    const points = Array.from({ length: data.rows }, (_, i) => [data.at(i, 0), data.at(i, 1 + view.target)]);
    this.lines = [truth?.truth, optimum?.optimum].map((values) => (values ? lineOf(first, values, view.target) : null));
    const starts = view.runs.map(({ run }) => lineOf(run, run.values(0), view.target));
    const chart = new Chart(this.picture, { label: this.#label(view), height: HEIGHT, margin: MARGIN });
    const { left, right, top, bottom } = chart.box;
    const width = padded(
      points.map(([x]) => x),
      0.04,
    );
    this.x = new Scale(width, [left, right]);
    this.y = new Scale(
      heights(
        points.map(([, y]) => y),
        width,
        this.lines,
        starts,
      ),
      [bottom, top],
    );
    this.chart = chart;
    chart.axes(this.x, this.y, nameOf(first.about), first.about.targets > 1 ? `y${view.target}` : "y");
    const dots = points.map(([x, y]) => `M${this.x.at(x).toFixed(1)} ${this.y.at(y).toFixed(1)}h0`);
    chart.still.append(svg("path", { class: points.length > 300 ? "points many" : "points", d: dots.join("") }));
    const [true_, best] = this.lines;
    if (true_) chart.still.append(svg("path", { class: "truth line", d: this.#path(true_) }));
    if (best) chart.still.append(svg("path", { class: "optimum line", d: this.#path(best) }));
    this.fitted = view.runs.map(({ colour }) => svg("path", { class: `fit line run-${colour}` }));
    chart.moving.append(...this.fitted);
    this.keys.replaceChildren(
      ...legend(
        ["points", "data"],
        ...(true_ ? [["truth", "truth"]] : []),
        ...(best ? [["optimum", "optimum"]] : []),
        ...(view.runs.length === 1 ? [[`fit run-${view.runs[0].colour}`, "fit"]] : []),
      ).children,
    );
    this.update(view);
  }

  update(view) {
    this.chart.above.replaceChildren();
    let outside = 0;
    for (const [i, { run, label, colour }] of view.runs.entries()) {
      const fitted = lineOf(run, run.values(run.rowAt(view.step)), view.target);
      this.fitted[i].setAttribute("d", this.#path(fitted));
      const place = this.#outside(fitted);
      const name = view.runs.length > 1 ? label : "the fit";
      if (place) this.chart.above.append(...pointTo(place, this.chart.box, name, colour, outside++));
    }
  }

  #path([w, b]) {
    const ends = this.x.domain.map((x) => [this.x.at(x), this.y.at(w * x + b)]);
    return segments(ends, this.chart.box)[0];
  }

  /** The middle of a line that is outside the picture, or shows only in a corner of it; else null. */
  #outside([w, b]) {
    const corner = CORNER * (this.y.domain[1] - this.y.domain[0]);
    const [low, high] = [this.y.domain[0] + corner, this.y.domain[1] - corner];
    const ends = this.x.domain.map((x) => w * x + b);
    if (!ends.every((y) => y > high) && !ends.every((y) => y < low)) return null;
    return [(this.x.from + this.x.to) / 2, this.y.at((ends[0] + ends[1]) / 2)];
  }

  #label(view) {
    const shown = [
      "the data",
      ...(this.lines[0] ? ["the true line"] : []),
      ...(this.lines[1] ? ["the optimal line"] : []),
    ];
    return `${shown.join(", ")} and the fitted line${view.runs.length > 1 ? "s" : ""}`;
  }
}

function lineOf(run, values, target) {
  const { targets, bias } = run.about;
  return [values[target], bias ? values[targets + target] : 0];
}

/** The feature's name, taken from w/<feature> or w/<feature>/<target>; x if w has no feature name. */
function nameOf({ names, targets }) {
  const parts = names[0].split("/").slice(1);
  return (targets > 1 ? parts.slice(0, -1) : parts).join("/") || "x";
}

function padded(values, share) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = share * (high - low) || 1;
  return [low - room, high + room];
}

/** The heights to show: the data, the reference lines, and the lines at the start of the fits up to a limit. */
function heights(y, width, lines, starts) {
  const of = ([w, b]) => width.map((x) => w * x + b).filter(Number.isFinite);
  const shown = [...y, ...lines.filter(Boolean).flatMap(of)];
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const reach = FAR * (high - low);
  const far = starts.flatMap(of).map((height) => Math.min(high + reach, Math.max(low - reach, height)));
  return padded([...shown, ...far], 0.06);
}
