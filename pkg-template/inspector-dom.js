// How <everwire-inspector> makes its elements. No markup is parsed, so that no policy is in the way, for styles or for trusted types.

const SVG = ["svg", "path"];

/** An element with these attributes and children. */
export const h = (tag, attributes = {}, ...children) => {
  const element = SVG.includes(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** Changes a text where it is another one: to set it to what it was costs a layout. */
export const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
