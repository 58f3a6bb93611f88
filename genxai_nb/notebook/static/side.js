// The side of the panel: state, the call that waits, what was edited, what failed, where it stops.

import { button, fill, make } from "./dom.js";

/** A part of the side that is written anew when its data change, but not while somebody types in it. */
export class Part {
  constructor(cls, label) {
    this.root = make("section", { class: `gx-sec ${cls}`, "aria-label": label, hidden: true });
    this.seen = "";
  }

  /** Draw with `build(data)`, which returns children or null for nothing to show. */
  show(data, build, { force = false } = {}) {
    const seen = JSON.stringify(data);
    const typing =
      this.root.contains(document.activeElement) && document.activeElement.matches("textarea, input, select");
    if (!force && (seen === this.seen || typing)) return;
    this.seen = seen;
    const children = build(data);
    this.root.hidden = children === null;
    if (children !== null) fill(this.root, ...children);
  }
}

export function heading(text, more = "") {
  return make("h4", {}, text, more ? make("span", { class: "gx-dim" }, more) : null);
}

/** A box for text that is edited: Save by the button or Ctrl+Enter. */
export function editor({ text, label, save, cancel, word = "Save", rows = 3, mono = false, draft }) {
  const area = make("textarea", {
    rows,
    "aria-label": label,
    class: mono ? "gx-mono" : "",
    on: { input: () => draft?.(area.value) },
  });
  area.value = text;
  const keep = () => save(area.value);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      keep();
    } else if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      cancel();
    }
  });
  return make(
    "div",
    { class: "gx-editor" },
    area,
    make(
      "div",
      { class: "gx-act" },
      button([word, " ", make("kbd", {}, "Ctrl ⏎")], keep, { cls: "gx-yes" }),
      button("Cancel", cancel),
    ),
  );
}

/** The state, with what the last step changed. */
export class State {
  constructor(memory, act) {
    this.memory = memory;
    this.act = act;
    this.part = new Part("gx-state", "State");
    this.root = this.part.root;
  }

  show(state, canEdit) {
    this.last = [state, canEdit];
    this.draw();
  }

  draw(force = false) {
    const [state, canEdit] = this.last;
    this.part.show({ state, canEdit, editing: this.memory.editing }, () => this.rows(state, canEdit), {
      force,
    });
  }

  rows(state, canEdit) {
    const rows = state.rows.flatMap((row) => this.row(row, canEdit));
    const empty = rows.length === 0 ? [make("span", { class: "gx-dim" }, "Nothing yet")] : [];
    return [heading("State", state.title), make("div", { class: "gx-kv" }, ...rows, ...empty), watched(state)];
  }

  row(row, canEdit) {
    const { memory } = this;
    const open = memory.open[`state:${row.key}`];
    const long = row.text !== row.glance;
    const value = make("span", { class: "gx-v", title: long ? "Click to see all of it" : null }, row.glance);
    if (long) {
      value.classList.add("gx-more");
      value.setAttribute("role", "button");
      value.setAttribute("tabindex", "0");
      value.setAttribute("aria-expanded", String(Boolean(open)));
      const turn = () => this.turn(`state:${row.key}`);
      value.addEventListener("click", turn);
      value.addEventListener("keydown", (event) => {
        if (event.key === "Enter") turn();
      });
    }
    const change = row.change ? make("span", { class: "gx-chg" }, row.change) : null;
    const may = canEdit && row.edit !== null;
    const edit = may
      ? button("edit", () => this.edit(row), { cls: "gx-edit", label: `Edit ${row.key}` })
      : null;
    const end = make("span", { class: "gx-end" }, change, edit);
    const parts = [make("span", { class: "gx-mono gx-key-name" }, row.key), value, end];
    if (memory.editing === row.key && may) parts.push(this.form(row));
    else if (open && long) parts.push(make("div", { class: "gx-whole" }, row.text));
    return parts;
  }

  turn(key) {
    this.memory.open[key] = !this.memory.open[key];
    this.draw(true);
  }

  edit(row) {
    this.memory.editing = row.key;
    this.draw(true);
    this.root.querySelector("textarea")?.focus();
  }

  form(row) {
    const { memory } = this;
    const done = () => {
      memory.editing = null;
      delete memory.drafts[row.key];
      this.draw(true);
    };
    const text = memory.drafts[row.key] ?? row.edit;
    return editor({
      text,
      label: `New value of ${row.key}`,
      mono: !row.plain,
      rows: Math.min(8, Math.max(2, text.split("\n").length)),
      draft: (value) => {
        memory.drafts[row.key] = value;
      },
      save: (value) => {
        done();
        this.act.send("set", { key: row.key, text: value, plain: row.plain });
      },
      cancel: done,
    });
  }
}

/** The watched expressions with their values. */
function watched({ watches }) {
  if (!watches?.length) return null;
  const rows = watches.flatMap(([text, value]) => [
    make("span", { class: "gx-mono gx-key-name", title: text }, text),
    make("span", { class: "gx-v gx-wide", title: value }, value),
  ]);
  return make("div", { class: "gx-watch" }, make("h5", {}, "Watched"), make("div", { class: "gx-kv" }, ...rows));
}

/** The calls that wait to be made, and what to do with them. */
export class Pending {
  constructor(memory, act) {
    this.memory = memory;
    this.act = act;
    this.part = new Part("gx-pending", "Pending call");
    this.root = this.part.root;
    this.open = null; // [slot, form]
    this.calls = [];
  }

  show(calls) {
    this.calls = calls;
    if (this.open && !calls.some((call) => call.slot === this.open[0])) this.open = null;
    this.draw(!this.open);
  }

  draw(force) {
    this.part.show(
      [this.calls, this.open],
      () => (this.calls.length === 0 ? null : this.calls.flatMap((call) => this.call(call))),
      { force },
    );
  }

  call(call) {
    const rows = call.rows.map(([who, text]) =>
      make(
        "div",
        { class: "gx-row" },
        make("span", { class: "gx-who" }, who),
        make("span", { class: "gx-txt" }, text),
      ),
    );
    const box = make(
      "div",
      { class: "gx-call", tabindex: "0", "aria-label": `Call of ${call.name}` },
      ...rows,
    );
    const [slot, form] = this.open ?? [];
    const head = heading(
      call.kind === "model" ? "Pending call" : `Pending ${call.kind} call`,
      `${call.name} · ${call.place}`,
    );
    return [head, box, slot === call.slot ? this.form(call, form) : this.buttons(call)];
  }

  buttons(call) {
    const { act } = this;
    const slot = call.slot;
    return make(
      "div",
      { class: "gx-act" },
      call.edit ? button(`Edit ${call.edit}`, () => this.turn(slot, "edit")) : null,
      button("Answer by hand", () => this.turn(slot, "answer")),
      button("Skip", () => act.send("skip", { slot })),
      button("Raise…", () => this.turn(slot, "raise")),
    );
  }

  turn(slot, form) {
    this.open = form ? [slot, form] : null;
    this.draw(true);
    this.root.querySelector("textarea")?.focus();
  }

  form(call, what) {
    const slot = call.slot;
    const texts = { edit: call.text, answer: "", raise: "" };
    const labels = { edit: `New ${call.edit}`, answer: "Answer in its place", raise: "What went wrong" };
    const words = { edit: "Use this", answer: "Answer", raise: "Raise" };
    return editor({
      text: texts[what],
      label: labels[what],
      word: words[what],
      mono: what === "edit" && call.edit === "arguments",
      rows: what === "edit" ? 5 : 3,
      save: (text) => {
        this.turn(slot, null);
        this.act.send({ edit: "edit", answer: "answer_call", raise: "raise" }[what], { slot, text });
      },
      cancel: () => this.turn(slot, null),
    });
  }
}

/** What was defined anew since the run began, line by line. */
export class Edits {
  constructor() {
    this.part = new Part("gx-edits", "Edited since this run began");
    this.root = this.part.root;
  }

  show(edits) {
    this.part.show(edits, () => {
      if (edits.length === 0) return null;
      return edits.flatMap((edit) => [
        heading("Edited since this run began", edit.where),
        make(
          "div",
          { class: "gx-diff" },
          ...edit.lines.map(([sign, text]) =>
            make(
              "div",
              { class: { "-": "gx-del", "+": "gx-add" }[sign] ?? "gx-same" },
              `${sign === "-" ? "−" : sign} ${text}`,
            ),
          ),
        ),
        make("div", { class: "gx-dim gx-after" }, edit.note),
      ]);
    });
  }
}

/** The node that failed, with its locals. */
export class Failure {
  constructor() {
    this.part = new Part("gx-failure gx-c-failed", "Failure");
    this.root = this.part.root;
  }

  show(failure) {
    this.part.show(failure, () => {
      if (!failure?.text) return null;
      const locals = failure.locals.flatMap(([name, value]) => [
        make("span", { class: "gx-mono gx-key-name" }, name),
        make("span", { class: "gx-v gx-wide" }, value),
      ]);
      return [
        heading("Failed", failure.place),
        make("div", { class: "gx-whole gx-error" }, failure.text),
        locals.length > 0 ? make("div", { class: "gx-kv gx-locals" }, ...locals) : null,
      ];
    });
  }
}

/** Two heads beside each other. */
export class Compare {
  constructor(act) {
    this.act = act;
    this.part = new Part("gx-compare", "Comparison");
    this.root = this.part.root;
  }

  show(compare) {
    this.part.show(compare, () => {
      if (!compare?.tables) return null;
      const close = button("✕", () => this.act.send("compare", { other: null }), {
        cls: "gx-close",
        label: "Close",
      });
      const tables = compare.tables.flatMap((table) => [
        make("h5", {}, table.title),
        make(
          "div",
          { class: "gx-scroll" },
          make(
            "table",
            {},
            make(
              "thead",
              {},
              make("tr", {}, ...table.columns.map((name) => make("th", { scope: "col" }, name))),
            ),
            make(
              "tbody",
              {},
              ...table.rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell)))),
            ),
          ),
        ),
      ]);
      return [make("h4", {}, compare.title, close), ...tables];
    });
  }
}
