// Where a drawing lies in its frame.

import assert from "node:assert/strict";
import test from "node:test";

import { centred, fitted, inFrame, opening, zoomed } from "../../genxai_nb/notebook/static/camera.js";

const FRAME = { width: 800, height: 400 };

test("a small drawing is shown at its size, in the middle", () => {
  assert.deepEqual(fitted({ width: 200, height: 100 }, FRAME), { scale: 1, x: 300, y: 150 });
});

test("a large drawing is made small enough to be seen whole", () => {
  const camera = fitted({ width: 2000, height: 100 }, FRAME);
  assert.ok(camera.x >= 0 && camera.x + 2000 * camera.scale <= FRAME.width);
});

test("a drawing too large to be read begins at its start, legibly", () => {
  const camera = opening({ width: 20000, height: 100 }, FRAME);
  assert.ok(camera.scale > 0.5);
  assert.ok(camera.x > 0 && camera.x < 50);
});

test("zooming leaves the point under the pointer where it is", () => {
  const before = { scale: 1, x: 30, y: 40 };
  const after = zoomed(before, 1.5, 230, 140);
  const at = (camera) => [(230 - camera.x) / camera.scale, (140 - camera.y) / camera.scale];
  assert.deepEqual(at(after).map(Math.round), at(before).map(Math.round));
});

test("zooming ends where nothing could be seen any more", () => {
  let camera = { scale: 1, x: 0, y: 0 };
  for (let count = 0; count < 50; count++) camera = zoomed(camera, 0.5, 0, 0);
  assert.ok(camera.scale > 0.05);
  for (let count = 0; count < 50; count++) camera = zoomed(camera, 2, 0, 0);
  assert.ok(camera.scale < 3);
});

test("a card that is brought into view lies in the middle of the frame", () => {
  const box = [5000, 3000, 168, 78];
  const camera = { scale: 0.8, x: 0, y: 0 };
  assert.equal(inFrame(camera, box, FRAME), false);
  const moved = centred(camera, box, FRAME);
  assert.equal(inFrame(moved, box, FRAME), true);
  assert.equal(moved.x + (5000 + 84) * 0.8, 400);
});
