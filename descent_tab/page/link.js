/** The link to what the page shows: runs, step, zoom, target and axes, kept in the hash of TensorBoard's address. */

import { kindOf } from "./axes_choice.js";

const PREFIX = "p.descent.";
const CALM = 300; // milliseconds: browsers limit how often the address may change

const AXES = /^(?:flattest|stiffest|\d+),(?:flattest|stiffest|\d+)$/u;

let waiting = 0;
let seen = ""; // this page's part of the address, as last read or written

/** Reads the address: {run: string[], step, zoom: boolean, target, axes}, each only if it is present. */
export function asked() {
  seen = ownPart();
  const wanted = {};
  for (const [name, value] of entries()) {
    if (name === `${PREFIX}run`) wanted.run = value.split(",").map(decoded);
    if (name === `${PREFIX}step` && /^\d+$/u.test(value)) wanted.step = Number(value);
    if (name === `${PREFIX}zoom`) wanted.zoom = value === "optimum";
    if (name === `${PREFIX}target` && /^\d+$/u.test(value)) wanted.target = Number(value);
    if (name === `${PREFIX}axes` && AXES.test(value)) wanted.axes = value.split(",").map(kindOf);
  }
  return wanted;
}

/** Calls a function when the user enters another address of this page. */
export function onAsked(listener) {
  parent.addEventListener("hashchange", () => {
    if (!isHere() || ownPart() === seen) return; // TensorBoard only switched tabs
    const wanted = asked();
    if (Object.keys(wanted).length > 0) listener(wanted);
  });
}

/** Writes what is shown into the address, after a short delay. */
export function show({ run, step, zoom, target, axes }) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (!isHere()) return; // TensorBoard has switched to another tab
    const others = entries().filter(([name]) => !name.startsWith(PREFIX));
    const own = [
      [`${PREFIX}run`, run.map(encodeURIComponent).join(",")],
      [`${PREFIX}step`, String(step)],
      ...(zoom ? [[`${PREFIX}zoom`, "optimum"]] : []),
      ...(target ? [[`${PREFIX}target`, String(target)]] : []),
      ...(axes ? [[`${PREFIX}axes`, axes.join(",")]] : []),
    ];
    const parts = [...others, ...own].map((entry) => entry.join("="));
    const address = `${parent.location.pathname}${parent.location.search}#${["descent", ...parts].join("&")}`;
    parent.history.replaceState(parent.history.state, "", address);
    seen = ownPart();
  }, CALM);
}

function ownPart() {
  const own = entries().filter(([name]) => name.startsWith(PREFIX));
  return own.map((entry) => entry.join("=")).join("&");
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
    return text; // typed by hand, with a % that is not an escape
  }
}
