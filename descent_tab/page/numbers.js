/** Formatting of numbers for people: 1,234.5, −0.023, 3.2e−7. */

const MINUS = "−";

/** A number with four significant digits by default; very large and very small ones with an exponent. */
export function number(value, digits = 4) {
  if (value === null || Number.isNaN(value)) return "—";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return withMinus(value.toExponential(digits - 1));
  const hasNoDecimals = size >= 10 ** (digits - 1);
  const style = hasNoDecimals ? { maximumFractionDigits: 0 } : { minimumSignificantDigits: digits };
  return withMinus(new Intl.NumberFormat("en-US", { ...style, maximumSignificantDigits: digits }).format(value));
}

/** A number without trailing zeros: 0.02, not 0.02000. */
export function short(value, digits = 4) {
  if (value === null || !Number.isFinite(value)) return number(value);
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return withMinus(String(rounded.toExponential()));
  return withMinus(new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits }).format(rounded));
}

/** A whole number with all its digits. */
export function whole(value) {
  return value.toLocaleString("en-US");
}

/** A number of steps, rounded to three digits. */
export function about(steps) {
  if (!Number.isFinite(steps)) return "over 10¹²";
  const unit = 10 ** Math.max(0, String(Math.trunc(steps)).length - 3);
  return whole(Math.round(steps / unit) * unit);
}

/** A distance in standard errors: 29, 5.8, 0.042. */
export function ratio(value) {
  return value < 10 ? short(value, 2) : whole(Math.round(value));
}

/** A learning rate to try: three digits, rounded down, so that it stays below a limit. */
export function rateBelow(limit) {
  const unit = 10 ** (Math.floor(Math.log10(limit)) - 2);
  return short(Number((Math.floor(limit / unit + 1e-9) * unit).toPrecision(3)), 3);
}

function withMinus(text) {
  return text.replaceAll("-", MINUS).replace("e+", "e");
}
