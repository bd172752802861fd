/** BowlPath: the path of one fit over the bowl: solid up to the current step, dotted after it. */

import { svg } from "./elements.js";
import { isInside, pointTo } from "./pointer.js";
import { segments } from "./segments.js";

const APART = 7; // pixels between steps that get a dot each

export class BowlPath {
  /**
   * @param {{run: Run, colour: number, label: string}} shown
   * @param {[number, number][]} points one per row, in pixels
   * @param {number} staying how many points come before the path diverges
   * @param {Chart} chart
   */
  constructor({ run, colour, label }, points, staying, chart) {
    Object.assign(this, { run, colour, label, points, chart });
    let end = staying; // a diverging path is drawn until it leaves the picture
    while (end < points.length && isInside(points[end], chart.box)) end += 1;
    const drawn = points.slice(0, end + 1);
    this.pieces = segments(drawn, chart.box);
    this.dots = this.#dots(drawn);
    this.past = svg("path", { class: `past run-${colour}` });
    this.steps = svg("path", { class: `steps run-${colour}` });
    this.head = svg("circle", { class: `head run-${colour}`, r: 7 });
    chart.still.append(svg("path", { class: `future run-${colour}`, d: this.pieces.join("") }));
    chart.moving.prepend(this.past, this.steps); // small rates above large ones, whose paths cover more of the picture
    chart.moving.append(this.head);
  }

  /**
   * Goes to a step and returns whether it is in the picture. If not, an arrow points to it.
   *
   * @param {number} step
   * @param {number} outside how many other fits already have such an arrow
   */
  goTo(step, outside) {
    const row = this.run.rowAt(step);
    this.past.setAttribute("d", this.pieces.slice(0, row).join(""));
    this.steps.setAttribute("d", this.dots.slice(0, row + 1).join(""));
    const [x, y] = this.points[row];
    const isHere = isInside([x, y], this.chart.box);
    this.head.setAttribute("visibility", isHere ? "visible" : "hidden");
    if (isHere) {
      this.head.setAttribute("cx", x.toFixed(1));
      this.head.setAttribute("cy", y.toFixed(1));
    } else {
      this.chart.above.append(...pointTo([x, y], this.chart.box, this.label, this.colour, outside));
    }
    return isHere;
  }

  /** One dot per step, except for steps too close to the last dot. */
  #dots(points) {
    let last = [Infinity, Infinity];
    return points.map(([x, y]) => {
      if (!isInside([x, y], this.chart.box) || Math.hypot(x - last[0], y - last[1]) < APART) return "";
      last = [x, y];
      return `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
    });
  }
}
