// The graph: cards and ways in a frame that can be zoomed, moved and searched.

import { button, draw, fill, icon, make } from "./dom.js";
import { Card, Way, capOf } from "./cards.js";
import { centred, fitted, inFrame, opening, zoomed } from "./camera.js";

const LEGEND = [
  ["idle", "idle"],
  ["running", "running"],
  ["done", "done"],
  ["paused", "paused"],
  ["waiting", "waits for you"],
  ["failed", "failed"],
];
const STEP = 1.25;
const PAN = 60;

/** The graph's part of the panel. */
export class Canvas {
  constructor(memory, act) {
    this.memory = memory;
    this.act = act;
    this.cards = new Map();
    this.ways = new Map();
    this.picture = null;
    this.moved = Boolean(memory.camera);
    this.camera = memory.camera ?? { scale: 1, x: 0, y: 0 };
    this.world = draw("g");
    this.svg = draw("svg", { class: "gx-g", role: "group", tabindex: "-1" }, this.world);
    this.note = make("span", { class: "gx-note" });
    this.search = make("input", {
      type: "search",
      placeholder: "Find a node",
      "aria-label": "Find a node",
      class: "gx-find",
    });
    this.root = make(
      "div",
      { class: "gx-canvas" },
      this.svg,
      this.findBox(),
      legend(),
      this.note,
      this.zoomBox(),
    );
    this.listen();
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.root);
  }

  findBox() {
    const { search } = this;
    search.addEventListener("input", () => this.find(search.value));
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        this.findNext();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        search.value = "";
        this.find("");
        this.svg.focus();
      }
    });
    return search;
  }

  zoomBox() {
    const about = (factor) => () => this.zoom(factor);
    return make(
      "div",
      { class: "gx-zoom" },
      button("−", about(1 / STEP), { label: "Zoom out" }),
      button("⤢", () => this.fit(), { label: "Fit" }),
      button("+", about(STEP), { label: "Zoom in" }),
    );
  }

  /** Draw a picture anew: it was opened, laid open, folded or changed. */
  show(picture) {
    if (!picture?.cards) return;
    const same = this.picture !== null;
    this.picture = picture;
    this.cards.clear();
    this.ways.clear();
    const frames = [];
    const nodes = [];
    for (const card of picture.cards) {
      if (card.cap) {
        nodes.push(capOf(card));
        continue;
      }
      const made = new Card(card, picture.brief && !card.open, this.act);
      made.group.classList.toggle("gx-frame", card.open);
      this.cards.set(card.id, made);
      (card.open ? frames : nodes).push(made.group);
    }
    const ways = picture.ways.map((way) => {
      const made = new Way(way);
      this.ways.set(way.id, made);
      return made.group;
    });
    fill(this.world, draw("g", {}, ...frames), draw("g", {}, ...ways), draw("g", {}, ...nodes));
    this.svg.setAttribute("aria-label", picture.words);
    this.note.textContent = picture.note;
    this.root.style.setProperty(
      "--gx-tall",
      `${Math.round(Math.min(Math.max(picture.height + 84, 430), 560))}px`,
    );
    if (same && !this.moved) this.begin();
    this.choose(this.memory.selected);
  }

  /** Show what became of cards and ways. */
  mark(status) {
    for (const [id, entry] of Object.entries(status?.cards ?? {})) this.cards.get(id)?.mark(entry);
    for (const [id, entry] of Object.entries(status?.ways ?? {})) this.ways.get(id)?.mark(entry);
  }

  /** Show where the run will stop. */
  markBreaks(points) {
    const byNode = new Map(points.map((point) => [point.node, point]));
    for (const card of this.cards.values()) {
      card.markBreak(byNode.get(card.id) ?? byNode.get(card.card.whole));
    }
  }

  /** Put the ring around the chosen card. */
  choose(id) {
    this.chosen?.group.classList.remove("gx-sel");
    this.chosen = this.cards.get(id) ?? null;
    this.chosen?.group.classList.add("gx-sel");
  }

  /** Bring a card into the frame if it is not there. */
  reveal(id, { force = false } = {}) {
    const card = this.cards.get(id);
    const frame = this.frame();
    if (!card || !frame.width) return;
    if (force || !inFrame(this.camera, card.card.box, frame))
      this.move(centred(this.camera, card.card.box, frame));
  }

  frame() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  begin() {
    const frame = this.frame();
    if (this.picture && frame.width) this.move(opening(this.picture, frame));
  }

  fit() {
    if (!this.picture) return;
    this.moved = false;
    this.memory.camera = null;
    this.move(fitted(this.picture, this.frame()));
  }

  zoom(factor, x = this.root.clientWidth / 2, y = this.root.clientHeight / 2) {
    this.moved = true;
    this.move(zoomed(this.camera, factor, x, y));
  }

  pan(dx, dy) {
    this.moved = true;
    this.move({ ...this.camera, x: this.camera.x + dx, y: this.camera.y + dy });
  }

  move(camera) {
    this.camera = camera;
    if (this.moved) this.memory.camera = camera;
    this.world.setAttribute(
      "transform",
      `translate(${camera.x.toFixed(1)} ${camera.y.toFixed(1)}) scale(${camera.scale.toFixed(4)})`,
    );
  }

  resized() {
    if (this.moved) this.move(this.camera);
    else this.begin();
  }

  find(text) {
    const wanted = text.trim().toLowerCase();
    this.found = [];
    for (const card of this.cards.values()) {
      const hit = wanted !== "" && card.id.toLowerCase().includes(wanted);
      card.group.classList.toggle("gx-hit", hit);
      if (hit) this.found.push(card.id);
    }
    this.root.classList.toggle("gx-searching", wanted !== "");
    this.at = -1;
    if (this.found.length > 0) this.reveal(this.found[0]);
  }

  findNext() {
    if (!this.found?.length) return;
    this.at = (this.at + 1) % this.found.length;
    this.reveal(this.found[this.at], { force: true });
    this.act.select(this.found[this.at]);
  }

  /** Keys that belong to the graph; tells whether it was one. */
  key(name) {
    const acts = {
      "+": () => this.zoom(STEP),
      "=": () => this.zoom(STEP),
      "-": () => this.zoom(1 / STEP),
      0: () => this.fit(),
      "/": () => this.search.focus(),
      ArrowLeft: () => this.pan(PAN, 0),
      ArrowRight: () => this.pan(-PAN, 0),
      ArrowUp: () => this.pan(0, PAN),
      ArrowDown: () => this.pan(0, -PAN),
    };
    acts[name]?.();
    return name in acts;
  }

  listen() {
    let grip = null;
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest(".gx-n")) return;
      grip = { x: event.clientX, y: event.clientY };
      this.svg.setPointerCapture(event.pointerId);
      this.root.classList.add("gx-grip");
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!grip) return;
      this.pan(event.clientX - grip.x, event.clientY - grip.y);
      grip = { x: event.clientX, y: event.clientY };
    });
    const drop = () => {
      grip = null;
      this.root.classList.remove("gx-grip");
    };
    this.svg.addEventListener("pointerup", drop);
    this.svg.addEventListener("pointercancel", drop);
    // The wheel alone scrolls the notebook, as everywhere; with Ctrl, or by pinching, it zooms.
    this.svg.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const box = this.svg.getBoundingClientRect();
        this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
      },
      { passive: false },
    );
  }

  close() {
    this.watch.disconnect();
  }
}

function legend() {
  const keys = LEGEND.map(([status, word]) =>
    make("span", { class: `gx-c-${status}` }, icon(status), make("em", {}, word)),
  );
  return make("div", { class: "gx-key", "aria-hidden": "true" }, ...keys);
}
