// The live panel of a run: what it shows comes as traits, what is pressed goes out as messages.

import { make } from "./dom.js";
import { Canvas } from "./canvas.js";
import { Bar, Tools } from "./head.js";
import { Questions } from "./questions.js";
import { Compare, Edits, Failure, Pending, State } from "./side.js";
import { Chosen } from "./node.js";
import { Foot, Timeline, Tree } from "./low.js";
import { Strips } from "./strips.js";
import { Wire } from "./wire.js";
import { Home } from "./home.js";
import { remembered } from "./memory.js";

const DRIVES = {
  c: "go",
  n: "next",
  s: "step",
  o: "out",
  b: "back",
  p: "pause",
  f: "fork",
  u: "until",
  "?": "keys",
};
const LOOK_PAUSE = 60; // milliseconds

let views = 0;

/** One view of a panel. */
export class View {
  constructor(model, host) {
    this.model = model;
    this.host = host;
    this.onClose = () => {};
    this.id = `${Date.now().toString(36)}-${++views}`;
    const run = model.get("run");
    this.memory = remembered(`${run.store} ${run.id}`);
    this.wire = new Wire(model, this.id);
    const { memory } = this;
    const act = this.acts();
    this.act = act;
    this.bar = new Bar();
    this.tools = new Tools(act);
    this.strips = new Strips(memory, act);
    this.questions = new Questions(act);
    this.canvas = new Canvas(memory, act);
    this.failure = new Failure();
    this.chosen = new Chosen(memory, act);
    this.state = new State(memory, act);
    this.pending = new Pending(memory, act);
    this.edits = new Edits();
    this.compare = new Compare(act);
    this.timeline = new Timeline(act);
    this.tree = new Tree(act);
    this.foot = new Foot();
    const parts = [this.failure, this.chosen, this.pending, this.state, this.edits, this.compare];
    this.side = make(
      "aside",
      { class: "gx-side", "aria-label": "Details" },
      ...parts.map((part) => part.root),
    );
    this.root = make(
      "section",
      { class: "gx-panel", role: "region", tabindex: "-1", "data-lm-suppress-shortcuts": "true" },
      this.bar.root,
      this.tools.root,
      this.strips.root,
      this.questions.root,
      make("div", { class: "gx-grid" }, make("div", { class: "gx-left" }, this.canvas.root), this.side),
      make("div", { class: "gx-low" }, this.timeline.root, this.tree.root),
      this.foot.root,
    );
    this.listen(host);
    host.append(this.root);
    this.dirty = new Set([
      "picture",
      "run",
      "status",
      "state",
      "breaks",
      "details",
      "pending",
      "questions",
      "timeline",
      "tree",
      "edits",
      "failure",
      "compare",
    ]);
    this.draw();
    this.canvas.resized();
    this.side.scrollTop = memory.scroll;
    if (memory.strip) this.strips.showSmall(this.context());
    if (memory.selected) this.look();
  }

  acts() {
    return {
      send: (what, more) => this.send(what, more),
      press: (name) => this.press(name),
      select: (id) => this.select(id),
      visit: (number) => this.visit(number),
      fold: (id, open) => this.send("fold", { node: id, open }),
      toggleBreak: (id) => this.toggleBreak(id),
      setBreak: (id, point, when, after) => this.send("break", { node: id, when, after, replaces: point.id }),
      lookAt: (step) => this.lookAt(step),
      redraw: () => this.stir("details"),
    };
  }

  listen(host) {
    const { model, root } = this;
    this.heard = [];
    const traits = [
      "picture",
      "run",
      "status",
      "state",
      "breaks",
      "details",
      "stream",
      "pending",
      "questions",
      "timeline",
      "tree",
      "edits",
      "failure",
      "compare",
      "told",
    ];
    for (const name of traits) {
      const hear = () => this.stir(name);
      this.heard.push([`change:${name}`, hear]);
      model.on(`change:${name}`, hear);
    }
    this.heard.push(["destroy", () => this.close()]);
    this.wire.onGone = (gone) => {
      this.strips.gone(gone, model.get("run").id);
      this.foot.gone(gone);
      root.classList.toggle("gx-gone", gone);
      if (gone) this.questions.reopen();
    };
    // Lab listens above us: without this, `d d` in the panel would delete the cell.
    host.addEventListener("keydown", (event) => {
      this.key(event);
      event.stopPropagation();
    });
    root.addEventListener("pointerdown", (event) => {
      if (!event.target.closest("button, input, textarea, select, summary, [tabindex='0']"))
        root.focus({ preventScroll: true });
    });
    this.side.addEventListener("scroll", () => {
      this.memory.scroll = this.side.scrollTop;
    });
  }

  /** Draw what has changed, at most once a frame. */
  stir(name) {
    this.dirty.add(name);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (!this.closed) this.draw();
    });
  }

  draw() {
    const { model, dirty } = this;
    const get = (name) => model.get(name);
    const run = get("run");
    const fresh = (...names) => names.some((name) => dirty.has(name));
    if (fresh("picture")) this.canvas.show(get("picture"));
    if (fresh("picture", "status")) this.canvas.mark(get("status"));
    if (fresh("picture", "breaks")) this.canvas.markBreaks(get("breaks"));
    if (fresh("run")) this.drawRun(run);
    if (fresh("questions")) this.questions.show(get("questions"));
    if (fresh("pending")) this.pending.show(get("pending"));
    if (fresh("failure")) this.failure.show(get("failure"));
    if (fresh("edits")) this.edits.show(get("edits"));
    if (fresh("compare")) this.compare.show(get("compare"));
    if (fresh("state", "run")) this.state.show(get("state"), run.can.set !== false);
    if (fresh("timeline")) this.timeline.show(get("timeline"));
    if (fresh("tree")) this.tree.show(get("tree"));
    if (fresh("details", "stream", "breaks", "picture")) this.drawChosen();
    if (fresh("told")) this.hear(get("told"));
    dirty.clear();
  }

  drawRun(run) {
    this.bar.show(run);
    this.tools.show(run);
    this.strips.look(run);
    this.strips.advise(run.hint);
    this.timeline.showStep(run);
    this.foot.show(run);
    this.root.setAttribute("aria-label", `Run ${run.id} of graph ${run.graph}, ${run.words}`);
    this.root.dataset.status = run.icon;
    if (run.here && run.stands !== this.stands && !this.canvas.moved) this.canvas.reveal(run.here);
    this.stands = run.stands;
  }

  drawChosen() {
    const { selected } = this.memory;
    const card = this.canvas.cards.get(selected)?.card;
    this.chosen.show(
      this.model.get("details")[selected],
      card,
      this.pointOf(selected),
      this.model.get("stream")[selected],
    );
  }

  hear(told) {
    if (told?.view !== this.id) return;
    this.strips.tell(told.text, told.hint, told.offer);
    if (told.text) this.questions.reopen();
  }

  context() {
    const nodes = [...this.canvas.cards.keys()];
    return { nodes, run: this.model.get("run"), keys: this.model.get("state").rows.map((row) => row.key) };
  }

  // ── what is pressed ────────────────────────────────────────────────────────────────────────────

  send(what, more) {
    this.strips.tell("");
    return this.wire.send(what, more);
  }

  press(name) {
    const run = this.model.get("run");
    if (run.can[name] === false) return;
    if (["until", "fork", "keys"].includes(name)) this.strips.turn(name, this.context());
    else this.send(name);
  }

  select(id) {
    this.memory.selected = id === this.memory.selected ? null : id;
    this.memory.visit = null;
    this.canvas.choose(this.memory.selected);
    this.look();
    this.drawChosen();
    if (this.memory.selected) this.side.scrollTop = 0;
  }

  visit(number) {
    this.memory.visit = number;
    this.look();
  }

  look() {
    this.send("look", { node: this.memory.selected, visit: this.memory.visit });
  }

  /** Look at a step: at once, and while a slider is pulled not more often than it can be shown. */
  lookAt(step) {
    this.wanted = { step };
    if (this.looking) return;
    const put = () => {
      this.looking = null;
      if (!this.wanted) return;
      this.send("at", this.wanted);
      this.wanted = null;
      this.looking = setTimeout(put, LOOK_PAUSE);
    };
    put();
  }

  pointOf(id) {
    return this.model.get("breaks").find((point) => point.node === id);
  }

  toggleBreak(id) {
    const point = this.pointOf(id);
    if (point) this.send("clear", { point: point.id });
    else this.send("break", { node: id, when: null, after: false });
  }

  key(event) {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Enter" && event.shiftKey && !typing) event.preventDefault();
    if (event.key === "Escape") this.leave();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const run = this.model.get("run");
    const at = run.at ?? run.steps;
    if (DRIVES[event.key]) this.press(DRIVES[event.key]);
    else if (event.key === "x" && this.memory.selected) this.toggleBreak(this.memory.selected);
    else if (event.key === "[") this.lookAt(Math.max(0, at - 1));
    else if (event.key === "]") this.lookAt(at + 1 >= run.steps ? null : at + 1);
    else if (!this.canvas.key(event.key)) return;
    event.preventDefault();
  }

  /** Give the focus back to the notebook. */
  leave() {
    const back = this.root.closest(".jp-Cell") ?? this.root.closest(".jp-Notebook");
    document.activeElement?.blur();
    back?.focus();
  }

  /** Go on listening, although the widget's own view is gone and its listeners with it. */
  hearAgain() {
    for (const [name, hear] of this.heard) this.model.on(name, hear);
    this.wire.listen();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.looking);
    for (const [name, hear] of this.heard) this.model.off(name, hear);
    this.wire.close();
    this.canvas.close();
    this.host.remove();
    this.onClose();
  }
}

function render({ model, el }) {
  const host = make("div");
  el.append(host);
  const view = new View(model, host);
  const home = model.get("beside") ? new Home(view, el) : null;
  return () => {
    if (!home?.stays()) view.close();
  };
}

export default { render };
