/** The state of a fit at one step: converged, on the way or diverging, judged as `linfit.compare` judges the end. */

import { stepsFrom } from "./forecast.js";

const NEAR = 0.1; // standard errors: a fit this near to its optimum has converged
const [CROSSING, VISIBLE] = [-0.8, 0.1]; // the factor 1 − rate λ of a step; the share of the loss above its minimum
const MEASURABLE = 1e6; // standard errors: a larger distance is not stated in them

/**
 * @typedef {object} Standing
 * @property {"unknown" | "diverged" | "arrived" | "rests" | "overshoots" | "on the way"} kind
 * @property {number} loss the loss over all rows of data
 * @property {number} rate the learning rate
 * @property {number | null} gap the largest distance from the optimum in standard errors; null if not measurable
 * @property {string} of the name of the parameter with that distance
 * @property {number | null} steps the full-batch steps still needed at this rate; null if that is unknown
 * @property {number | null} bestSteps the full-batch steps still needed at the best rate; null if that is unknown
 * @property {boolean} zigzags true if each step visibly jumps to the other side of the valley
 */

/** @returns {Standing} */
export function standing(run, row) {
  const { about, bowl } = run;
  const [values, rate, loss] = [run.values(row), run.rate(row), run.loss(row)];
  const facts = { loss, rate, gap: null, of: "", steps: null, bestSteps: null, zigzags: false };
  const measured = run.measuredLoss(row);
  if (!values.every(Number.isFinite) || Math.abs(measured) === Infinity || Math.abs(loss) === Infinity) {
    return { ...facts, kind: "diverged" };
  }
  if (!run.optimum || !bowl) return { ...facts, kind: "unknown" };

  const targets = Array.from({ length: about.targets }, (_, target) => target);
  const parameters = targets.map((target) => run.parametersOf(target));
  const errors = targets.map((target) => bowl.seen(bowl.error(values, target)));
  const yardsticks = parameters.map((indices) => indices.map((i) => run.yardstick[i]));
  const roundings = parameters.map((indices) => indices.map((i) => run.rounding[i]));
  Object.assign(facts, furthest(run, parameters, errors, yardsticks));

  const within = (limit) => errors.every((error, t) => error.every((e, i) => Math.abs(e) <= limit(t, i)));
  const near = (t, i) => NEAR * yardsticks[t][i];
  const orRounding = (t, i) => Math.max(near(t, i), roundings[t][i]);
  if (within(near)) return { ...facts, kind: "arrived" };
  if (loss - about.optimum_loss <= about.rest_loss && within(orRounding)) return { ...facts, kind: "rests" };
  if (overshoots(run, rate, loss)) return { ...facts, kind: "overshoots" };

  if (about.plain_sgd) {
    const byRounding = !about.has_noise && !within((t, i) => roundings[t][i]);
    const tolerances = yardsticks.map((of, t) => of.map((_, i) => (byRounding ? orRounding(t, i) : near(t, i))));
    facts.steps = rate > 0 ? stepsFrom(bowl, errors, tolerances, rate) : Infinity;
    facts.zigzags = run.isFullBatch && rate > 1.001 * about.usable_learning_rate && zigzags(bowl, errors, rate);
    facts.bestSteps = stepsFrom(bowl, errors, tolerances, about.usable_learning_rate);
  }
  return { ...facts, kind: "on the way" };
}

function furthest(run, parameters, errors, yardsticks) {
  let [gap, of, isMeasured] = [0, "", false];
  for (const [t, error] of errors.entries()) {
    for (const [i, e] of error.entries()) {
      if (!(yardsticks[t][i] > 0)) continue; // the coefficient of a constant column
      isMeasured = true;
      if (Math.abs(e) / yardsticks[t][i] > gap) {
        gap = Math.abs(e) / yardsticks[t][i];
        const isHeight = run.about.normalized && i >= run.about.features;
        of = run.about.names[parameters[t][i]] + (isHeight ? " at the mean of x" : "");
      }
    }
  }
  return gap > MEASURABLE || !isMeasured || !run.about.degrees_of_freedom ? { gap: null, of: "" } : { gap, of };
}

/**
 * Returns whether the steps move away from the optimum: the rate is above the stability limit, or, with mini-batches,
 * above the critical rate while the loss is large.
 */
function overshoots(run, rate, loss) {
  const { about } = run;
  if (!about.plain_sgd) return false;
  if (rate > (about.stability_limit ?? Infinity)) return true;
  return !run.isFullBatch && loss > 10 * about.total_variance && rate > (about.critical_learning_rate ?? Infinity);
}

/** Returns whether much of the loss lies along directions in which a step flips the sign: 1 − rate λ is near −1. */
function zigzags(bowl, errors, rate) {
  let [crossing, all] = [0, 0];
  for (const error of errors) {
    for (const [j, c] of bowl.parts(error).entries()) {
      const height = bowl.eigenvalues[j] * c * c;
      all += height;
      if (1 - rate * bowl.eigenvalues[j] < CROSSING) crossing += height;
    }
  }
  return crossing > VISIBLE * all;
}
