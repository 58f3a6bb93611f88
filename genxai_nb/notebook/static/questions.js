// What people are asked: buttons for choices, a field for a text, a form for a schema.

import { button, icon, make } from "./dom.js";

/** What a person is asked, answered in place. */
export class Questions {
  constructor(act) {
    this.act = act;
    this.root = make("div", { class: "gx-questions" });
    this.forms = new Map();
  }

  show(questions) {
    const open = new Set(questions.map((question) => question.slot));
    for (const [slot, form] of this.forms) {
      if (!open.has(slot)) {
        form.remove();
        this.forms.delete(slot);
      }
    }
    for (const question of questions) {
      if (this.forms.has(question.slot)) continue;
      const form = this.form(question);
      this.forms.set(question.slot, form);
      this.root.append(form);
    }
  }

  form(question) {
    const answer = (value) => {
      for (const part of form.elements) part.disabled = true;
      this.act.send("answer", { slot: question.slot, value });
    };
    const asked = make("div", { class: "gx-q" }, icon("waiting"), make("span", {}, question.prompt));
    const form = make(
      "form",
      { class: "gx-form", "aria-label": question.prompt, on: { submit: (event) => event.preventDefault() } },
      asked,
    );
    if (question.choices.length > 0) {
      question.choices.forEach((choice, index) => {
        form.append(button(choice, () => answer(choice), { cls: index === 0 ? "gx-yes" : "" }));
      });
      return form;
    }
    const filled = question.fields.length > 0 ? this.fill(form, question) : this.write(form, question);
    const send = () => {
      const value = filled();
      if (value !== null) answer(value);
    };
    form.append(button(["Send ", make("kbd", {}, "Ctrl ⏎")], send, { cls: "gx-yes" }));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
      const sends = event.ctrlKey || event.metaKey;
      if (sends) send();
      if (sends || event.shiftKey || event.target.tagName !== "TEXTAREA") event.preventDefault();
    });
    return form;
  }

  /** One field for any text; gives what reads it. */
  write(form, question) {
    const field = make("textarea", { rows: 1, "aria-label": question.prompt, placeholder: "Your answer" });
    form.append(field);
    return () => field.value;
  }

  /** A field for each of a schema; gives what reads them all, or null and points at what is amiss. */
  fill(form, question) {
    const inputs = question.fields.map((field) => [field, entryOf(field)]);
    const rows = inputs.map(([field, input]) =>
      make(
        "label",
        { class: `gx-field gx-of-${field.kind}` },
        make("span", { class: "gx-mono" }, field.name, field.required ? null : make("i", {}, " optional")),
        input,
        field.note ? make("span", { class: "gx-dim" }, field.note) : null,
      ),
    );
    form.classList.add("gx-fields");
    form.append(...rows);
    return () => {
      if (!form.reportValidity()) return null;
      return Object.fromEntries(
        inputs.map(([field, input]) => [field.name, input.type === "checkbox" ? input.checked : input.value]),
      );
    };
  }

  /** Let the forms be filled in again: the last answer did not arrive. */
  reopen() {
    for (const form of this.forms.values()) {
      for (const part of form.elements) part.disabled = false;
    }
  }
}

/** The input of a field, with what stands in it at first. */
function entryOf(field) {
  const about = { name: field.name, required: field.required };
  if (field.kind === "boolean") return make("input", { type: "checkbox", checked: field.begin === true });
  if (field.kind === "choice") {
    const none = field.begin === null ? [""] : [];
    const options = [...none, ...field.options].map((text) =>
      make("option", { value: text, selected: text === field.begin }, text),
    );
    return make("select", about, ...options);
  }
  const number = { integer: "1", number: "any" }[field.kind];
  const input = number
    ? make("input", { ...about, type: "number", step: number })
    : make("textarea", {
        name: field.name,
        required: field.required && field.kind === "value",
        rows: field.kind === "value" ? 2 : 1,
        class: field.kind === "value" ? "gx-mono" : "",
        placeholder: field.kind === "value" ? "JSON" : null,
      });
  input.value = field.begin ?? "";
  return input;
}
