/** View: the state of the page, and the listeners that are called when it changes. */

export class View {
  #listeners = [];

  group = null; // the group of runs on the same data
  runs = []; // the runs shown: {run: Run, colour: number, label: string}
  step = 0;
  firstStep = 0; // over all runs shown
  lastStep = 0; // over all runs shown
  playing = false;
  speed = 1;
  zoomed = false;
  target = 0; // the index of the target whose parameters are shown
  axes = null; // of the bowl: two of "stiffest", "flattest" or indices of parameters; null for the default axes

  /** Registers a function to call after each change, with the names of the changed properties. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** Changes some properties. */
  change(patch) {
    const changed = Object.keys(patch).filter((name) => this[name] !== patch[name]);
    if (changed.length === 0) return;
    Object.assign(this, patch);
    for (const listener of this.#listeners) listener(new Set(changed));
  }

  /** Goes to a step, or to the nearest one from firstStep to lastStep. */
  goTo(step) {
    this.change({ step: Math.min(Math.max(this.firstStep, Math.round(step)), this.lastStep) });
  }

  /** The logged steps of all runs shown, ascending and without duplicates. */
  get logged() {
    const steps = this.runs.flatMap(({ run }) => Array.from({ length: run.rows }, (_, row) => run.step(row)));
    return [...new Set(steps)].toSorted((a, b) => a - b);
  }

  /** The first run shown; all others have the same data and parameters. */
  get first() {
    return this.runs[0].run;
  }

  /** The first run shown that has a property, such as the truth, the data or the optimum; null if none has it. */
  having(what) {
    return this.runs.map(({ run }) => run).find((run) => run[what]) ?? null;
  }
}
