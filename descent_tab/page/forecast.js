/** How many more full-batch steps bring a fit to its optimum: after k of them, c is (1 − rate λ)ᵏ c. */

const MOST_STEPS = 1e12;
const EXACT_STEPS = 4096; // early on, errors of several directions mix, and may grow before they fall

/**
 * The steps until each parameter is within its tolerance of the optimum; Infinity where that is never.
 *
 * @param bowl the loss
 * @param errors how far from the optimum each target's parameters are, as the loss sees it: one Float64Array a target
 * @param tolerances the same shape
 * @param rate the learning rate
 */
export function stepsFrom(bowl, errors, tolerances, rate) {
  const factors = bowl.eigenvalues.map((value) => 1 - rate * value);
  const parts = errors.map((error) => bowl.parts(error));
  if (parts.some((part) => !part.every(Number.isFinite))) return Infinity;

  const now = parts.map((part) => part.slice());
  let last = { target: 0, i: 0 }; // most likely still too far away, if it was a step ago
  for (let step = 0; step < EXACT_STEPS; step++) {
    const far = isFar(bowl, now, tolerances, last.target, last.i) ? last : firstFar(bowl, now, tolerances);
    if (far === null) return step;
    last = far;
    for (const part of now) for (let j = 0; j < part.length; j++) part[j] *= factors[j];
  }

  const reached = (step) => {
    const then = parts.map((part) => part.map((c, j) => c * factors[j] ** step));
    return firstFar(bowl, then, tolerances) === null;
  };
  if (!reached(MOST_STEPS)) return Infinity;
  let [low, high] = [EXACT_STEPS, MOST_STEPS];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstFar(bowl, parts, tolerances) {
  for (let target = 0; target < parts.length; target++) {
    for (let i = 0; i < bowl.size; i++) if (isFar(bowl, parts, tolerances, target, i)) return { target, i };
  }
  return null;
}

function isFar(bowl, parts, tolerances, target, i) {
  let error = 0;
  for (let j = 0; j < bowl.size; j++) error += parts[target][j] * bowl.own[j][i];
  return !(Math.abs(error) <= tolerances[target][i]);
}
