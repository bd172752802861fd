/** Requests to the plugin's server: the list of runs and the data of one run. Addresses are relative to this module. */

import { Run } from "./run.js";

/** Fetches the list of runs: {run, step, stamp, about} or {run, step, stamp, error}. */
export async function listRuns() {
  const { runs } = await answer("./runs");
  return runs;
}

/** Fetches the data of one run. */
export async function loadRun(name) {
  return new Run(name, await answer(`./run?run=${encodeURIComponent(name)}`));
}

async function answer(path) {
  let response;
  try {
    response = await fetch(new URL(path, import.meta.url));
  } catch {
    throw new Error("TensorBoard does not respond. Is it still running?");
  }
  let content;
  try {
    content = await response.json();
  } catch {
    throw new Error(`TensorBoard responded with HTTP status ${response.status} and without data.`);
  }
  if (content.error) throw new Error(content.error);
  return content;
}
