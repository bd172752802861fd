/** The entry point of the Descent tab: TensorBoard imports this module into an iframe and calls `render`. */

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
    const page = new Page(body); // after the styles have loaded, because it measures its elements
    page.reload();
    onReload(() => page.reload());
    onAsked((wanted) => page.follow(wanted));
    onVisibility(
      () => window.focus(), // otherwise the keys go to TensorBoard's tab bar
      () => page.pause(),
    );
  });
  head.append(style);
}
