/** Chart: a framed picture in two layers, so that moving parts are redrawn without the static ones. */

import { svg } from "./elements.js";

const LONGEST = 18; // characters of a label

let charts = 0;

export class Chart {
  /**
   * @param root the element to draw in
   * @param {{label: string, height: number, margin: {left: number, right: number, top: number, bottom: number}}} options
   */
  constructor(root, { label, height, margin }) {
    const width = Math.max(240, Math.floor(root.clientWidth));
    this.box = { left: margin.left, right: width - margin.right, top: margin.top, bottom: height - margin.bottom };
    const size = { width, height, viewBox: `0 0 ${width} ${height}` };
    const clip = `plot-${charts++}`;
    const { left, right, top, bottom } = this.box;
    const plot = svg("rect", { x: left, y: top, width: right - left, height: bottom - top });
    this.frame = svg("g", { class: "frame" });
    this.still = svg("g", { "clip-path": `url(#${clip})` });
    this.labels = svg("g", { class: "labels" });
    this.moving = svg("g", { "clip-path": `url(#${clip})` });
    this.above = svg("g", { class: "labels" });
    const below = svg("svg", { ...size, role: "img", "aria-label": label, class: "still" });
    below.append(svg("defs", {}, svg("clipPath", { id: clip }, plot)), this.frame, this.still);
    root.replaceChildren(
      below,
      svg("svg", { ...size, "aria-hidden": "true", class: "moving" }, this.moving, this.labels, this.above),
    );
    root.style.height = `${height}px`;
  }

  /** Draws the axes, with ticks at round numbers. */
  axes(x, y, xLabel, yLabel) {
    const { left, right, top, bottom } = this.box;
    for (const { value, label } of x.ticks(Math.max(3, Math.floor((right - left) / 90)))) {
      const at = x.at(value);
      this.frame.append(line(at, top, at, bottom, "grid"), text(at, bottom + 20, label, "middle"));
    }
    if (y) {
      for (const { value, label } of y.ticks(Math.max(2, Math.floor((bottom - top) / 40)))) {
        const at = y.at(value);
        this.frame.append(line(left, at, right, at, "grid"), text(left - 8, at + 4, label, "end"));
      }
    }
    this.frame.append(line(left, bottom, right, bottom, "axis"), line(left, top, left, bottom, "axis"));
    this.frame.append(text(right, bottom + 38, xLabel, "end", "title", 60));
    if (yLabel) this.frame.append(text(4, top - 10, yLabel, "start", "title", 60));
  }
}

/** A straight line. */
export function line(x1, y1, x2, y2, style) {
  return svg("line", { x1, y1, x2, y2, class: style });
}

/** A text; a long one is cut, and a tooltip shows all of it. */
export function text(x, y, content, anchor = "start", style = "tick", longest = LONGEST) {
  const cut = content.length > longest ? `${content.slice(0, longest - 1)}…` : content;
  const element = svg("text", { x, y, "text-anchor": anchor, class: style }, cut);
  if (cut !== content) element.append(svg("title", {}, content));
  return element;
}

/** A cross that marks the truth. */
export function truthMark(x, y, size = 7) {
  return svg("path", {
    class: "truth mark",
    d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`,
  });
}

/** A diamond that marks the optimum. */
export function optimumMark(x, y, size = 6) {
  return svg("path", {
    class: "optimum mark",
    d: `M${x} ${y - size}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`,
  });
}
