/** CoefficientsPanel: the truth, the optimum with its 95 % interval, and the fits, for each coefficient. */

import { Chart, line, optimumMark, text, truthMark } from "./chart.js";
import { svg } from "./elements.js";
import { legend, panel, scrollable } from "./legend.js";
import { short } from "./numbers.js";
import { Scale } from "./scale.js";

const [HEIGHT, SMALLEST_ROW, LARGEST_ROW] = [330, 18, 34];
const MARGIN = { left: 132, right: 16, top: 16, bottom: 44 };
const SPREAD = 50; // largest over median size: beyond this a linear axis would show only the largest

export class CoefficientsPanel {
  constructor() {
    this.keys = legend();
    Object.assign(this, panel("coefficients", "The coefficients", this.keys));
    scrollable(this);
  }

  draw(view) {
    const { first } = view;
    this.parameters = first.parametersOf(view.target);
    const count = this.parameters.length;
    const row = Math.min(LARGEST_ROW, Math.max(SMALLEST_ROW, (HEIGHT - MARGIN.top - MARGIN.bottom) / count));
    const height = MARGIN.top + MARGIN.bottom + row * count;
    const label = `${count} coefficients: truth, optimum with its 95 % interval, and fit`;
    const chart = new Chart(this.picture, { label, height, margin: MARGIN });
    this.picture.style.height = `${Math.min(height, HEIGHT)}px`;
    const { left, right } = chart.box;
    const [truth, optimum] = [view.having("truth")?.truth, view.having("optimum")];
    const intervals = optimum ? this.#intervals(optimum) : [];
    this.x = scaleOf(this.#shown(view, truth, optimum?.optimum, intervals), [left, right]);
    this.y = (i) => chart.box.top + (i + 0.5) * row;

    const isLinear = this.x.kind === "linear";
    chart.axes(this.x, null, isLinear ? "coefficient" : `coefficient, logarithmic beyond ±${short(this.x.unit)}`, null);
    if (this.x.domain[0] < 0 && this.x.domain[1] > 0) {
      chart.still.append(line(this.x.at(0), chart.box.top, this.x.at(0), chart.box.bottom, "zero"));
    }
    for (const i of this.parameters.keys()) this.#drawReferences(chart, view, i, intervals[i]);
    this.ways = view.runs.map(({ colour }) => svg("path", { class: `way run-${colour}` }));
    this.dots = view.runs.map(({ colour }) => svg("path", { class: `dots run-${colour}` }));
    chart.moving.append(...this.ways, ...this.dots);
    this.offset = (i) =>
      view.runs.length > 1 ? (i - (view.runs.length - 1) / 2) * Math.min(5, row / view.runs.length) : 0;
    this.keys.replaceChildren(
      ...legend(
        ...(truth ? [["truth cross", "truth"]] : []),
        ...(optimum ? [["optimum diamond", intervals.some(Boolean) ? "optimum, 95 % interval" : "optimum"]] : []),
        ...(view.runs.length === 1 ? [[`dot run-${view.runs[0].colour}`, "fit, from its start"]] : []),
      ).children,
    );
    this.update(view);
  }

  /** Draws one parameter's name, its truth, and its optimum with its interval. */
  #drawReferences({ box, frame, still, labels }, view, i, interval) {
    const [parameter, at] = [this.parameters[i], this.y(i)];
    const [truth, optimum] = [view.having("truth")?.truth, view.having("optimum")];
    frame.append(text(box.left - 10, at + 4, nameOf(view.first.about.names[parameter]), "end", "tick", 17));
    if (interval) still.append(line(...interval.flatMap((x) => [this.x.at(x), at]), "interval"));
    if (truth) still.append(truthMark(this.x.at(truth[parameter]), at, 5));
    if (optimum && !optimum.isUndetermined(parameter)) {
      still.append(optimumMark(this.x.at(optimum.optimum[parameter]), at, 5));
    } else if (optimum) {
      const end = this.x.at(view.first.values(view.first.rows - 1)[parameter]);
      const [x, anchor] = end > (box.left + box.right) / 2 ? [box.left + 6, "start"] : [box.right - 4, "end"];
      labels.append(text(x, at + 4, "not determined by this data", anchor, "tick note", 60));
    }
  }

  update(view) {
    for (const [index, { run }] of view.runs.entries()) {
      const [start, now] = [run.values(0), run.values(run.rowAt(view.step))];
      let [way, dots] = ["", ""];
      for (const [i, parameter] of this.parameters.entries()) {
        const at = (this.y(i) + this.offset(index)).toFixed(1);
        const [from, to] = [start[parameter], now[parameter]].map((value) => this.#inside(value).toFixed(1));
        way += `M${from} ${at}H${to}`;
        dots += `M${to} ${at}h0`;
      }
      this.ways[index].setAttribute("d", way);
      this.dots[index].setAttribute("d", dots);
    }
  }

  /** The pixel of a value, at most 50 pixels outside the picture. */
  #inside(value) {
    const { from, to } = this.x;
    if (Number.isNaN(value)) return from - 50;
    return Math.min(to + 50, Math.max(from - 50, this.x.at(value)));
  }

  #intervals({ optimum, standardError, about }) {
    return this.parameters.map((i) => {
      const width = about.t95 * standardError[i];
      return Number.isFinite(width) && about.t95 !== null ? [optimum[i] - width, optimum[i] + width] : null;
    });
  }

  #shown(view, truth, optimum, intervals) {
    const points = view.runs.flatMap(({ run }) => [run.values(0), ...(optimum ? [] : [run.values(run.rows - 1)])]);
    const of = (values) => (values ? this.parameters.map((i) => values[i]) : []);
    return [...of(truth), ...of(optimum), ...points.flatMap(of), ...intervals.filter(Boolean).flat()].filter(
      Number.isFinite,
    );
  }
}

function scaleOf(values, range) {
  const sizes = values
    .map(Math.abs)
    .filter((size) => size > 0)
    .toSorted((a, b) => a - b);
  const middle = sizes[Math.floor(sizes.length / 2)] ?? 1;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if ((sizes.at(-1) ?? 0) > SPREAD * middle)
    return new Scale([1.3 * Math.min(low, 0), 1.3 * Math.max(high, 0)], range, {
      kind: "symlog",
      unit: 10 ** Math.floor(Math.log10(middle / 10)),
    });
  const room = 0.05 * (high - low) || 1;
  return new Scale([low - room, high + room], range);
}

/** A parameter's label: w/<feature> without its w/. The bias is spelled out, because a feature may also be named b. */
function nameOf(name) {
  if (name === "b") return "b, the intercept";
  return name.startsWith("w/") ? name.slice(2) : name;
}
