// Messages and their acknowledgements.

import assert from "node:assert/strict";
import test from "node:test";

import { Wire } from "../../genxai_nb/notebook/static/wire.js";

/** A model as a front end gives it: traits, messages, and a kernel that answers or not. */
class Model {
  constructor() {
    this.traits = { run: { stands: 4 }, acks: {} };
    this.sent = [];
    this.listeners = new Map();
  }

  get(name) {
    return this.traits[name];
  }

  on(event, act) {
    this.listeners.set(event, act);
  }

  off(event) {
    this.listeners.delete(event);
  }

  send(message) {
    if (this.cut) throw new Error("no line");
    this.sent.push(message);
  }

  answer(view, id) {
    this.traits.acks = { [view]: id };
    this.listeners.get("change:acks")();
  }
}

function wired(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const model = new Model();
  const wire = new Wire(model, "v1");
  const told = [];
  wire.onGone = (gone) => told.push(gone);
  return { model, wire, told, pass: (time) => t.mock.timers.tick(time) };
}

test("a message carries what is done, its number, its view and the stand it was pressed at", (t) => {
  const { model, wire } = wired(t);
  wire.send("next");
  wire.send("set", { key: "n", text: "1" });
  assert.deepEqual(model.sent, [
    { do: "next", id: 1, view: "v1", stands: 4 },
    { key: "n", text: "1", do: "set", id: 2, view: "v1", stands: 4 },
  ]);
});

test("a message that is answered in time tells of nothing", (t) => {
  const { model, wire, told, pass } = wired(t);
  wire.send("next");
  model.answer("v1", 1);
  pass(5000);
  assert.deepEqual(told, []);
  assert.equal(model.sent.length, 1);
});

test("a message without an answer is sent once more, and then the kernel counts as gone", (t) => {
  const { model, wire, told, pass } = wired(t);
  wire.send("next");
  pass(600);
  assert.deepEqual(
    model.sent.map((message) => message.id),
    [1, 1],
  );
  assert.deepEqual(told, []);
  pass(1000);
  assert.deepEqual(told, [true]);
});

test("an answer that comes late brings the kernel back", (t) => {
  const { model, wire, told, pass } = wired(t);
  wire.send("next");
  pass(2000);
  model.answer("v1", 1);
  assert.deepEqual(told, [true, false]);
});

test("answers to another window do not count", (t) => {
  const { model, wire, told, pass } = wired(t);
  wire.send("next");
  model.answer("v2", 1);
  pass(2000);
  assert.deepEqual(told, [true]);
});

test("a line that cannot be written to is gone at once", (t) => {
  const { model, wire, told } = wired(t);
  model.cut = true;
  wire.send("next");
  assert.deepEqual(told, [true]);
});

test("when the front end says that the line was cut, the kernel is asked", (t) => {
  const { model, told, pass } = wired(t);
  model.listeners.get("comm_live_update")();
  assert.equal(model.sent[0].do, "ping");
  pass(1100);
  assert.deepEqual(told, [true]);
});

test("a closed wire listens no more and tells nothing", (t) => {
  const { model, wire, told, pass } = wired(t);
  wire.send("next");
  wire.close();
  pass(5000);
  assert.deepEqual(told, []);
  assert.equal(model.listeners.size, 0);
});
