/** Groups of runs fitted to the same data, which share a bowl, a truth and an optimum. */

const SAME = 1e-4; // largest difference of two signatures of the same rows, one in float32 and one in float64

/**
 * @param listed the server's list of runs: {run, about} or {run, error}
 * @returns {{label: string, runs: object[]}[]} the groups, in the order of their first runs
 */
export function grouped(listed) {
  const groups = [];
  for (const entry of listed.toSorted((a, b) => naturally(a.run, b.run))) {
    const found = groups.find(({ runs: [first] }) => sameData(first, entry));
    if (found) found.runs.push(entry);
    else groups.push({ runs: [entry] });
  }
  for (const group of groups) group.folder = commonFolder(group.runs.map(({ run }) => run));
  for (const group of groups) group.label = label(group);
  const taken = new Map();
  for (const group of groups) {
    taken.set(group.label, (taken.get(group.label) ?? 0) + 1);
    if (taken.get(group.label) > 1) group.label += ` (${taken.get(group.label)})`;
  }
  return groups;
}

/** Compares names with the numbers in them by value: rate=0.02 comes before rate=0.1, and that before rate=1. */
export function naturally(a, b) {
  const [left, right] = [pieces(a), pieces(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [Number(left[i]), Number(right[i])];
    if (left[i] !== right[i]) {
      return Number.isNaN(x) || Number.isNaN(y)
        ? left[i].localeCompare(right[i], "en")
        : x - y || left[i].length - right[i].length;
    }
  }
  return left.length - right.length;
}

/** A run's name within its group, without the folder and the ending that all its runs share. */
export function shortName(run, group) {
  if (group.runs.length === 1) return run;
  const tail = commonTail(group.runs.map((entry) => entry.run));
  return run.slice(group.folder ? group.folder.length + 1 : 0, run.length - tail.length);
}

function pieces(name) {
  return name.split(/(\d+(?:\.\d+)?(?:e[+-]?\d+)?)/u).filter((piece) => piece !== "");
}

/** Returns whether two runs were fitted to the same rows with the same loss. */
function sameData({ run, about }, other) {
  if (!about || !other.about) return false;
  const [a, b] = [about, other.about];
  if (!["rows", "targets", "loss", "l2"].every((name) => a[name] === b[name])) return false;
  if (String(a.names) !== String(b.names)) return false;
  if (!a.signature || !b.signature) return !a.signature && !b.signature && folderOf(run) === folderOf(other.run);
  return a.signature.every((value, i) => Math.abs(value - b.signature[i]) <= SAME);
}

function folderOf(run) {
  return run.split("/").slice(0, -1).join("/");
}

function commonFolder(runs) {
  const paths = runs.map((run) => run.split("/").slice(0, -1));
  let common = paths[0];
  for (const path of paths) common = common.slice(0, common.findIndex((part, i) => part !== path[i]) >>> 0);
  return common.join("/");
}

/** The last part of the name if all runs share it, such as "/fit" with each run in its own folder; else "". */
function commonTail(runs) {
  const tails = new Set(runs.map((run) => run.slice(run.lastIndexOf("/"))));
  const [tail] = tails;
  const folder = commonFolder(runs);
  const leavesNothing = runs.some((run) => run.length - tail.length <= folder.length);
  return tails.size === 1 && tail.startsWith("/") && !leavesNothing ? tail : "";
}

function label({ runs, folder }) {
  const { about } = runs[0];
  const name = runs.length > 1 ? folder : runs[0].run;
  const rows = about?.rows ? `${about.rows.toLocaleString("en-US")} row${about.rows === 1 ? "" : "s"}` : "";
  const penalty = about?.l2 ? `L2 ${about.l2}` : "";
  return [name, rows, penalty].filter(Boolean).join(" · ") || "runs";
}
