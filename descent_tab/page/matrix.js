/** Matrix: an array of numbers as the server sends it, and the dot product. */

export class Matrix {
  /**
   * @param {Float64Array} values row after row
   * @param {number} columns
   */
  constructor(values, columns) {
    this.values = values;
    this.columns = columns;
    this.rows = columns ? values.length / columns : 0;
  }

  /** Decodes {shape, base64}; null stays null. A vector becomes one row. */
  static from(array) {
    if (array === null) return null;
    const bytes = Uint8Array.from(atob(array.base64), (letter) => letter.codePointAt(0));
    return new Matrix(new Float64Array(bytes.buffer), array.shape.at(-1));
  }

  /** One row; a view, not a copy. */
  row(i) {
    return this.values.subarray(i * this.columns, (i + 1) * this.columns);
  }

  /** One number. */
  at(i, j) {
    return this.values[i * this.columns + j];
  }
}

/** The dot product of two vectors. */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
