/** The connection to the TensorBoard around this page: its reloads, its theme, and whether this tab is visible. */

/** Calls a function whenever TensorBoard has reloaded its data. */
export function onReload(reloaded) {
  // TensorBoard sends its plugins messages {type, id, payload, isReply} over a channel, and expects replies.
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", ({ data }) => {
    const { type, id, isReply } = JSON.parse(data);
    if (isReply) return;
    port1.postMessage(JSON.stringify({ type, id, payload: null, error: null, isReply: true }));
    if (type === "experimental.DataReloaded") reloaded();
  });
  port1.start();
  parent.postMessage("experimental.bootstrap", "*", [port2]);
}

/** Follows TensorBoard's light or dark theme. */
export function followTheme() {
  const { body } = parent.document;
  const follow = () => {
    document.documentElement.dataset.theme = body.classList.contains("dark-mode") ? "dark" : "light";
  };
  new MutationObserver(follow).observe(body, { attributes: true, attributeFilter: ["class"] });
  follow();
}

/** Calls one function when this tab is shown and another when it is hidden: TensorBoard keeps hidden tabs running. */
export function onVisibility(shown, hidden) {
  let visible = null;
  const look = () => {
    const now = innerHeight > 0 && innerWidth > 0;
    if (now !== visible) (now ? shown : hidden)();
    visible = now;
  };
  addEventListener("resize", look);
  look();
}
