/** Pointers to fits outside the picture: an arrow at its edge with the name of the fit. */

import { text } from "./chart.js";
import { svg } from "./elements.js";

const LINE = 18; // pixels

/** Returns whether a place in pixels is inside the picture. */
export function isInside([x, y], { left, right, top, bottom }) {
  return x >= left && x <= right && y >= top && y <= bottom;
}

/** Creates an arrow towards a place outside the picture, and its label; `nth` counts from 0. */
export function pointTo([x, y], { left, right, top, bottom }, label, colour, nth) {
  const room = 10 + LINE * nth; // several labels are listed below each other
  const [px, py] = [clamp(x, left + 10, right - 10), clamp(y, top + room, bottom - room)];
  const angle = (Math.atan2(clamp(y, -1e6, 1e6) - py, clamp(x, -1e6, 1e6) - px) * 180) / Math.PI || 0;
  const transform = `translate(${px.toFixed(1)} ${py.toFixed(1)}) rotate(${angle.toFixed(1)})`;
  const arrow = svg("path", { d: "M8 0L-6 6V-6z", transform, class: `arrow run-${colour}` });
  const [anchor, beside] = px > (left + right) / 2 ? ["end", -14] : ["start", 14];
  const height = clamp(py + 4, top + 14, bottom - 8);
  return [arrow, text(px + beside, height, `${label} is outside the chart`, anchor, `away run-${colour}`, 40)];
}

function clamp(value, low, high) {
  return Number.isNaN(value) ? low : Math.min(high, Math.max(low, value));
}
