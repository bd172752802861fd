/** Selection: which runs are shown, in which colours. The red of a fit belongs to a run that is shown alone. */

export const COLOURS = 8; // that can be told apart

const FEW = 6;

/** Which runs of a group to show at first: all of a few, else four, from the first to the last. */
export function atFirst(names) {
  if (names.length <= FEW) return names;
  return [0, 1, 2, 3].map((i) => names[Math.round((i * (names.length - 1)) / 3)]);
}

/**
 * A colour for each run: the one that it had, or else the first that is free.
 *
 * @param {string[]} names
 * @param {Map<string, number>} earlier
 * @returns {Map<string, number>}
 */
export function coloured(names, earlier) {
  const kept = new Map();
  for (const name of names) {
    const colour = earlier.get(name);
    if (colour !== undefined && ![...kept.values()].includes(colour)) kept.set(name, colour);
  }
  const free = Array.from({ length: COLOURS }, (_, i) => i).filter((i) => ![...kept.values()].includes(i));
  return new Map(names.map((name) => [name, kept.get(name) ?? free.shift()]));
}
