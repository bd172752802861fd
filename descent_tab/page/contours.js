/** Contours of a quadratic bowl: on paper they are ellipses, all of one shape. */

import { svg } from "./elements.js";

const LARGEST = 1e5; // pixels: of a valley without an end

/**
 * A function that draws the contour at a height above the lowest point.
 *
 * @param {[number, number, number]} hessian [xx, xy, yy]
 * @param {Scale} x
 * @param {Scale} y
 * @param {[number, number]} centre in pixels
 */
export function contours([xx, xy, yy], x, y, [cx, cy]) {
  const { angle, curvatures } = principal(xx / x.factor ** 2, xy / x.factor / y.factor, yy / y.factor ** 2);
  const transform = `translate(${cx.toFixed(2)} ${cy.toFixed(2)}) rotate(${angle.toFixed(3)})`;
  return (height, style) => {
    const [rx, ry] = curvatures.map((value) => Math.min(LARGEST, Math.sqrt((2 * height) / Math.max(value, 1e-300))));
    return svg("ellipse", { rx, ry, transform, class: style });
  };
}

/** The angle of a symmetric matrix's first eigenvector, in degrees, and its eigenvalues. */
function principal(a, b, c) {
  const angle = Math.atan2(2 * b, a - c) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const first = a * cos * cos + 2 * b * cos * sin + c * sin * sin;
  return { angle: (angle * 180) / Math.PI, curvatures: [first, a + c - first] };
}
