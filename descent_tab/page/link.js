/** The address of the page as one sees it: runs and step, in the hash, as TensorBoard lets its plugins keep them. */

const PREFIX = "p.descent.";
const CALM = 300; // milliseconds: browsers take only so many changes of the address

let waiting = 0;

/** What the address asks for: {run: string[], step: number, zoom: boolean}, each only if it is there. */
export function asked() {
  const wanted = {};
  for (const [name, value] of entries()) {
    if (name === `${PREFIX}run`) wanted.run = value.split(",").map(decoded);
    if (name === `${PREFIX}step` && /^\d+$/u.test(value)) wanted.step = Number(value);
    if (name === `${PREFIX}zoom`) wanted.zoom = value === "optimum";
  }
  return wanted;
}

/** Calls a function when someone types or pastes another address of this page. */
export function onAsked(listener) {
  parent.addEventListener("hashchange", () => {
    if (isHere() && Object.keys(asked()).length > 0) listener(asked());
  });
}

/** Puts what is shown into the address, a moment later. */
export function show({ run, step, zoom }) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (!isHere()) return; // another tab has come forward
    const others = entries().filter(([name]) => !name.startsWith(PREFIX));
    const own = [
      [`${PREFIX}run`, run.map(encodeURIComponent).join(",")],
      [`${PREFIX}step`, String(step)],
      ...(zoom ? [[`${PREFIX}zoom`, "optimum"]] : []),
    ];
    const parts = [...others, ...own].map((entry) => entry.join("="));
    const address = `${parent.location.pathname}${parent.location.search}#${["descent", ...parts].join("&")}`;
    parent.history.replaceState(parent.history.state, "", address);
  }, CALM);
}

function isHere() {
  return hash().split("&")[0] === "descent";
}

function hash() {
  return parent.location.hash.slice(1);
}

function entries() {
  return hash()
    .split("&")
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand, with a % of its own
  }
}
