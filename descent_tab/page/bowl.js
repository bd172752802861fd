/**
 * Bowl: the squared loss around its optimum, L* + ½ Σ λ c², with c the distance from the optimum along each
 * eigenvector of the Hessian and λ its eigenvalue (Boyd & Vandenberghe, "Convex Optimization", 2004, section 9.1.2).
 * Each target has its own bowl, all of the same shape, and the loss is their sum. If the features are standardized, the
 * eigenvectors are those of the standardized Hessian: in the units of the data they are not orthogonal, so c is
 * computed with separate dual vectors. Distances from the optimum are judged in the units of the descent.
 */

import { dot } from "./matrix.js";

export class Bowl {
  /**
   * @param curvature a Matrix with one row per direction, by ascending eigenvalue: the eigenvalue and its eigenvector;
   *   if they differ, also the dual vector, whose product with an error is c, and the eigenvector in the units of the
   *   descent
   * @param optimum the optimal parameters of all targets
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

  /** True if the loss depends on the parameters at all; false if every feature is 0 and there is no bias. */
  get isCurved() {
    return this.eigenvalues.at(-1) > 0;
  }

  /** One target's parameters minus their optimum. */
  error(values, target) {
    return Float64Array.from({ length: this.size }, (_, i) => {
      const at = i * this.targets + target;
      return values[at] - this.optimum[at];
    });
  }

  /** The coordinates c of an error along the eigenvectors. */
  along(error) {
    return Float64Array.from(this.duals, (dual) => dot(dual, error));
  }

  /** How far one target's part of the loss is above its minimum. */
  height(error) {
    const c = this.along(error);
    let sum = 0;
    for (let j = 0; j < c.length; j++) if (this.eigenvalues[j] > 0) sum += this.eigenvalues[j] * c[j] * c[j];
    return sum / 2;
  }

  /** The loss over all targets. */
  loss(values) {
    let sum = this.lowest;
    for (let target = 0; target < this.targets; target++) sum += this.height(this.error(values, target));
    return sum;
  }

  /**
   * The part of an error that changes the loss, in the units of the descent. If columns are linearly dependent, the
   * loss is constant along some directions; those are removed.
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

  /** The coordinates along the eigenvectors of an error that `seen` returned. */
  parts(seen) {
    return Float64Array.from(this.own, (vector) => dot(vector, seen));
  }

  /**
   * The Hessian [uu, uv, vv] of the loss over two axes, minimized over all other directions: the inverse of a block of
   * the inverse (Boyd & Vandenberghe, appendix A.5.5). An axis is a vector u: a point's coordinate on it is u · error.
   */
  over(u, v) {
    const floor = this.eigenvalues.at(-1) * 1e-13; // flat directions count as nearly flat: 0 has no inverse
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

  /** Returns whether the data determine the optimum's place on an axis: the axis has no part along a flat direction. */
  determines(axis) {
    const parts = this.vectors.map((vector) => dot(vector, axis));
    const least = 1e-8 * Math.hypot(...parts);
    return parts.every((part, j) => this.eigenvalues[j] > 0 || Math.abs(part) <= least);
  }

  /** The indices of the flattest and the stiffest direction that the data determine. */
  get extremes() {
    const curved = this.eigenvalues.findIndex((value) => value > 0);
    const stiffest = this.size - 1;
    return { flattest: curved === -1 || curved === stiffest ? Math.max(0, stiffest - 1) : curved, stiffest };
  }
}
