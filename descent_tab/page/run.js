/** Run: the logged path of one fit, its data, its optimum and truth, and the bowl of its loss. */

import { Bowl } from "./bowl.js";
import { Matrix } from "./matrix.js";

const [STEP, LOSS, RATE, FIRST_PARAMETER] = [0, 1, 2, 3];
const [VALUE, STANDARD_ERROR, YARDSTICK, ROUNDING] = [0, 1, 2, 3]; // rows of the optimum

export class Run {
  constructor(name, { about, path, data, optimum, curvature, truth }) {
    this.name = name;
    this.about = about;
    this.path = Matrix.from(path);
    this.data = Matrix.from(data);
    this.truth = Matrix.from(truth)?.row(0) ?? null;
    const references = Matrix.from(optimum);
    if (references) {
      this.optimum = references.row(VALUE);
      this.standardError = references.row(STANDARD_ERROR);
      this.yardstick = references.row(YARDSTICK);
      this.rounding = references.row(ROUNDING);
    } else {
      this.optimum = null;
    }
    this.bowl = this.optimum && curvature ? new Bowl(Matrix.from(curvature), this.optimum, about) : null;
    this.isLine = about.features === 1;
  }

  get rows() {
    return this.path.rows;
  }

  step(row) {
    return this.path.at(row, STEP);
  }

  get lastStep() {
    return this.step(this.rows - 1);
  }

  /** The learning rate at a row. */
  rate(row) {
    return this.path.at(row, RATE);
  }

  /** All parameters at a row. */
  values(row) {
    return this.path.row(row).subarray(FIRST_PARAMETER);
  }

  /** The loss logged at a row: of the batch, if the steps use mini-batches. */
  measuredLoss(row) {
    return this.path.at(row, LOSS);
  }

  /** The loss over all rows of data, if the bowl is known; else the logged loss. */
  loss(row) {
    if (!this.bowl || this.isFullBatch) {
      const measured = this.measuredLoss(row);
      if (!Number.isNaN(measured) || !this.bowl) return measured;
    }
    return this.bowl.loss(this.values(row));
  }

  /** True if each step uses all rows. A batch size is unknown only if steps do not use all rows. */
  get isFullBatch() {
    const { batch_size: size, rows } = this.about;
    return size !== null && rows !== null && size >= rows;
  }

  /** Returns whether the data leave a parameter's optimum undetermined. */
  isUndetermined(i) {
    return this.about.undetermined.includes(this.about.names[i]);
  }

  /** The last row at or before a step. */
  rowAt(step) {
    let [low, high] = [0, this.rows - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.step(middle) <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The indices of the parameters of one target: its weights, then its bias. */
  parametersOf(target) {
    const { features, targets, bias, names } = this.about;
    if (features === null) return names.map((_, i) => i);
    return Array.from({ length: features + (bias ? 1 : 0) }, (_, i) => i * targets + target);
  }
}
