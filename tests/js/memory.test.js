// What a view remembers while the page is open.

import assert from "node:assert/strict";
import test from "node:test";

import { remembered } from "../../genxai_nb/notebook/static/memory.js";

test("a view that is made again finds what the one before it left", () => {
  remembered("store r7").selected = "critic";
  assert.equal(remembered("store r7").selected, "critic");
});

test("runs do not share what is remembered", () => {
  remembered("store r7").selected = "critic";
  assert.equal(remembered("store r8").selected, null);
  assert.equal(remembered("other r7").selected, null);
});
