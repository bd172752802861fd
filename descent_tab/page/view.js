/** View: what the page shows, and who is told when that changes. */

export class View {
  #listeners = [];

  group = null; // of runs on the same data
  runs = []; // those shown: {run: Run, colour: number, label: string}
  step = 0;
  firstStep = 0; // of all runs that are shown
  lastStep = 0; // of all runs that are shown
  playing = false;
  speed = 1;
  zoomed = false;
  target = 0; // whose parameters are shown, where there are several
  axes = null; // of the bowl: two of "stiffest", "flattest" and indices of parameters; null for the usual ones

  /** Calls a function after each change, with the names of what has changed. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** Changes some of what is shown. */
  change(patch) {
    const changed = Object.keys(patch).filter((name) => this[name] !== patch[name]);
    if (changed.length === 0) return;
    Object.assign(this, patch);
    for (const listener of this.#listeners) listener(new Set(changed));
  }

  /** Goes to a step, within what there is. */
  goTo(step) {
    this.change({ step: Math.min(Math.max(this.firstStep, Math.round(step)), this.lastStep) });
  }

  /** The steps that are logged of any run that is shown, ascending. */
  get logged() {
    const steps = this.runs.flatMap(({ run }) => Array.from({ length: run.rows }, (_, row) => run.step(row)));
    return [...new Set(steps)].toSorted((a, b) => a - b);
  }

  /** The run that all others on the page are like: same data, same parameters. */
  get first() {
    return this.runs[0].run;
  }

  /** The first run that has something: the truth, the data, the optimum. */
  having(what) {
    return this.runs.map(({ run }) => run).find((run) => run[what]) ?? null;
  }
}
