/** BowlPanel: the loss bowl with contours, 95 % region and paths; with one parameter, the loss as a curve. */

import { AxesChoice } from "./axes_choice.js";
import { BowlPath } from "./bowl_path.js";
import { BowlView } from "./bowl_view.js";
import { Chart, line, optimumMark, text, truthMark } from "./chart.js";
import { contours } from "./contours.js";
import { html, svg } from "./elements.js";
import { panel } from "./legend.js";
import { isInside } from "./pointer.js";
import { Scale } from "./scale.js";
import { segments } from "./segments.js";

const HEIGHT = 330;
const MARGIN = { left: 72, right: 12, top: 26, bottom: 44 };
const MEANINGS = { w: "w, the slope", b: "b, the intercept" };
const LEVELS = 9;
const NO_BOWL = "There is no bowl to draw: that needs the mean squared error and the rows of the fit.";

export class BowlPanel {
  constructor(view) {
    const toggle = () => view.change({ zoomed: !view.zoomed });
    this.zoom = html("button", { id: "zoom", type: "button", click: toggle }, "Zoom to optimum");
    this.axes = new AxesChoice(view);
    this.note = html("p", { class: "note" });
    Object.assign(this, panel("bowl", "The loss bowl", this.note, this.axes.root, this.zoom));
  }

  draw(view) {
    const shown = view.runs.filter(({ run }) => run.bowl?.isCurved);
    this.fits = shown;
    this.paths = [];
    this.zoom.setAttribute("aria-pressed", view.zoomed);
    this.zoom.hidden = this.axes.root.hidden = shown.length === 0;
    if (shown.length === 0) {
      this.note.textContent = "";
      this.picture.style.height = "";
      this.picture.replaceChildren(html("p", { class: "instead" }, NO_BOWL));
      return;
    }
    this.shown = new BowlView(
      view,
      shown.map(({ run }) => run),
    );
    this.axes.draw(view, this.shown);
    this.zoom.disabled = !this.shown.region;
    const isCurve = this.shown.axes.length === 1;
    const { loss } = shown[0].run.about;
    this.note.textContent =
      this.shown.bowl.size > 2 ? "all others optimized" : `${loss}${isCurve ? "" : ", darker is lower"}`;
    const label = "the loss around its optimum and the paths of the fits";
    this.chart = new Chart(this.picture, { label, height: HEIGHT, margin: MARGIN });
    if (isCurve) this.#drawCurve();
    else this.#drawContours();
    this.#drawReferences(view);
    this.#drawStart();
    this.paths = shown.map((one) => {
      const points = Array.from({ length: one.run.rows }, (_, row) => this.paper(this.shown.at(one.run, row)));
      const named = shown.length > 1 ? one : { ...one, label: "the fit" };
      return new BowlPath(named, points, this.shown.rowsThatStay(one.run), this.chart);
    });
    this.update(view);
  }

  update(view) {
    if (this.paths.length > 0) this.chart.above.replaceChildren();
    let outside = 0;
    for (const path of this.paths) if (!path.goTo(view.step, outside)) outside += 1;
  }

  /** Draws the contours over two axes. */
  #drawContours() {
    const { shown, chart } = this;
    const { left, right, top, bottom } = chart.box;
    this.x = new Scale(shown.extent[0], [left, right]);
    this.y = new Scale(shown.extent[1], [bottom, top]);
    this.paper = ([x, y]) => [this.x.at(x), this.y.at(y)];
    chart.axes(this.x, this.y, ...shown.axes.map(({ label }) => MEANINGS[label] ?? label));
    this.contour = contours(shown.hessian, this.x, this.y, this.paper(shown.optimum));
    chart.still.append(svg("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "rim" }));
    const corners = shown.extent[0].flatMap((x) => shown.extent[1].map((y) => shown.height([x, y])));
    const highest = Math.max(...corners);
    if (!(highest > 0)) return;
    for (let k = LEVELS; k > 0; k--) chart.still.append(this.contour(highest * (k / (LEVELS + 1)) ** 2, "contour"));
  }

  /** Draws the loss as a curve over one parameter. */
  #drawCurve() {
    const { shown, chart } = this;
    const { left, right, top, bottom } = chart.box;
    const { lowest } = shown.bowl;
    const [from, to] = shown.extent[0];
    const highest = Math.max(shown.height([from]), shown.height([to])) || 1;
    this.x = new Scale([from, to], [left, right]);
    this.y = new Scale([lowest - 0.06 * highest, lowest + highest], [bottom, top]);
    this.paper = ([x]) => [this.x.at(x), this.y.at(lowest + shown.height([x]))];
    const [{ label }] = shown.axes;
    chart.axes(this.x, this.y, MEANINGS[label] ?? label, "loss");
    const points = Array.from({ length: 121 }, (_, i) => this.paper([from + ((to - from) * i) / 120]));
    chart.still.append(svg("path", { class: "curve", d: segments(points, chart.box).join("") }));
  }

  #drawReferences(view) {
    const { shown } = this;
    const { still, labels, box } = this.chart;
    const [x, y] = this.paper(shown.optimum);
    if (shown.region && shown.axes.length === 1) {
      const [low, high] = [-1, 1].map((side) => this.x.at(shown.optimum[0] + side * shown.reach[0]));
      still.append(line(low, y, high, y, "interval"));
    } else if (shown.region) {
      still.append(this.contour(shown.region, "region"));
      if (view.zoomed) this.#nameRegion(x, y);
    }
    let truthIsRight = false;
    if (shown.truth) {
      const [tx, ty] = this.paper(shown.truth);
      truthIsRight = tx > x;
      labels.append(truthMark(tx, ty));
      labels.append(text(tx + (truthIsRight ? 12 : -12), ty + 16, "truth", truthIsRight ? "start" : "end", "truth"));
    }
    labels.append(optimumMark(x, y));
    const [anchor, beside] = truthIsRight || x > box.right - 80 ? ["end", -12] : ["start", 12];
    labels.append(text(x + beside, y - 8, "optimum", anchor, "optimum"));
  }

  /** Labels the 95 % region, above or below it, on the side away from the first fit's end. */
  #nameRegion(x, y) {
    const { box, labels } = this.chart;
    const [{ run }] = this.fits;
    const [, from] = this.paper(this.shown.at(run, run.rows - 1));
    const reach = Math.abs(this.y.at(this.shown.optimum[1] + this.shown.reach[1]) - y);
    const height = from > y ? Math.max(box.top + 16, y - reach - 10) : Math.min(box.bottom - 10, y + reach + 20);
    labels.append(text(x, height, "95 % region: the truth is likely inside", "middle", "optimum", 60));
  }

  /** Labels the start, if all fits share it. */
  #drawStart() {
    const { box, labels } = this.chart;
    const starts = this.fits.map(({ run }) => this.paper(this.shown.at(run, 0)));
    const [[x, y]] = starts;
    const isOne = starts.every((start) => Math.hypot(start[0] - x, start[1] - y) < 1);
    if (!isOne || !isInside([x, y], box)) return;
    const height = y > box.top + 24 ? y - 10 : y + 20;
    labels.append(text(x, height, "start", x > box.right - 30 ? "end" : "middle", "note"));
  }
}
