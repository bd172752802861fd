/** Scale: a linear or logarithmic mapping from numbers to pixels, with ticks at round numbers. */

import { short } from "./numbers.js";

const KINDS = {
  linear: { forth: (x) => x, back: (t) => t },
  log: { forth: (x) => Math.log10(x), back: (t) => 10 ** t },
  // Logarithmic far from 0 and linear near it: ..., -10, -1, 0, 1, 10, 100, ...
  symlog: {
    forth: (x) => Math.sign(x) * Math.log10(1 + Math.abs(x)),
    back: (t) => Math.sign(t) * (10 ** Math.abs(t) - 1),
  },
};

export class Scale {
  /**
   * @param {[number, number]} domain the smallest and the largest number shown
   * @param {[number, number]} range the pixels of these two numbers
   * @param {object} options
   * @param {"linear" | "log" | "symlog"} options.kind
   * @param {number} options.unit for symlog: below this size the scale is linear
   * @param {number} options.least the smallest distance between ticks: 1 for counts
   */
  constructor(domain, range, { kind = "linear", unit = 1, least = 0 } = {}) {
    this.domain = domain;
    this.kind = kind;
    this.unit = unit;
    this.least = least;
    const { forth, back } = KINDS[kind];
    this.forth = (x) => forth(x / unit);
    this.back = (t) => unit * back(t);
    [this.low, this.high] = domain.map(this.forth);
    [this.from, this.to] = range;
    this.factor = (this.to - this.from) / (this.high - this.low || 1);
  }

  /** The pixel of a number. */
  at(x) {
    return this.from + (this.forth(x) - this.low) * this.factor;
  }

  /** The number at a pixel. */
  invert(pixel) {
    return this.back(this.low + (pixel - this.from) / this.factor);
  }

  /** About `count` round numbers for the ticks, with their labels. */
  ticks(count) {
    if (this.kind === "linear") return linearTicks(this.domain, count, this.least);
    if (this.kind === "log") {
      const ticks = logTicks(this.domain, count);
      return ticks.length > 1 ? ticks : linearTicks(this.domain, count, this.least);
    }
    const [low, high] = this.domain.map((x) => x / this.unit);
    const powers = [
      ...powersUpTo(-low)
        .map((x) => -x)
        .toReversed(),
      0,
      ...powersUpTo(high),
    ];
    const all = powers.filter((x) => x >= low && x <= high);
    return thinned(all, count, all.indexOf(0)).map((x) => ({ value: x * this.unit, label: short(x * this.unit) }));
  }
}

function linearTicks([low, high], count, least) {
  const rough = Math.max((high - low) / count, least);
  if (!(rough > 0)) return [{ value: low, label: short(low) }];
  const step = roundStep([low, high], rough, least);
  const digits = Math.max(1, Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / step)) + 1);
  return multiples([low, high], step).map((i) => {
    const value = i === 0 ? 0 : Number((i * step).toPrecision(Math.min(15, digits + 1)));
    return { value, label: short(value, Math.min(15, digits)) };
  });
}

/** The first of 1, 2 or 5 times a power of ten that is at least `rough`; a smaller one if that leaves a single tick. */
function roundStep(domain, rough, least) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [0.2, 0.5, 1, 2, 5, 10].map((factor) => factor * power);
  const first = steps.findIndex((step) => step >= rough);
  const finer = steps.slice(0, first + 1).findLast((step) => multiples(domain, step).length > 1);
  return Math.max(finer ?? steps[first], least);
}

/** The integers i for which i * step is in the domain. */
function multiples([low, high], step) {
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, i) => first + i);
}

/** Powers of ten; if there is room, also 3 times each of them, or 2 and 5 times. */
function logTicks([low, high], count) {
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
      for (const factor of factors) {
        const value = Number(`${factor}e${power}`);
        if (value >= low && value <= high) ticks.push(value);
      }
    }
    if (ticks.length <= count || factors.length === 1) {
      return thinned(ticks, count, 0).map((value) => ({ value, label: short(value) }));
    }
  }
  return [];
}

function powersUpTo(high) {
  return Array.from({ length: Math.max(0, Math.floor(Math.log10(high)) + 1) || 0 }, (_, power) => 10 ** power);
}

function thinned(values, count, kept) {
  const every = Math.ceil(values.length / count);
  return values.filter((_, i) => (i - kept) % every === 0);
}
