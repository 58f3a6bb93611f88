// All about the chosen node: in and out, what it asked and was told, its log, its breakpoint.

import { button, fill, make, write } from "./dom.js";
import { Part } from "./side.js";

/** The chosen node. */
export class Chosen {
  constructor(memory, act) {
    this.memory = memory;
    this.act = act;
    this.part = new Part("gx-node", "Node");
    this.live = make("div", { class: "gx-live", "aria-live": "off" });
    this.root = make("div", {}, this.part.root);
  }

  /** Show a node's detail; `card` says what is drawn of it. */
  show(detail, card, point, stream) {
    const id = this.memory.selected;
    this.part.root.setAttribute("aria-label", id ?? "Node");
    this.part.show([id, detail, card, point, this.memory.open], () =>
      id && card ? this.build(detail, card, point) : null,
    );
    this.stream(stream);
  }

  build(detail, card, point) {
    const parts = [this.head(card, detail)];
    if (!detail) return [...parts, make("span", { class: "gx-dim" }, "…")];
    if (detail.error) parts.push(make("div", { class: "gx-whole gx-error gx-c-failed" }, detail.error));
    this.live = make("div", { class: "gx-live", hidden: true });
    parts.push(
      this.values("In", detail.in, detail.visits === 0 ? "It has not run yet." : "Nothing was read"),
      this.live,
      ...detail.calls.map((call, index) => this.call(call, index)),
      detail.more ? make("span", { class: "gx-dim" }, `${detail.more} earlier calls`) : null,
      detail.visits > 0
        ? this.values("Out", detail.out, detail.took ? "It wrote nothing" : "Nothing yet")
        : null,
      make(
        "div",
        { class: "gx-line" },
        make("span", { class: "gx-who" }, "memories"),
        make("span", { class: "gx-lines" }, detail.memories),
      ),
      detail.log.length > 0
        ? this.fold(
            "Log",
            `${detail.log.length} lines`,
            make("pre", { class: "gx-log" }, detail.log.join("\n")),
            "log",
          )
        : null,
      this.breakForm(card, point),
    );
    return parts;
  }

  head(card, detail) {
    const { act } = this;
    const close = button("✕", () => act.select(null), { cls: "gx-close", label: "Close" });
    const pages =
      detail && detail.visits > 1
        ? make(
            "span",
            { class: "gx-pages" },
            button("‹", () => act.visit(detail.visit - 1), {
              label: "Earlier visit",
              disabled: detail.visit <= 1,
            }),
            `visit ${detail.visit} of ${detail.visits}`,
            button("›", () => act.visit(detail.visit + 1), { label: "Later visit", disabled: detail.latest }),
          )
        : null;
    return make(
      "h4",
      {},
      card.whole,
      make("span", { class: "gx-kind" }, card.kind),
      pages,
      make("span", { class: "gx-dim" }, detail?.took ?? ""),
      close,
    );
  }

  values(title, rows, empty) {
    const cells = rows.flatMap((row) => {
      const key = `${this.memory.selected}:${title}:${row.key}`;
      const open = this.memory.open[key];
      const long = row.text !== row.glance;
      const value = make(
        "span",
        {
          class: `gx-v gx-wide${long ? " gx-more" : ""}`,
          role: long ? "button" : null,
          tabindex: long ? "0" : null,
          "aria-expanded": long ? String(Boolean(open)) : null,
        },
        open ? row.text : row.glance,
      );
      if (open) value.classList.add("gx-opened");
      if (long) {
        const turn = () => this.turn(key);
        value.addEventListener("click", turn);
        value.addEventListener("keydown", (event) => {
          if (event.key === "Enter") turn();
        });
      }
      return [make("span", { class: "gx-mono gx-key-name" }, row.key), value];
    });
    if (cells.length === 0) cells.push(make("span", { class: "gx-dim gx-all" }, empty));
    return make(
      "div",
      { class: "gx-inout" },
      make("h5", {}, title),
      make("div", { class: "gx-kv" }, ...cells),
    );
  }

  turn(key) {
    this.memory.open[key] = !this.memory.open[key];
    this.act.redraw();
  }

  call(call, index) {
    const rows = call.rows.map(([who, text]) => line(who, text));
    if (call.thought) rows.push(line("thought", call.thought, "gx-thought"));
    if (call.error) rows.push(line("failed", call.error, "gx-c-failed gx-error"));
    else if (call.ended) rows.push(line(call.kind === "model" ? "reply" : "result", call.reply, "gx-reply"));
    const item = call.index === null ? "" : ` item ${call.index + 1}`;
    const more = [...call.marks, call.tokens, call.time, call.ended ? "" : "under way"]
      .filter(Boolean)
      .join(" · ");
    const title =
      call.kind === "model" ? "Model call" : `${call.kind[0].toUpperCase()}${call.kind.slice(1)} call`;
    return this.fold(
      `${title}${item}`,
      `${call.name} · ${more}`,
      make("div", { class: "gx-call" }, ...rows),
      `call:${call.slot}:${index}`,
      true,
    );
  }

  fold(title, more, inside, name, open = false) {
    const key = `${this.memory.selected}:${name}`;
    const is = this.memory.open[key] ?? open;
    const details = make(
      "details",
      { open: is },
      make("summary", {}, title, make("span", { class: "gx-dim" }, more)),
      inside,
    );
    details.addEventListener("toggle", () => {
      this.memory.open[key] = details.open;
    });
    return details;
  }

  breakForm(card, point) {
    const { act } = this;
    if (!point) {
      return make(
        "div",
        { class: "gx-act" },
        button([make("span", { class: "gx-dot" }), "Stop here"], () => act.toggleBreak(card.id)),
      );
    }
    const when = make("input", {
      class: "gx-mono",
      "aria-label": "Condition of the breakpoint",
      placeholder: "always, or: score < 0.9",
    });
    when.value = point.when ?? "";
    const after = make(
      "select",
      { "aria-label": "Before or after" },
      make("option", { value: "" }, "before"),
      make("option", { value: "1" }, "after"),
    );
    after.value = point.after ? "1" : "";
    const set = () => act.setBreak(card.id, point, when.value.trim() || null, after.value === "1");
    when.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        if (!event.shiftKey) set();
      }
    });
    after.addEventListener("change", set);
    const remove = button("Remove", () => act.toggleBreak(card.id));
    return make(
      "div",
      { class: "gx-break" },
      make("span", { class: "gx-dot" }),
      after,
      when,
      button("Set", set),
      remove,
    );
  }

  /** What the model is saying right now. */
  stream(stream) {
    this.live.hidden = !stream;
    if (!stream) return;
    if (this.live.childElementCount === 0) {
      this.said = {
        thought: make("div", { class: "gx-thought" }),
        text: make("div", { class: "gx-text" }),
        tools: make("div", { class: "gx-mono" }),
      };
      fill(this.live, make("h5", {}, "Streaming"), ...Object.values(this.said));
    }
    for (const [name, part] of Object.entries(this.said)) write(part, stream[name] ?? "");
  }
}

function line(who, text, cls = "") {
  return make(
    "div",
    { class: `gx-row ${cls}` },
    make("span", { class: "gx-who" }, who),
    make("span", { class: "gx-txt" }, text),
  );
}
