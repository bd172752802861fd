/** The contours of a quadratic bowl: ellipses, all of the same shape. */

import { svg } from "./elements.js";

const LARGEST = 1e5; // pixels: the radius along a direction in which the loss is flat

/**
 * Returns a function that draws the contour at a height above the minimum.
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

/** The eigenvalues of the symmetric matrix [[a, b], [b, c]], and the angle of its first eigenvector in degrees. */
function principal(a, b, c) {
  const angle = Math.atan2(2 * b, a - c) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const first = a * cos * cos + 2 * b * cos * sin + c * sin * sin;
  return { angle: (angle * 180) / Math.PI, curvatures: [first, a + c - first] };
}
