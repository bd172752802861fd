/** The default selection of runs, and the assignment of colours to the selected runs. */

export const COLOURS = 8; // as many as can be distinguished

const FEW = 6; // runs that are all shown at first

/** The runs of a group to show at first: all if there are few, else four evenly spaced from first to last. */
export function atFirst(names) {
  if (names.length <= FEW) return names;
  return [0, 1, 2, 3].map((i) => names[Math.round((i * (names.length - 1)) / 3)]);
}

/**
 * Returns a colour for each run: the colour it had before, or else the first free one.
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
