/** The heading of a panel, and a legend with the marks of the picture below it. */

import { html } from "./elements.js";

/** A panel: its heading, what stands beside it, and the room for its picture. */
export function panel(id, title, ...beside) {
  const picture = html("div", { class: "picture" });
  const heading = html("h2", { id: `${id}-title` }, title);
  const section = html("section", { id, "aria-labelledby": `${id}-title` });
  section.append(html("header", {}, heading, ...beside), picture);
  return { section, picture };
}

/** What the marks mean: pairs of a style and a text. */
export function legend(...entries) {
  return html("ul", { class: "legend" }, ...entries.map(([style, label]) => html("li", {}, key(style), label)));
}

/** One of these marks. */
export function key(style) {
  return html("span", { class: `key ${style}`, "aria-hidden": "true" });
}

/** Lets a panel's picture, which may be larger than its room, be scrolled by keys. */
export function scrollable({ section, picture }) {
  picture.tabIndex = 0;
  picture.setAttribute("role", "group");
  picture.setAttribute("aria-labelledby", section.getAttribute("aria-labelledby"));
}
