/** BowlView: the part of the loss bowl that is shown: its axes in parameter space, the loss over them, their extent. */

import { dot } from "./matrix.js";

const OVERSHOT = 2.25; // times the height of the start: a path that climbs higher diverges
const ROOM = 0.09; // share of the extent that is left free on each side
const ZOOM = 2.6; // times the reach of the 95 % region
const CONFIDENCE = 0.95;

export class BowlView {
  /**
   * @param view the page's View
   * @param {Run[]} runs the runs that have a bowl; all share the same one
   */
  constructor(view, runs) {
    const [first] = runs;
    this.bowl = first.bowl;
    this.target = view.target;
    this.indices = first.parametersOf(view.target);
    this.isStandardized = first.about.normalized;
    this.names = this.indices.map((i) => first.about.names[i]);
    this.kinds = view.axes ?? usualAxes(this.bowl);
    this.axes = this.kinds.map((kind) => this.#axis(kind));
    const [u, v] = this.axes;
    this.hessian = v ? this.bowl.over(u.vector, v.vector) : [this.bowl.eigenvalues[0], 0, 0];
    const isDetermined = this.axes.every(({ vector }) => this.bowl.determines(vector));
    this.region = isDetermined ? regionHeight(first.about, view.target, this.axes.length) : 0;
    this.optimum = this.place(this.indices.map((i) => this.bowl.optimum[i]));
    const truth = view.having("truth");
    this.truth = truth ? this.place(this.indices.map((i) => truth.truth[i])) : null;
    this.extent = (view.zoomed && this.#around()) || this.#whole(runs);
  }

  /** The coordinates on the axes of one target's parameters. */
  place(parameters) {
    const error = Float64Array.from(parameters, (value, i) => value - this.bowl.optimum[this.indices[i]]);
    return this.axes.map(({ vector, shift }) => dot(vector, error) + shift);
  }

  /** The coordinates on the axes of a run at a row. */
  at(run, row) {
    const values = run.values(row);
    return this.place(this.indices.map((i) => values[i]));
  }

  /** The number of rows before a path diverges: all of them, unless it climbs far above its start. */
  rowsThatStay(run) {
    const height = (row) => this.bowl.height(this.bowl.error(run.values(row), this.target));
    const highest = OVERSHOT * height(0);
    let row = 1;
    while (row < run.rows && height(row) <= highest) row += 1;
    return Math.min(row, run.rows);
  }

  /** The loss above its minimum at a place, minimized over all other directions. */
  height([x, y = 0]) {
    const [uu, uv, vv] = this.hessian;
    const [dx, dy] = [x - this.optimum[0], y - (this.optimum[1] ?? 0)];
    return (uu * dx * dx + 2 * uv * dx * dy + vv * dy * dy) / 2;
  }

  /** How far the 95 % region reaches along each axis; 0 if its size is unknown. */
  get reach() {
    const [uu, uv, vv] = this.hessian;
    if (!this.region) return this.axes.map(() => 0);
    if (this.axes.length === 1) return [Math.sqrt((2 * this.region) / uu)];
    const determinant = uu * vv - uv * uv;
    return [vv, uu].map((other) => Math.sqrt((2 * this.region * other) / determinant));
  }

  #axis(kind) {
    const { bowl, indices, names } = this;
    if (typeof kind === "number") {
      const vector = Float64Array.from(indices, (_, i) => (i === kind ? 1 : 0));
      return { vector, shift: bowl.optimum[indices[kind]], label: names[kind] };
    }
    const vector = bowl.duals[bowl.extremes[kind]].slice();
    const shares = vector.map((value, i) => value * bowl.vectors[bowl.extremes[kind]][i]); // they add up to 1
    const largest = shares.indexOf(Math.max(...shares));
    if (vector[largest] < 0) for (let i = 0; i < vector.length; i++) vector[i] *= -1; // its sign is arbitrary
    const mostly = shares[largest] > 0.8 ? `, mostly ${names[largest]}` : "";
    const units = this.isStandardized ? ", in standardized units" : "";
    return { vector, shift: 0, label: `${kind} direction${mostly}${units}` };
  }

  /** The extent of start, optimum, truth and the paths until they diverge. */
  #whole(runs) {
    const places = [this.optimum, ...(this.truth ? [this.truth] : [])];
    for (const run of runs) {
      const count = this.rowsThatStay(run);
      for (let row = 0; row < count; row++) places.push(this.at(run, row));
    }
    const { reach } = this;
    return this.axes.map((_, axis) => {
      let [low, high] = [Infinity, -Infinity];
      for (const place of places) [low, high] = [Math.min(low, place[axis]), Math.max(high, place[axis])];
      const least = reach[axis] || 1e-9 * Math.max(Math.abs(low), Math.abs(high)) || 1;
      const room = Math.max(ROOM * (high - low), high - low < least ? least : 0);
      return [low - room, high + room];
    });
  }

  /** The extent of the 95 % region and the truth; null if the region has no size. */
  #around() {
    const { reach, truth, optimum } = this;
    if (!reach.every((size) => size > 0 && Number.isFinite(size))) return null;
    return reach.map((size, axis) => {
      const far = Math.max(ZOOM * size, truth ? 1.15 * Math.abs(truth[axis] - optimum[axis]) : 0);
      return [optimum[axis] - far, optimum[axis] + far];
    });
  }
}

/** The parameters themselves if there are one or two; else the flattest and the stiffest direction. */
export function usualAxes(bowl) {
  return bowl.size > 2 ? ["flattest", "stiffest"] : Array.from({ length: bowl.size }, (_, i) => i);
}

/**
 * The height of the loss above its minimum at the edge of the optimum's 95 % region: k s² F / (rows targets), with F
 * the 95 % quantile of F(k, degrees of freedom) (Draper & Smith, "Applied Regression Analysis", 1998, section 5.4).
 */
function regionHeight(about, target, k) {
  const { degrees_of_freedom: freedom, residual_std: noise, rows, targets, l2, t95 } = about;
  if (!freedom || !noise || noise[target] === null || l2) return 0;
  const quantile = k === 1 ? t95 ** 2 : (freedom / 2) * ((1 - CONFIDENCE) ** (-2 / freedom) - 1);
  return (k * noise[target] ** 2 * quantile) / rows / targets;
}
