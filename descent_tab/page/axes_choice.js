/** The choice of the bowl's two axes: the flattest and the stiffest direction, or any two coefficients. */

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

  /** Lists what there is to choose from: nothing, where one or two parameters are the axes. */
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

/** An axis by its name in a list or an address: a direction, or the number of a coefficient. */
export function kindOf(value) {
  return /^\d+$/u.test(value) ? Number(value) : value;
}
