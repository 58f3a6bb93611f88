// What can lie under the toolbar: a banner, a notice, the past, and small forms for Until, Fork and Keys.

import { button, fill, make } from "./dom.js";

const KEYS = [
  ["c", "continue"],
  ["n", "next"],
  ["s", "step into"],
  ["o", "out"],
  ["b", "back"],
  ["p", "pause"],
  ["f", "fork"],
  ["u", "until"],
  ["x", "breakpoint at the chosen node"],
  ["/", "find a node"],
  ["+ − 0", "zoom, fit"],
  ["← → ↑ ↓", "move the graph"],
  ["[ ]", "a step earlier, later"],
  ["Ctrl ⏎", "send a form"],
  ["Esc", "back to the notebook"],
];

const REBASE = "Go on in the changed graph, from the nodes that the run stands before";

/** The strips, in the order in which they lie. */
export class Strips {
  constructor(memory, act) {
    this.memory = memory;
    this.act = act;
    this.banner = make("div", { class: "gx-strip gx-c-failed", role: "alert", hidden: true });
    this.notice = make("div", { class: "gx-strip gx-c-failed", role: "alert", hidden: true });
    this.hint = make("div", { class: "gx-strip gx-c-idle", role: "status", hidden: true });
    this.past = make("div", { class: "gx-strip gx-c-paused", role: "status", hidden: true });
    this.small = make("div", { class: "gx-strip gx-c-idle", hidden: true });
    this.root = make(
      "div",
      { class: "gx-strips" },
      this.banner,
      this.notice,
      this.hint,
      this.past,
      this.small,
    );
  }

  /** The kernel does not answer, or does again. */
  gone(is, run) {
    this.banner.hidden = !is;
    if (!is) return;
    fill(
      this.banner,
      make("b", {}, "Kernel gone. This run is saved: ", make("code", {}, `%genxai resume ${run}`)),
      make("span", { class: "gx-dim" }, "If another cell is running, it answers when that cell ends."),
    );
  }

  /** Something that was pressed could not be done. */
  tell(text, hint, offer) {
    this.notice.hidden = !text;
    if (!text) return;
    const close = button("✕", () => this.tell(""), { cls: "gx-close", label: "Close" });
    const rebase =
      offer === "rebase"
        ? make("span", { class: "gx-act" }, button("Rebase", () => this.act.send("rebase"), { title: REBASE }))
        : null;
    const [first, ...more] = text.split("\n");
    const lines = more.length > 0 ? make("pre", { class: "gx-mono" }, more.join("\n")) : null;
    fill(this.notice, make("b", {}, first), hint ? make("span", {}, hint) : null, rebase, close, lines);
  }

  advise(text) {
    this.hint.hidden = !text;
    fill(this.hint, make("span", {}, text ?? ""));
  }

  /** An earlier step is looked at. */
  look(run) {
    const { at } = run;
    this.past.hidden = at === null;
    if (at === null || this.shownAt === at) {
      this.shownAt = at;
      return;
    }
    this.shownAt = at;
    const { act } = this;
    fill(
      this.past,
      make("b", {}, `Looking at step ${at} of ${run.steps}. Nothing has changed.`),
      make(
        "span",
        { class: "gx-act" },
        button("Go back to here", () => act.send("goto", { step: at })),
        button("Fork from here", () => act.press("fork")),
        button("Return", () => act.lookAt(null)),
      ),
    );
  }

  /** Open or close one of the small forms. */
  turn(name, context) {
    this.memory.strip = this.memory.strip === name ? null : name;
    this.showSmall(context);
  }

  showSmall(context) {
    const form = {
      until: () => this.until(context),
      fork: () => this.fork(context),
      keys: () => this.keys(),
    }[this.memory.strip];
    this.small.hidden = !form;
    if (!form) return;
    fill(
      this.small,
      form(),
      button("✕", () => this.turn(this.memory.strip), { cls: "gx-close", label: "Close" }),
    );
    this.small.querySelector("input, select")?.focus();
  }

  close() {
    this.memory.strip = null;
    this.small.hidden = true;
  }

  until({ nodes }) {
    const condition = make("input", {
      placeholder: "score > 0.5",
      "aria-label": "Condition",
      class: "gx-mono",
    });
    const node = select("Node", [["", "or a node"], ...nodes.map((name) => [name, name])]);
    const send = () => {
      if (node.value) this.act.send("until", { node: node.value });
      else if (condition.value.trim()) this.act.send("until", { when: condition.value.trim() });
      else return;
      this.close();
    };
    return small(send, make("b", {}, "Run until"), condition, node, button("Run", send, { cls: "gx-yes" }));
  }

  fork({ run, keys }) {
    const step = make("input", {
      type: "number",
      min: 0,
      max: run.steps,
      value: run.at ?? run.steps,
      "aria-label": "Step",
      class: "gx-short",
    });
    const key = select("Key to change", [["", "change nothing"], ...keys.map((name) => [name, name])]);
    const value = make("input", { placeholder: "new value", "aria-label": "New value" });
    const send = () => {
      this.act.send("fork", { step: Number(step.value), key: key.value, text: value.value });
      this.close();
    };
    return small(
      send,
      make("b", {}, "Fork from step"),
      step,
      key,
      value,
      button("Fork", send, { cls: "gx-yes" }),
    );
  }

  keys() {
    return make(
      "dl",
      { class: "gx-keys" },
      ...KEYS.map(([key, what]) =>
        make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)),
      ),
    );
  }
}

function small(send, ...parts) {
  const form = make(
    "form",
    { class: "gx-small", on: { submit: (event) => event.preventDefault() } },
    ...parts,
  );
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    if (!event.shiftKey) send();
  });
  return form;
}

function select(label, options) {
  return make(
    "select",
    { "aria-label": label },
    ...options.map(([value, text]) => make("option", { value }, text)),
  );
}
