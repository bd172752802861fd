/** RunChips: the selection of data, runs and target: a list of data sets, a chip for each run, a list of targets. */

import { html } from "./elements.js";
import { shortName } from "./groups.js";
import { COLOURS } from "./selection.js";

const HINT = "Click to show or hide a run; shift-click to show only that run.";

export class RunChips {
  /** @param choose called with {group}, {names} or {target} */
  constructor(choose) {
    this.choose = choose;
    this.data = html("select", { id: "data", change: () => choose({ group: Number(this.data.value) }) });
    this.target = html("select", { id: "target", change: () => choose({ target: Number(this.target.value) }) });
    this.dataLabel = html("label", {}, "Data ", this.data);
    this.targetLabel = html("label", {}, "Target ", this.target);
    this.chips = html("div", { class: "chips", role: "group", "aria-label": "runs" });
    this.hint = html("span", { class: "note" });
    this.root = html("div", { id: "runs" }, this.dataLabel, this.chips, this.hint, this.targetLabel);
  }

  draw(view, groups) {
    this.dataLabel.hidden = groups.length < 2;
    this.data.replaceChildren(
      ...groups.map((group, i) => html("option", { value: i, selected: group === view.group }, group.label)),
    );
    const { targets } = view.first.about;
    this.targetLabel.hidden = targets < 2;
    this.target.replaceChildren(
      ...Array.from({ length: targets }, (_, i) => html("option", { value: i, selected: i === view.target }, `y${i}`)),
    );
    const { group } = view;
    const shown = new Map(view.runs.map(({ run, colour }) => [run.name, colour]));
    this.hint.textContent = group.runs.length > 2 ? `${shown.size} of ${group.runs.length} shown. ${HINT}` : "";
    const focused = this.chips.contains(document.activeElement) ? document.activeElement.dataset.run : null;
    this.chips.replaceChildren(...group.runs.map((entry) => this.#chip(entry, shown, group)));
    if (focused !== null) [...this.chips.children].find(({ dataset }) => dataset.run === focused)?.focus();
  }

  #chip({ run, error }, shown, group) {
    const isShown = shown.has(run);
    const isFull = !isShown && shown.size >= COLOURS;
    const title =
      error ?? (isFull ? `Only ${COLOURS} runs can be shown at once, one per colour: hide one first.` : run);
    const click = ({ shiftKey }) => {
      const others = [...shown.keys()].filter((name) => name !== run);
      if (shiftKey || (others.length === 0 && !isShown)) this.choose({ names: [run] });
      else if (!isShown) this.choose({ names: [...others, run] });
      else if (others.length > 0) this.choose({ names: others });
    };
    const attributes = {
      type: "button",
      class: `chip run-${shown.get(run) ?? "none"}`,
      "aria-pressed": String(isShown),
      "data-run": run,
    };
    return html(
      "button",
      { ...attributes, title, disabled: Boolean(error) || isFull, click },
      html("span", { class: "ring", "aria-hidden": "true" }),
      html("span", { class: "name" }, shortName(run, group)),
    );
  }
}
