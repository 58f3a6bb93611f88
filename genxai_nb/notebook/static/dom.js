// Making elements. Text becomes a text node and nothing else, here and everywhere in the panel.

const SVG = "http://www.w3.org/2000/svg";

// One path each. Running and paused are filled, the others are drawn as lines.
const ICONS = {
  idle: "M6 1.8a4.2 4.2 0 1 1 0 8.4a4.2 4.2 0 1 1 0-8.4",
  running: "M3.2 1.8 10 6 3.2 10.2z",
  done: "M1.8 6.4 4.8 9.4 10.4 2.8",
  paused: "M3 1.8h2.2v8.4H3zM6.9 1.8h2.2v8.4H6.9z",
  failed: "M2.5 2.5l7 7M9.5 2.5l-7 7",
  waiting: "M6 .8 11.2 6 6 11.2 .8 6zM6 3.6v3M6 8.2v.4",
  next: "M1.6 8.2C2.5 3.2 8 2.4 9.6 6.6M10.2 3.2 9.8 7 6.4 5.8M5.4 10.4v.2",
  into: "M6 1.2v5.6M3.4 4.4 6 7l2.6-2.6M6 10.2v.3",
  out: "M6 7.2V1.8M3.4 4.2 6 1.6l2.6 2.6M6 10.2v.3",
  back: "M2.4 4.4h5a2.7 2.7 0 0 1 0 5.4H4.2M4.6 2 2.2 4.4l2.4 2.4",
  fork: "M3 2.2v7.6M3 7c0-2.7 6-1.4 6-4.6M3 1.6v.2M9 1.8v.2M3 10.2v.2",
  stop: "M2.5 2.5h7v7h-7z",
};

/** The path of a status icon. */
export function iconPath(name) {
  return ICONS[name] ?? ICONS.idle;
}

/** Make an HTML element: attributes (class, data, aria, listeners under `on`), then children or text. */
export function make(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function draw(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

/** An icon as a small SVG of its own. */
export function icon(name) {
  const path = draw("path", { d: iconPath(name), class: "gx-ico" });
  return draw("svg", { viewBox: "0 0 12 12", class: `gx-icon gx-i-${name}`, "aria-hidden": "true" }, path);
}

/** A button; `label` names it where its text does not. */
export function button(text, act, { cls = "", label = null, disabled = false, title = null } = {}) {
  const children = Array.isArray(text) ? text : [text];
  const on = { click: act };
  return make(
    "button",
    { type: "button", class: cls, "aria-label": label, title, disabled, on },
    ...children,
  );
}

/** Put children in place of what an element holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

/** Write text into an element, only if it is another one. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}
