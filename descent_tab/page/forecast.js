/** The forecast of full-batch steps until a fit reaches its optimum: k steps multiply each c by (1 − rate λ)ᵏ. */

const MOST_STEPS = 1e12;
const EXACT_STEPS = 4096; // simulated one by one: early on, a parameter's error may grow before it falls

/**
 * Returns the number of steps until each parameter is within its tolerance of the optimum; Infinity if never.
 *
 * @param bowl the loss
 * @param errors the distances from the optimum, as returned by `bowl.seen`: one Float64Array per target
 * @param tolerances the tolerances, in the shape of `errors`
 * @param rate the learning rate
 */
export function stepsFrom(bowl, errors, tolerances, rate) {
  const factors = bowl.eigenvalues.map((value) => 1 - rate * value);
  const parts = errors.map((error) => bowl.parts(error));
  if (parts.some((part) => !part.every(Number.isFinite))) return Infinity;

  const now = parts.map((part) => part.slice());
  let last = { target: 0, i: 0 }; // checked first: the parameter that was too far off one step ago most likely still is
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
