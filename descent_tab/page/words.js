/** The sentence about the state of one fit or several, and the matching cells of the table. */

import { about as count, number, rateBelow, ratio, short } from "./numbers.js";

const NO_OPTIMUM = "There is no optimum to compare with.";
const PATIENCE = 1e6; // steps: if even the best rate needs more, the features are to blame
const TOO_SMALL = 0.1; // share of the steps: if the best rate needs less than this, the rate is too small
const WORTH_IT = 0.8; // share of the steps: if the best rate needs less than this, it is mentioned

/** Returns the sentence about one fit at one step. */
export function sentence(run, standing) {
  const { about } = run;
  switch (standing.kind) {
    case "unknown":
      return `${Number.isNaN(standing.loss) ? "" : `Loss ${number(standing.loss)}. `}${about.message ?? NO_OPTIMUM}`;
    case "diverged":
      return `Diverged: the loss is no longer a finite number. ${capitalized(tooLarge(run, standing.rate))}`;
    case "overshoots":
      return `Every step overshoots: ${tooLarge(run, standing.rate)}`;
    case "arrived":
      return `Converged: ${gap(standing)} the optimum; more steps make no difference. ${about.truth_verdict ?? ""}`;
    case "rests":
      return `Converged: as close to the optimum as ${about.dtype} rounding allows. ${about.truth_verdict ?? ""}`;
    default:
      return `Not converged yet: ${place(run, standing)}${forecast(run, standing)}`;
  }
}

/** Returns two cells of the table: the distance from the optimum, and the steps to it or why there are none. */
export function inBrief(run, standing) {
  const away = standing.gap === null ? "" : `${ratio(standing.gap)} SE`;
  const steps = standing.steps === null || !run.isFullBatch ? "" : count(standing.steps);
  const verdicts = { diverged: "diverged", overshoots: "diverging", arrived: "converged", rests: "converged" };
  return [away, verdicts[standing.kind] ?? steps];
}

/** Returns the sentences about several fits: which are diverging, converged, or not converged yet. */
export function summary(runs, standings, labels) {
  const of = (...kinds) => labels.filter((_, i) => kinds.includes(standings[i].kind));
  const onTheWay = runs.map((_, i) => i).filter((i) => standings[i].kind === "on the way");
  const first = onTheWay.toSorted((i, j) => (standings[i].steps ?? Infinity) - (standings[j].steps ?? Infinity));
  const parts = [
    [`Diverging${limitOf(runs, standings)}`, of("overshoots")],
    ["Diverged", of("diverged")],
    ["Converged", of("arrived", "rests")],
    ["Not converged yet", first.map((i) => `${labels[i]}${more(runs[i], standings[i], i === first[0])}`)],
  ];
  const text = parts.filter(([, who]) => who.length > 0).map(([what, who]) => `${what}: ${who.join(", ")}.`);
  const unknown = runs.filter((_, i) => standings[i].kind === "unknown");
  text.push(...new Set(unknown.map(({ about }) => about.message ?? NO_OPTIMUM)));
  return text.join(" ");
}

/** Returns the limit that all diverging fits exceed and a rate to try; empty if that is not the reason for each. */
function limitOf(runs, standings) {
  const { about } = runs[standings.findIndex(({ kind }) => kind === "overshoots")] ?? runs[0];
  const limit = about.stability_limit ?? null;
  if (limit === null || standings.some(({ kind, rate }) => kind === "overshoots" && rate <= limit)) return "";
  return `, above this data’s limit ${short(limit, 3)} (try ${rateBelow(about.usable_learning_rate)})`;
}

/** Returns the colour of the sentence: "good", "bad" or "neutral". */
export function tone(standings) {
  const all = (...kinds) => standings.every(({ kind }) => kinds.includes(kind));
  if (all("arrived", "rests")) return "good";
  return standings.some(({ kind }) => ["overshoots", "diverged"].includes(kind)) ? "bad" : "neutral";
}

function place(run, standing) {
  if (standing.gap !== null) return `${gap(standing)} the optimum`;
  return `the loss can still fall from ${number(standing.loss)} to ${number(run.about.optimum_loss)}`;
}

function gap({ gap: size, of }) {
  if (size === null) return "close to";
  const text = ratio(size);
  return `${text} standard error${text === "1" ? "" : "s"}${size >= 1 && of.includes("/") ? ` (of ${of})` : ""} from`;
}

function forecast(run, { loss, rate, steps, bestSteps, zigzags }) {
  const { about } = run;
  if (steps === null && loss > about.total_variance)
    return ". The loss is above that of a constant prediction: if it does not fall, try a smaller learning rate.";
  if (steps === null) return ". More steps may bring it closer.";
  const best = short(about.usable_learning_rate, 3);
  if (rate <= 0) return `. The learning rate has fallen to 0; ${stepsAt(bestSteps, best)} would reach the optimum.`;
  if (!run.isFullBatch)
    return `. Steps of ${about.batch_size ?? "some of the"} rows approach the optimum, then jump around it.`;
  const faster = bestSteps < WORTH_IT * steps ? `, or ${count(bestSteps)} at the fastest rate, ${best}` : "";
  const limit = `It zigzags: the rate ${short(rate)} is just below this data’s limit ${short(about.stability_limit, 3)}.`;
  const remedy = about.normalized
    ? "The features are nearly linearly dependent: leave some of them out."
    : "The features differ too much in scale or are nearly linearly dependent. Try normalize=True.";
  const remarks = [zigzags ? limit : "", bestSteps > PATIENCE ? remedy : ""].filter(Boolean).join(" ");
  const start = bestSteps < TOO_SMALL * steps ? `. The rate ${short(rate)} is too small:` : ",";
  return `${start} ${stepsAt(steps, short(rate), "more ")}${faster}. ${remarks}`.trim();
}

function stepsAt(steps, rate, others = "") {
  return `about ${count(steps)} ${others}step${steps === 1 ? "" : "s"} at rate ${rate}`;
}

function more(run, { steps }, isFirst) {
  return steps === null || !run.isFullBatch ? "" : ` (${count(steps)} more${isFirst ? " steps" : ""})`;
}

function tooLarge(run, rate) {
  const { about } = run;
  const limit = about.stability_limit;
  if (about.plain_sgd && limit !== null && limit !== undefined && rate > limit) {
    const next = `Try ${rateBelow(about.usable_learning_rate)}. ${about.remedy ?? ""}`;
    return `learning rate ${short(rate)} is above this data’s limit ${short(limit, 3)}. ${next}`.trim();
  }
  const critical = about.critical_learning_rate;
  if (about.plain_sgd && !run.isFullBatch && critical && rate > critical) {
    const sure = `below which steps of ${about.batch_size} rows are sure to converge`;
    return `learning rate ${short(rate)} is above ${short(critical, 3)}, ${sure}. Try ${rateBelow(critical / 2)}.`;
  }
  return `the usual cause is a learning rate that is too large. Try ${short(rate / 10, 2)}.`;
}

function capitalized(text) {
  return text[0].toUpperCase() + text.slice(1);
}
