/** The frame of a panel: its section, its heading, and its legend. */

import { html } from "./elements.js";

/** Creates a panel: a heading, the elements beside it, and an empty container for the picture. */
export function panel(id, title, ...beside) {
  const picture = html("div", { class: "picture" });
  const heading = html("h2", { id: `${id}-title` }, title);
  const section = html("section", { id, "aria-labelledby": `${id}-title` });
  section.append(html("header", {}, heading, ...beside), picture);
  return { section, picture };
}

/** Creates a legend from pairs of a mark's style and its text. */
export function legend(...entries) {
  return html("ul", { class: "legend" }, ...entries.map(([style, label]) => html("li", {}, key(style), label)));
}

/** Creates one mark of a legend. */
export function key(style) {
  return html("span", { class: `key ${style}`, "aria-hidden": "true" });
}

/** Makes a panel's picture focusable, so that keys can scroll it if it is larger than its container. */
export function scrollable({ section, picture }) {
  picture.tabIndex = 0;
  picture.setAttribute("role", "group");
  picture.setAttribute("aria-labelledby", section.getAttribute("aria-labelledby"));
}
