// The live panel of a chat: a conversation, questions that are answered in place, a line to write in.

import { button, fill, icon, make } from "./dom.js";
import { Bar } from "./head.js";
import { Questions } from "./questions.js";
import { Talk, sends } from "./talk.js";
import { Wire } from "./wire.js";
import { Home } from "./home.js";
import { remembered } from "./memory.js";

const HEARD = ["run", "turns", "last", "earlier", "questions", "hint", "told"];
const TALLEST = 160; // pixels to which the line to write in grows

let chatViews = 0;

/** One view of a chat. */
class ChatView {
  constructor(model, host) {
    this.model = model;
    this.host = host;
    this.onClose = () => {};
    this.id = `c${Date.now().toString(36)}-${++chatViews}`;
    this.memory = remembered(`chat ${model.get("run").graph}`);
    this.wire = new Wire(model, this.id);
    this.bar = new Bar();
    this.talk = new Talk();
    this.questions = new Questions({ send: (what, more) => this.send(what, more) });
    this.banner = make("div", { class: "gx-strip gx-c-failed", role: "alert", hidden: true });
    this.notice = make("div", { class: "gx-strip gx-c-failed", role: "alert", hidden: true });
    this.advice = make("div", { class: "gx-strip gx-c-idle", role: "status", hidden: true });
    this.root = make(
      "section",
      {
        class: "gx-panel gx-chat",
        role: "region",
        tabindex: "-1",
        "aria-label": `Chat with ${model.get("run").graph}`,
        "data-lm-suppress-shortcuts": "true",
      },
      this.bar.root,
      this.banner,
      this.advice,
      this.talk.root,
      this.questions.root,
      this.notice,
      this.composer(),
    );
    this.listen();
    host.append(this.root);
    this.draw();
    this.grow();
  }

  composer() {
    const name = this.model.get("run").graph;
    this.field = make("textarea", { rows: 1, "aria-label": `Message to ${name}`, placeholder: `Message to ${name}` });
    this.field.value = this.memory.drafts.chat ?? "";
    this.field.addEventListener("input", () => {
      this.memory.drafts.chat = this.field.value;
      this.grow();
      this.allow();
    });
    this.field.addEventListener("keydown", (event) => {
      if (!sends(event)) return;
      event.preventDefault();
      this.say();
    });
    this.sendButton = button(["Send ", make("kbd", {}, "⏎")], () => this.say(), { cls: "gx-yes", label: "Send" });
    this.stopButton = button([icon("stop"), " Stop"], () => this.stop(), {
      label: "Stop",
      title: "End the answer; what was said stays",
    });
    return make(
      "form",
      { class: "gx-composer", "aria-label": "Write", on: { submit: (event) => event.preventDefault() } },
      this.field,
      this.sendButton,
      this.stopButton,
    );
  }

  listen() {
    const { model, host } = this;
    this.heard = HEARD.map((name) => [`change:${name}`, () => this.stir()]);
    this.heard.push(["destroy", () => this.close()]);
    for (const [name, hear] of this.heard) model.on(name, hear);
    this.wire.onGone = (gone) => this.gone(gone);
    // Lab listens above us: without this, `d d` in the panel would delete the cell.
    host.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.leave();
      if (event.key === "Enter" && event.shiftKey && !event.target.matches("textarea")) event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Draw anew, at most once a frame. */
  stir() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (!this.closed) this.draw();
    });
  }

  draw() {
    const get = (name) => this.model.get(name);
    const run = get("run");
    this.bar.show(run);
    const last = get("last");
    this.talk.show(run.graph, last.run ? [...get("turns"), last] : get("turns"), get("earlier"));
    this.questions.show(get("questions"));
    this.advice.hidden = !get("hint");
    fill(this.advice, make("span", {}, get("hint")));
    this.hear(get("told"));
    this.allow();
  }

  /** Something that was sent could not be done: say why, and give the text back. */
  hear(told) {
    if (told?.view !== this.id || told.id === this.toldOf) return;
    this.toldOf = told.id;
    this.tell(told.text, told.hint);
    this.questions.reopen();
    if (this.sent && !this.field.value) this.write(this.sent);
  }

  tell(text, hint = "") {
    this.notice.hidden = !text;
    fill(this.notice, make("b", {}, text), make("span", {}, hint));
  }

  gone(gone) {
    this.banner.hidden = !gone;
    fill(
      this.banner,
      make("b", {}, "Kernel gone. What was said is saved: run this cell again."),
      make("span", { class: "gx-dim" }, "If another cell is running, it answers when that cell ends."),
    );
    this.root.classList.toggle("gx-gone", gone);
    if (gone) this.questions.reopen();
  }

  // ── what is pressed ────────────────────────────────────────────────────────────────────────────

  send(what, more) {
    this.tell("");
    return this.wire.send(what, more);
  }

  say() {
    const text = this.field.value;
    if (!text.trim() || !this.model.get("run").can.say) return;
    this.sent = text;
    this.write("");
    this.send("say", { text });
    this.field.focus();
  }

  stop() {
    this.send("stop");
    this.field.focus();
  }

  write(text) {
    this.field.value = text;
    this.memory.drafts.chat = text;
    this.grow();
    this.allow();
  }

  allow() {
    const { can } = this.model.get("run");
    this.sendButton.disabled = !can.say || !this.field.value.trim();
    this.stopButton.hidden = !can.stop;
    this.sendButton.hidden = can.stop;
  }

  /** Let the line to write in be as tall as what is in it. */
  grow() {
    this.field.style.height = "auto";
    const tall = this.field.scrollHeight + 2;
    if (this.field.value) this.field.style.height = `${Math.min(tall, TALLEST)}px`;
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
    for (const [name, hear] of this.heard) this.model.off(name, hear);
    this.wire.close();
    this.host.remove();
    this.onClose();
  }
}

function renderChat({ model, el }) {
  const host = make("div");
  el.append(host);
  const view = new ChatView(model, host);
  const home = new Home(view, el);
  return () => {
    if (!home.stays()) view.close();
  };
}

export default { render: renderChat };
