/** The Descent tab: TensorBoard imports this module into a frame of its own and calls `render`. */

import { html } from "./elements.js";
import { followTheme, onReload, onVisibility } from "./host.js";
import { onAsked } from "./link.js";
import { Page } from "./page.js";

export function render() {
  const { documentElement, head, body } = document;
  documentElement.lang = "en";
  document.title = "Descent";
  followTheme();
  const style = html("link", { rel: "stylesheet", href: new URL("style.css", import.meta.url) });
  style.addEventListener("load", () => {
    const page = new Page(body); // it measures what it draws in
    page.reload();
    onReload(() => page.reload());
    onAsked((wanted) => page.follow(wanted));
    onVisibility(
      () => window.focus(), // the keys would go to TensorBoard's own tabs
      () => page.pause(),
    );
  });
  head.append(style);
}
