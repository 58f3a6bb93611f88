// A conversation, turn by turn: what was said, the tools that were called on the way, how each turn stands.

import { fill, icon, make, write } from "./dom.js";

const GLANCE = 100; // characters of a call's arguments beside its name
const NEAR = 40; // pixels from the end within which a list follows what is added

/** Whether a key sends what is typed: Enter alone, and not while an input method composes. */
export function sends(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing;
}

/** A call's arguments on one line, cut to a glance. */
export function glanceOf(rows) {
  const line = rows.map(([key, value]) => `${key}=${value}`.replace(/\s+/g, " ")).join(", ");
  return line.length > GLANCE ? `${line.slice(0, GLANCE)}…` : line;
}

/** What a turn says below its answer: nothing where all is well and there are no figures. */
export function footOf(turn) {
  const calm = turn.icon === "done" && turn.words === "Answered";
  return [calm ? "" : turn.words, turn.sums].filter(Boolean).join(" · ");
}

/** The parts of a turn that can be kept in place: those of the same kinds and names. */
export function sameShape(before, now) {
  return before.length <= now.length && before.every((part, index) => shapeOf(part) === shapeOf(now[index]));
}

function shapeOf(part) {
  return `${part.kind} ${part.name ?? ""}`;
}

/** All turns, in a list that is read out as it grows. */
export class Talk {
  constructor() {
    this.earlier = make("p", { class: "gx-dim", hidden: true });
    this.empty = make("p", { class: "gx-dim gx-empty" });
    this.list = make("div", {
      class: "gx-turns",
      role: "log",
      "aria-live": "polite",
      "aria-label": "Conversation",
      tabindex: "0",
    });
    this.list.append(this.earlier, this.empty);
    this.turns = new Map();
    this.root = this.list;
  }

  /** Show turns; what is there already is only changed where it differs. */
  show(agent, turns, earlier) {
    const follows = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
    this.earlier.hidden = !earlier;
    write(this.earlier, earlier);
    this.empty.hidden = turns.length > 0;
    write(this.empty, `Write to ${agent} below. It knows what was said before.`);
    const known = new Set(turns.map((turn) => turn.run));
    for (const [run, turn] of this.turns) {
      if (known.has(run)) continue;
      turn.root.remove();
      this.turns.delete(run);
    }
    let added = false;
    for (const turn of turns) {
      if (!this.turns.has(turn.run)) {
        const made = new TurnView(agent);
        this.turns.set(turn.run, made);
        this.list.append(made.root);
        added = true;
      }
      this.turns.get(turn.run).show(turn);
    }
    if (follows || added) this.list.scrollTop = this.list.scrollHeight;
  }
}

/** One turn. */
class TurnView {
  constructor(agent) {
    this.agent = agent;
    this.prompt = make("div", { class: "gx-said-text" });
    this.parts = make("div", { class: "gx-parts" });
    this.foot = make("div", { class: "gx-turn-foot gx-dim" });
    this.trouble = make("div", { class: "gx-trouble", hidden: true });
    this.drawn = [];
    this.root = make(
      "article",
      { class: "gx-turn" },
      make("div", { class: "gx-mine" }, make("b", { class: "gx-who" }, "you"), this.prompt),
      this.parts,
      this.trouble,
      this.foot,
    );
  }

  show(turn) {
    const key = JSON.stringify(turn);
    if (key === this.key) return;
    this.key = key;
    this.root.setAttribute("aria-busy", String(turn.icon === "running"));
    this.root.dataset.st = turn.icon;
    write(this.prompt, turn.prompt);
    this.showParts(turn.parts);
    this.trouble.hidden = !turn.error && !turn.hint;
    this.trouble.className = `gx-trouble gx-c-${turn.icon}`;
    fill(this.trouble, turn.error ? make("b", {}, `${turn.error} `) : null, make("span", {}, turn.hint));
    const waits = turn.icon === "running" || turn.icon === "waiting";
    fill(this.foot, waits ? icon(turn.icon) : null, make("span", {}, footOf(turn)));
  }

  showParts(parts) {
    if (!sameShape(this.drawn.map((one) => one.part), parts)) {
      this.drawn = [];
      fill(this.parts);
    }
    parts.forEach((part, index) => {
      if (!this.drawn[index]) {
        const made = part.kind === "tool" ? toolOf() : part.kind === "asked" ? askedOf() : textOf(this.agent);
        this.drawn[index] = { ...made, part };
        this.parts.append(made.root);
      }
      this.drawn[index].part = part;
      this.drawn[index].show(part);
    });
  }
}

function textOf(agent) {
  const text = make("div", { class: "gx-said-text" });
  const root = make("div", { class: "gx-theirs" }, make("b", { class: "gx-who" }, agent), text);
  return { root, show: (part) => write(text, part.text) };
}

function askedOf() {
  const text = make("span");
  const reply = make("b");
  const root = make("div", { class: "gx-asked gx-dim" }, text, " ", reply);
  return {
    root,
    show: (part) => {
      write(text, part.text);
      write(reply, part.reply);
    },
  };
}

/** A tool's call, folded: name and arguments at a glance, inside all arguments and the result. */
function toolOf() {
  const mark = make("span");
  const name = make("b");
  const glance = make("span", { class: "gx-dim gx-mono" });
  const time = make("span", { class: "gx-dim gx-push" });
  const inside = make("dl");
  const root = make(
    "details",
    { class: "gx-tool" },
    make("summary", {}, mark, name, glance, time),
    inside,
  );
  return {
    root,
    show: (part) => {
      const status = part.error ? "failed" : part.ended ? "done" : "running";
      if (mark.dataset.st !== status) {
        mark.dataset.st = status;
        mark.className = `gx-c-${status}`;
        fill(mark, icon(status), make("span", { class: "gx-unseen" }, WORDS[status]));
      }
      write(name, part.name);
      write(glance, glanceOf(part.rows));
      write(time, part.time);
      const last = part.error ? ["error", part.error] : ["result", part.reply];
      const rows = part.ended ? [...part.rows, last] : part.rows;
      fill(inside, ...rows.flatMap(([key, value]) => [make("dt", {}, key), make("dd", {}, value)]));
    },
  };
}

const WORDS = { failed: "failed: ", done: "called: ", running: "calling: " };
