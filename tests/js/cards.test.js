// Ways as paths and arrow heads.

import assert from "node:assert/strict";
import test from "node:test";

import { headPoints, wayPath } from "../../genxai_nb/notebook/static/cards.js";

test("a way is a start and a curve for each three points after it", () => {
  assert.equal(wayPath([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), "M0 0C1 2 3 4 5 6C7 8 9 10 11 12");
});

test("a head is a triangle at the tip, across the way", () => {
  assert.equal(headPoints([0, 0, 3, 0, 6, 0, 9, 0], [18, 0]), "18.0,0.0 9.0,-4.5 9.0,4.5");
});

test("a head has a place even where the way ends at its tip", () => {
  assert.doesNotMatch(headPoints([5, 5], [5, 5]), /NaN/);
});
