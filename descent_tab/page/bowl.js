/**
 * Bowl: the squared loss around its optimum, L* + ½ Σ λ c², with c the distance from the optimum along each
 * eigenvector of the Hessian and λ its eigenvalue (Boyd & Vandenberghe, "Convex Optimization", 2004, section 9.1.2).
 * Several targets have a bowl each, of the same shape; the loss adds them up. Where the features are standardized, the
 * eigenvectors are those of their Hessian: in the units of the data they are not orthogonal, and c is read off by
 * vectors of its own. How near a fit is, is measured in the units of the descent.
 */

import { dot } from "./matrix.js";

export class Bowl {
  /**
   * @param curvature a Matrix: an eigenvalue in each row, ascending, then its eigenvector; then, if they differ, what
   *   reads off c, and the eigenvector in the units of the descent
   * @param optimum the optimal parameters, of all targets
   * @param about the run's description
   */
  constructor(curvature, optimum, about) {
    this.size = curvature.rows;
    this.eigenvalues = Float64Array.from({ length: this.size }, (_, j) => curvature.at(j, 0));
    const part = (first) =>
      Array.from({ length: this.size }, (_, j) => curvature.row(j).subarray(first, first + this.size));
    this.vectors = part(1);
    this.isOrthogonal = curvature.columns === 1 + this.size;
    this.duals = this.isOrthogonal ? this.vectors : part(1 + this.size);
    this.own = this.isOrthogonal ? this.vectors : part(1 + 2 * this.size);
    this.optimum = optimum;
    this.targets = about.targets;
    this.lowest = about.optimum_loss;
  }

  /** Whether the loss changes at all: not where each feature is 0. */
  get isCurved() {
    return this.eigenvalues.at(-1) > 0;
  }

  /** How far from the optimum one target's parameters are. */
  error(values, target) {
    return Float64Array.from({ length: this.size }, (_, i) => {
      const at = i * this.targets + target;
      return values[at] - this.optimum[at];
    });
  }

  /** That distance along each eigenvector. */
  along(error) {
    return Float64Array.from(this.duals, (dual) => dot(dual, error));
  }

  /** How much higher than its lowest one target's part of the loss is. */
  height(error) {
    const c = this.along(error);
    let sum = 0;
    for (let j = 0; j < c.length; j++) if (this.eigenvalues[j] > 0) sum += this.eigenvalues[j] * c[j] * c[j];
    return sum / 2;
  }

  /** The loss of all targets together. */
  loss(values) {
    let sum = this.lowest;
    for (let target = 0; target < this.targets; target++) sum += this.height(this.error(values, target));
    return sum;
  }

  /**
   * What the loss sees of an error, in the units of the descent: where columns depend on each other, some directions change
   * nothing.
   */
  seen(error) {
    if (this.eigenvalues[0] > 0 && this.isOrthogonal) return error;
    const c = this.along(error);
    return Float64Array.from(error, (_, i) => {
      let sum = 0;
      for (let j = 0; j < c.length; j++) if (this.eigenvalues[j] > 0) sum += c[j] * this.own[j][i];
      return sum;
    });
  }

  /** How much of each eigenvector there is in what `seen` returns. */
  parts(seen) {
    return Float64Array.from(this.own, (vector) => dot(vector, seen));
  }

  /**
   * The Hessian over two axes, [[uu, uv], [uv, vv]], with all else at its best: the inverse of the inverse's block (Boyd &
   * Vandenberghe, appendix A.5.5). An axis is the vector u with which a point's place on it is read off, u · error.
   */
  over(u, v) {
    const floor = this.eigenvalues.at(-1) * 1e-13; // what is flat is taken as nearly flat
    const [cu, cv] = [u, v].map((axis) => this.vectors.map((vector) => dot(vector, axis)));
    let [uu, uv, vv] = [0, 0, 0];
    for (let j = 0; j < this.size; j++) {
      const inverse = 1 / Math.max(this.eigenvalues[j], floor);
      uu += cu[j] * cu[j] * inverse;
      uv += cu[j] * cv[j] * inverse;
      vv += cv[j] * cv[j] * inverse;
    }
    const determinant = uu * vv - uv * uv;
    return [vv / determinant, -uv / determinant, uu / determinant];
  }

  /** Whether the data say where on an axis the optimum is: whether nothing moves it along what is flat. */
  determines(axis) {
    const parts = this.vectors.map((vector) => dot(vector, axis));
    const least = 1e-8 * Math.hypot(...parts);
    return parts.every((part, j) => this.eigenvalues[j] > 0 || Math.abs(part) <= least);
  }

  /** The indices of the flattest and of the stiffest direction that the data determine. */
  get extremes() {
    const curved = this.eigenvalues.findIndex((value) => value > 0);
    const stiffest = this.size - 1;
    return { flattest: curved === -1 || curved === stiffest ? Math.max(0, stiffest - 1) : curved, stiffest };
  }
}
