// What a conversation decides without a page: which key sends, what a call shows at a glance, what stays in place.

import assert from "node:assert/strict";
import test from "node:test";

import { footOf, glanceOf, sameShape, sends } from "../../genxai_nb/notebook/static/talk.js";

test("Enter sends; with Shift, or while an input method composes, it does not", () => {
  assert.equal(sends({ key: "Enter", shiftKey: false, isComposing: false }), true);
  assert.equal(sends({ key: "Enter", shiftKey: true, isComposing: false }), false);
  assert.equal(sends({ key: "Enter", shiftKey: false, isComposing: true }), false);
  assert.equal(sends({ key: "a", shiftKey: false, isComposing: false }), false);
});

test("a call's arguments are one line, cut to a glance", () => {
  assert.equal(
    glanceOf([
      ["bell", "front\ndoor"],
      ["times", "2"],
    ]),
    "bell=front door, times=2",
  );
  assert.equal(glanceOf([["text", "x".repeat(300)]]), `text=${"x".repeat(95)}…`);
  assert.equal(glanceOf([]), "");
});

test("an answered turn says its figures alone, any other one how it stands", () => {
  assert.equal(footOf({ icon: "done", words: "Answered", sums: "12 tokens" }), "12 tokens");
  assert.equal(footOf({ icon: "done", words: "Answered", sums: "" }), "");
  assert.equal(footOf({ icon: "paused", words: "Stopped", sums: "12 tokens" }), "Stopped · 12 tokens");
  assert.equal(footOf({ icon: "running", words: "Answering", sums: "" }), "Answering");
});

test("parts stay in place while more come behind them, so that what is unfolded stays so", () => {
  const text = { kind: "text", text: "Half" };
  const ring = { kind: "tool", name: "ring" };
  assert.equal(sameShape([], [text]), true);
  assert.equal(sameShape([text], [{ ...text, text: "Half of it" }, ring]), true);
  assert.equal(sameShape([text, ring], [text]), false);
  assert.equal(sameShape([ring], [text]), false);
  assert.equal(sameShape([ring], [{ ...ring, name: "knock" }]), false);
});
