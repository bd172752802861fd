/** SVG paths clipped to the visible area: browsers lose coordinates beyond a million pixels. */

const VISIBLE = 1; // pixels: shorter pieces are merged

/**
 * Returns the piece of an SVG path from each point to the next, "" if none of it is near the box.
 *
 * @param {[number, number][]} points in pixels
 * @param {{left: number, right: number, top: number, bottom: number}} box
 * @returns {string[]} one piece fewer than points; joined, they are the path
 */
export function segments(points, box) {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const wide = { left: box.left - width, right: box.right + width, top: box.top - height, bottom: box.bottom + height };
  const pieces = [];
  let [from, pen] = [points[0], null]; // start of the next piece; end of the last piece, unless it was clipped there
  for (const to of points.slice(1)) {
    const isLast = pieces.length === points.length - 2;
    if (!isLast && Math.abs(to[0] - from[0]) < VISIBLE && Math.abs(to[1] - from[1]) < VISIBLE) {
      pieces.push("");
      continue;
    }
    const part = cut(from, to, wide);
    if (part === null) pieces.push("");
    else pieces.push(`${pen === from && part.from === 0 ? "" : `M${place(part.start)}`}L${place(part.end)}`);
    pen = part !== null && part.to === 1 ? to : null;
    from = to;
  }
  return pieces;
}

/**
 * Returns the part of a segment inside a box, or null (Liang & Barsky, "A New Concept and Method for Line Clipping",
 * 1984).
 */
function cut([x1, y1], [x2, y2], { left, right, top, bottom }) {
  if (![x1, y1, x2, y2].every(Number.isFinite)) return null;
  const [dx, dy] = [x2 - x1, y2 - y1];
  let [from, to] = [0, 1];
  const sides = [
    [-dx, x1 - left],
    [dx, right - x1],
    [-dy, y1 - top],
    [dy, bottom - y1],
  ];
  for (const [way, room] of sides) {
    if (way === 0 && room < 0) return null;
    if (way < 0) from = Math.max(from, room / way);
    if (way > 0) to = Math.min(to, room / way);
  }
  if (from > to) return null;
  const at = (share) => [x1 + share * dx, y1 + share * dy];
  return { from, to, start: at(from), end: at(to) };
}

function place([x, y]) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
