// Zoom, pan and fit: how a drawing lies in its frame.

const LEAST = 0.08;
const MOST = 2.5;
const LEGIBLE = 0.55;
const MARGIN = 18;

/** The placing that shows a whole drawing, never larger than life. */
export function fitted(drawing, frame) {
  const width = Math.max(frame.width - 2 * MARGIN, 10);
  const height = Math.max(frame.height - 2 * MARGIN, 10);
  const scale = clamp(Math.min(width / drawing.width, height / drawing.height, 1), LEAST, MOST);
  return {
    scale,
    x: (frame.width - drawing.width * scale) / 2,
    y: (frame.height - drawing.height * scale) / 2,
  };
}

/** The placing to begin with: the whole if it can be read, else the start of it. */
export function opening(drawing, frame) {
  const whole = fitted(drawing, frame);
  if (whole.scale >= LEGIBLE) return whole;
  const scale = LEGIBLE;
  const begin = (size, room) => (size * scale <= room - 2 * MARGIN ? (room - size * scale) / 2 : MARGIN);
  return { scale, x: begin(drawing.width, frame.width), y: begin(drawing.height, frame.height) };
}

/** Zoom by a factor, with the point (x, y) of the frame staying where it is. */
export function zoomed(camera, factor, x, y) {
  const scale = clamp(camera.scale * factor, LEAST, MOST);
  const real = scale / camera.scale;
  return { scale, x: x - (x - camera.x) * real, y: y - (y - camera.y) * real };
}

/** Move so that a box [x, y, width, height] of the drawing lies in the middle of the frame. */
export function centred(camera, box, frame) {
  const [x, y, width, height] = box;
  return {
    scale: camera.scale,
    x: frame.width / 2 - (x + width / 2) * camera.scale,
    y: frame.height / 2 - (y + height / 2) * camera.scale,
  };
}

/** Whether a box is wholly in the frame. */
export function inFrame(camera, box, frame) {
  const [x, y, width, height] = box;
  const left = camera.x + x * camera.scale;
  const top = camera.y + y * camera.scale;
  return (
    left >= 0 &&
    top >= 0 &&
    left + width * camera.scale <= frame.width &&
    top + height * camera.scale <= frame.height
  );
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
