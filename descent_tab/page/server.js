/** What the plugin's server knows: the list of runs, and the data of one. Addresses are relative to this module. */

import { Run } from "./run.js";

/** All runs: {run, step, stamp, about} or {run, error}. */
export async function listRuns() {
  const { runs } = await answer("./runs");
  return runs;
}

/** The data of one run. */
export async function loadRun(name) {
  return new Run(name, await answer(`./run?run=${encodeURIComponent(name)}`));
}

async function answer(path) {
  let response;
  try {
    response = await fetch(new URL(path, import.meta.url));
  } catch {
    throw new Error("TensorBoard does not answer. Is it still running?");
  }
  let content;
  try {
    content = await response.json();
  } catch {
    throw new Error(`TensorBoard answered ${response.status} without data.`);
  }
  if (content.error) throw new Error(content.error);
  return content;
}
