/** TablePanel: the table of fits, optimum and truth, one per row; or of many parameters of one fit, one per row. */

import { html, setText } from "./elements.js";
import { key, panel, scrollable } from "./legend.js";
import { number, ratio } from "./numbers.js";
import { inBrief } from "./words.js";

const MEANINGS = {
  "from the optimum": "the largest distance of a parameter from its optimum, in standard errors of that parameter",
  "steps to optimum":
    "steps still needed at this rate until each parameter is within 0.1 standard errors of its optimum",
};
const FEW = 3; // most parameters that get a column each

export class TablePanel {
  constructor() {
    this.note = html("p", { class: "note" });
    Object.assign(this, panel("numbers", "The numbers", this.note));
    this.picture.className = "table";
    scrollable(this);
  }

  draw(view, standings) {
    this.parameters = view.first.parametersOf(view.target);
    this.note.textContent = view.having("optimum")
      ? "SE: standard errors (±) of the parameter that is furthest away"
      : "";
    const isTall = view.runs.length === 1 && this.parameters.length > FEW;
    const table = isTall ? this.#parameterTable(view) : this.#runTable(view);
    this.picture.replaceChildren(table);
    this.update(view, standings);
  }

  update(view, standings) {
    for (const [i, { run }] of view.runs.entries()) {
      const values = run.values(run.rowAt(view.step));
      const { cells, loss, gap, steps, toTruth } = this.fits[i];
      for (const [j, of] of cells) setText(of, number(values[j]));
      setText(loss, number(standings[i].loss));
      const [away, left] = inBrief(run, standings[i]);
      setText(gap, away);
      setText(steps, left);
      if (toTruth) setText(toTruth, distance(run, values, this.parameters));
    }
  }

  /** A table with a row for each run, one for the optimum and one for the truth. */
  #runTable(view) {
    const names = this.parameters.length > FEW ? [] : this.parameters;
    const truth = names.length === 0 && view.having("optimum") && view.having("truth");
    const toTruth = (content) => (truth ? [cell(content)] : []);
    const titles = [...names.map((i) => view.first.about.names[i]), "loss", "from the optimum", "steps to optimum"];
    const head = [cell(), ...[...titles, ...(truth ? ["from the truth"] : [])].map((title) => columnHead(title))];
    this.fits = view.runs.map(() => ({
      cells: names.map((i) => [i, cell()]),
      loss: cell(),
      gap: cell(),
      steps: cell(),
    }));
    const fits = view.runs.map(({ colour, label }, n) => {
      const { cells, loss, gap, steps } = this.fits[n];
      const [last] = toTruth();
      this.fits[n].toTruth = last;
      const title = rowHead(view.runs.length === 1 ? "fit" : label, `fit run-${colour}`);
      return row(title, ...cells.map(([, of]) => of), loss, gap, steps, ...(last ? [last] : []));
    });
    const others = references(view).map(([kind, run]) => {
      const gap = kind === "optimum" && truth ? distance(run, run.optimum, this.parameters, truth.truth) : "";
      const values = names.map((i) => cell(...valueOf(run, kind, i)));
      return row(rowHead(kind, kind), ...values, cell(lossAt(run, kind)), cell(), cell(), ...toTruth(gap));
    });
    return html("table", {}, html("thead", {}, row(...head)), html("tbody", {}, ...fits, ...others));
  }

  /** A table with a row per parameter, columns for fit, optimum and truth, and the numbers of the whole fit below. */
  #parameterTable(view) {
    const [{ run, colour }] = view.runs;
    const kinds = references(view);
    const head = [cell(), columnHead("fit", `fit run-${colour}`), ...kinds.map(([kind]) => columnHead(kind, kind))];
    const cells = this.parameters.map((i) => [i, cell()]);
    const rows = cells.map(([i, fitted]) => {
      const others = kinds.map(([kind, of]) => cell(...valueOf(of, kind, i)));
      return row(rowHead(run.about.names[i]), fitted, ...others);
    });
    const [loss, gap, steps] = [cell(), cell(), cell()];
    const foot = [
      row(rowHead("loss"), loss, ...kinds.map(([kind, of]) => cell(lossAt(of, kind)))),
      row(rowHead("from the optimum"), gap, ...kinds.map(() => cell())),
      row(rowHead("steps to optimum"), steps, ...kinds.map(() => cell())),
    ];
    this.fits = [{ cells, loss, gap, steps }];
    const [top, body, bottom] = [
      html("thead", {}, row(...head)),
      html("tbody", {}, ...rows),
      html("tfoot", {}, ...foot),
    ];
    return html("table", {}, top, body, bottom);
  }
}

function references(view) {
  return ["optimum", "truth"].map((kind) => [kind, view.having(kind)]).filter(([, run]) => run !== null);
}

function valueOf(run, kind, i) {
  if (kind === "truth") return [number(run.truth[i])];
  if (run.isUndetermined(i)) return ["not determined"];
  const error = run.standardError[i];
  const plusMinus = Number.isFinite(error) && error > 0 ? [html("small", {}, ` ± ${number(error, 2)}`)] : [];
  return [number(run.optimum[i]), ...plusMinus];
}

function lossAt({ about }, kind) {
  const loss = kind === "optimum" ? about.optimum_loss : about.truth_loss;
  return loss === null || loss === undefined ? "" : number(loss);
}

/** The largest distance from the truth, in standard errors. */
function distance(run, values, parameters, truth = run.truth) {
  if (!truth || !run.optimum) return "";
  const gaps = parameters.map((i) => Math.abs(values[i] - truth[i]) / run.yardstick[i]);
  const largest = Math.max(...gaps);
  return Number.isFinite(largest) ? `${ratio(largest)} SE` : "";
}

function row(...cells) {
  return html("tr", {}, ...cells);
}

function cell(...content) {
  return html("td", {}, ...content);
}

function columnHead(title, style = null) {
  return html("th", { scope: "col", title: MEANINGS[title] ?? title }, style && key(style), title);
}

function rowHead(title, style = null) {
  return html("th", { scope: "row", title }, style && key(style), title);
}
