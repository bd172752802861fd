/** Player: moves the step as time goes by. A fit takes ten seconds, however many steps it has; a short one less. */

const [LONGEST, PER_SECOND] = [10, 20]; // seconds for a whole fit; steps

export class Player {
  #frame = 0;
  #then = 0;
  #axis = null; // of steps
  #position = 0; // along it, from 0 to 1

  /**
   * @param view the page's View
   * @param scale a function that gives the Scale of steps
   */
  constructor(view, scale) {
    this.view = view;
    this.scale = scale;
    view.listen((changed) => {
      if (changed.has("playing")) (view.playing ? this.#start : this.#stop).call(this);
    });
  }

  /** Plays from here, from the beginning if this is the end, or pauses. */
  toggle() {
    const { view } = this;
    if (!view.playing && view.step >= view.lastStep) view.goTo(view.firstStep);
    view.change({ playing: !view.playing && view.lastStep > view.firstStep });
  }

  #start() {
    this.#then = performance.now();
    this.#takePlace();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #stop() {
    cancelAnimationFrame(this.#frame);
  }

  #tick(now) {
    const { view } = this;
    const seconds = Math.min(0.1, Math.max(0, now - this.#then) / 1000); // of a page that was hidden, no more
    this.#then = now;
    if (this.scale() !== this.#axis) this.#takePlace(); // a fit that goes on has made it longer
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

  #takePlace() {
    this.#axis = this.scale();
    const { from, to } = this.#axis;
    this.#position = (this.#axis.at(this.view.step) - from) / (to - from);
  }
}
