/** AxesChoice: the two lists that select the bowl's axes: flattest and stiffest direction, or any two coefficients. */

import { usualAxes } from "./bowl_view.js";
import { html } from "./elements.js";

export class AxesChoice {
  constructor(view) {
    this.lists = ["horizontal axis", "vertical axis"].map((label) => html("select", { "aria-label": label }));
    for (const list of this.lists) {
      list.addEventListener("change", () => view.change({ axes: this.lists.map(({ value }) => kindOf(value)) }));
    }
    this.root = html("span", { class: "axes" }, this.lists[0], " × ", this.lists[1]);
  }

  /** Fills the lists; hides them if there are only one or two parameters, which then are the axes. */
  draw(view, { bowl, names }) {
    this.root.hidden = bowl.size < 3;
    if (bowl.size < 3) return;
    const usual = usualAxes(bowl);
    const chosen = view.axes ?? usual;
    for (const [axis, list] of this.lists.entries()) {
      const options = [...usual, ...names.keys()].map((kind) => {
        const label = typeof kind === "number" ? names[kind] : `${kind} direction`;
        const states = { selected: kind === chosen[axis], disabled: kind === chosen[1 - axis] };
        return html("option", { value: kind, ...states }, label);
      });
      list.replaceChildren(...options);
    }
  }
}

/** Parses an axis from a list or an address: the name of a direction, or the index of a coefficient. */
export function kindOf(value) {
  return /^\d+$/u.test(value) ? Number(value) : value;
}
