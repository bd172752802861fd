/** Library: the runs that TensorBoard has, grouped by their data, and a cache of the runs that were loaded. */

import { grouped } from "./groups.js";
import { COLOURS, atFirst } from "./selection.js";
import { listRuns, loadRun } from "./server.js";

const NOTHING_YET = "No fit has been logged here yet. Start one with the TensorBoardLogger callback, then reload.";

export class Library {
  #loaded = new Map(); // by name: {stamp, run}

  groups = [];

  /** Fetches the list of runs. */
  async refresh() {
    const listed = await listRuns();
    if (listed.length === 0) throw new Error(NOTHING_YET);
    this.groups = grouped(listed);
  }

  /** The group of one of these runs, or else the first group; a group with readable runs, if there is one. */
  groupOf(names) {
    const readable = this.groups.filter(({ runs }) => runs.some(({ about }) => about));
    return readable.find(({ runs }) => runs.some(({ run }) => names.includes(run))) ?? readable[0] ?? this.groups[0];
  }

  /**
   * Loads the wanted runs of a group, or its default selection if it has none of them.
   *
   * @returns {Promise<{runs: Run[], errors: string[]}>}
   */
  async load(group, wanted) {
    const readable = group.runs.filter(({ about }) => about);
    const known = readable.filter(({ run }) => wanted.includes(run)).slice(0, COLOURS);
    const first = atFirst(readable.map(({ run }) => run));
    const chosen = known.length > 0 ? known : readable.filter(({ run }) => first.includes(run));
    const errors = wanted.map((name) => this.#missing(name)).filter(Boolean);
    if (chosen.length === 0 && errors.length === 0) errors.push(`${group.runs[0].run}: ${group.runs[0].error}`);
    const loaded = await Promise.all(chosen.map((entry) => this.#run(entry, errors)));
    return { runs: loaded.filter((run) => run !== null), errors };
  }

  #missing(name) {
    const entry = this.groups.flatMap(({ runs }) => runs).find(({ run }) => run === name);
    if (!entry) return `The run ${name} is not in the logs that TensorBoard has read so far.`;
    return entry.error ? `${name}: ${entry.error}` : null;
  }

  async #run({ run: name, stamp }, errors) {
    const earlier = this.#loaded.get(name);
    if (earlier?.stamp === stamp) return earlier.run;
    try {
      const run = await loadRun(name);
      this.#loaded.set(name, { stamp, run });
      return run;
    } catch (error) {
      errors.push(`${name}: ${error.message}`);
      return earlier?.run ?? null;
    }
  }
}
