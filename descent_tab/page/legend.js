/** The heading of a panel, and a legend with the marks of the picture below it. */

import { html } from "./elements.js";

/** A panel: its heading, what stands beside it, and the room for its picture. */
export function panel(id, title, ...beside) {
  const picture = html("div", { class: "picture" });
  const heading = html("h2", { id: `${id}-title` }, title);
  const section = html("section", { id, "aria-labelledby": `${id}-title` });
  section.append(html("header", {}, heading, ...beside), picture);
  return { section, heading, picture };
}

/** What the marks mean: pairs of a style and a text. */
export function legend(...entries) {
  return html(
    "ul",
    { class: "legend" },
    ...entries.map(([style, label]) =>
      html("li", {}, html("span", { class: `key ${style}`, "aria-hidden": "true" }), label),
    ),
  );
}
