/** Player: advances the step with time. At speed 1 a fit takes ten seconds, one of fewer than 200 steps less. */

const [LONGEST, PER_SECOND] = [10, 20]; // most seconds for a fit; steps per second of a short one

export class Player {
  #frame = 0;
  #then = 0;
  #axis = null; // the Scale of steps
  #position = 0; // along that axis, from 0 to 1

  /**
   * @param view the page's View
   * @param scale a function that returns the Scale of steps
   */
  constructor(view, scale) {
    this.view = view;
    this.scale = scale;
    view.listen((changed) => {
      if (changed.has("playing")) (view.playing ? this.#start : this.#stop).call(this);
    });
  }

  /** Pauses, or plays from the current step; at the end, from the beginning. */
  toggle() {
    const { view } = this;
    if (!view.playing && view.step >= view.lastStep) view.goTo(view.firstStep);
    view.change({ playing: !view.playing && view.lastStep > view.firstStep });
  }

  #start() {
    this.#then = performance.now();
    this.#locate();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #stop() {
    cancelAnimationFrame(this.#frame);
  }

  #tick(now) {
    const { view } = this;
    const seconds = Math.min(0.1, Math.max(0, now - this.#then) / 1000); // limited if the page was hidden
    this.#then = now;
    if (this.scale() !== this.#axis) this.#locate(); // a running fit has extended the axis
    this.#position += (seconds * view.speed) / Math.min(LONGEST, (view.lastStep - view.firstStep) / PER_SECOND);
    if (this.#position >= 1) {
      view.goTo(view.lastStep);
      view.change({ playing: false });
      return;
    }
    const { from, to } = this.#axis;
    view.goTo(Math.floor(this.#axis.invert(from + this.#position * (to - from)) + 1e-9));
    this.#frame = requestAnimationFrame((later) => this.#tick(later));
  }

  #locate() {
    this.#axis = this.scale();
    const { from, to } = this.#axis;
    this.#position = (this.#axis.at(this.view.step) - from) / (to - from);
  }
}
