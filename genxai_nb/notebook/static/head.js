// The head of the panel: what the run is doing, and the buttons that drive it.

import { fill, icon, make, write } from "./dom.js";

const TOOLS = [
  ["next", "next", "Next", "n", "Run one node"],
  ["step", "into", "Step into", "s", "Go to the next call"],
  ["out", "out", "Out", "o", "Run to the end of this node"],
  ["back", "back", "Back", "b", "Go back one step"],
];

/** One line: name, id, status, figures. */
export class Bar {
  constructor() {
    this.name = make("span", { class: "gx-name" });
    this.run = make("span", { class: "gx-dim" });
    this.words = make("span");
    this.pill = make("span", { class: "gx-pill", role: "status" });
    this.sums = make("span", { class: "gx-sums" });
    this.root = make("header", { class: "gx-bar" }, this.name, this.run, this.pill, this.sums);
  }

  show(run) {
    write(this.name, run.graph);
    write(this.run, run.id);
    if (this.pill.dataset.st !== run.icon) {
      this.pill.dataset.st = run.icon;
      this.pill.className = `gx-pill gx-c-${run.icon}`;
      fill(this.pill, icon(run.icon), this.words);
    }
    write(this.words, run.words);
    const sums = run.sums.map(([figure, unit]) =>
      make("span", {}, make("b", {}, figure), unit ? ` ${unit}` : ""),
    );
    fill(this.sums, ...sums);
  }
}

/** The toolbar. */
export class Tools {
  constructor(act) {
    this.act = act;
    this.buttons = {};
    const tool = (name, shape, text, key, title, cls = "") => {
      const parts = [icon(shape), make("span", {}, text), key ? make("kbd", {}, key) : null];
      const made = make(
        "button",
        { type: "button", class: cls, title, "data-do": name, on: { click: () => act.press(name) } },
        ...parts,
      );
      this.buttons[name] = made;
      return made;
    };
    const gap = () => make("i", { class: "gx-rule" });
    this.root = make(
      "div",
      { class: "gx-tools", role: "toolbar", "aria-label": "Debugger" },
      tool("go", "running", "Continue", "c", "Run to the end or to a breakpoint", "gx-main"),
      ...TOOLS.map((entry) => tool(...entry)),
      gap(),
      tool("fork", "fork", "Fork", "f", "Start a new run from a step, with changes"),
      tool("pause", "paused", "Pause", "p", "Stand before the next node or call"),
      tool("cancel", "stop", "Stop", "", "Cancel what is under way; the run can be resumed"),
      make("span", { class: "gx-push" }),
      tool("until", "next", "Until…", "u", "Run until a condition holds or a node is reached"),
      tool("keys", "idle", "Keys", "?", "Keyboard"),
    );
    for (const name of ["until", "keys"]) this.buttons[name].querySelector("svg").remove();
    this.root.addEventListener("keydown", (event) => this.rove(event));
  }

  show(run) {
    for (const [name, made] of Object.entries(this.buttons)) made.disabled = run.can[name] === false;
    this.buttons.go.lastChild.previousSibling.textContent = run.status === "ready" ? "Start" : "Continue";
  }

  /** Arrow keys go from button to button, as in any toolbar. */
  rove(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const open = Object.values(this.buttons).filter((made) => !made.disabled);
    const at = open.indexOf(event.target.closest("button"));
    open[(at + step + open.length) % open.length]?.focus();
  }
}
