/** Creation of HTML and SVG elements without markup, so that any name is shown as plain text. */

const SVG = "http://www.w3.org/2000/svg";

/** Creates an HTML element; attributes that are null or false are skipped, functions become event listeners. */
export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Creates an SVG element. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Sets a text if it differs: setting the same text again would cost a layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
