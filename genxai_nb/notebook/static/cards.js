// One card, one way: made once, then only what has changed is written.

import { draw, iconPath, write } from "./dom.js";

const PAD = 14;
const STATUS_WORDS = {
  idle: "Not reached",
  running: "Running",
  done: "Done",
  paused: "Paused",
  waiting: "Waits for you",
  failed: "Failed",
};

/** A node's card. */
export class Card {
  constructor(card, brief, act) {
    this.id = card.id;
    this.card = card;
    this.key = null;
    const [x, y, width, height] = card.box;
    this.width = width;
    const group = draw("g", {
      class: "gx-n",
      "data-st": "idle",
      "data-node": card.id,
      transform: `translate(${x} ${y})`,
      tabindex: "0",
      role: "button",
    });
    this.group = group;
    this.title = draw("title");
    this.icon = draw("path", { class: "gx-ico", d: iconPath("idle") });
    this.words = draw("text", { class: "gx-sl" });
    this.facts = [];
    group.append(
      this.title,
      draw("rect", { class: "gx-card", width, height, rx: 8 }),
      draw("rect", { class: "gx-ring", x: -4, y: -4, width: width + 8, height: height + 8, rx: 11 }),
    );
    if (brief) this.drawBrief(height);
    else this.drawFull(width, card.open);
    this.drawBreakpoint(act);
    if (card.inner) this.drawFold(width, height, act);
    this.badge = null;
    group.addEventListener("click", () => act.select(card.id));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        act.select(card.id);
      }
    });
  }

  drawFull(width, open) {
    const { card } = this;
    const name = draw("text", { class: "gx-t", x: PAD, y: 23 }, card.name);
    this.group.append(name);
    if (open) return; // a frame says its name; its inner cards say the rest
    const kind = draw("text", { class: "gx-k", x: width - PAD, y: 23, "text-anchor": "end" }, card.kind);
    this.group.append(kind);
    this.place(this.icon, PAD, 32.5);
    this.words.setAttribute("x", PAD + 17);
    this.words.setAttribute("y", 42.5);
    this.group.append(this.icon, this.words);
    for (const [at, anchor] of [
      [PAD, "start"],
      [width * 0.54, "middle"],
      [width - PAD, "end"],
    ]) {
      const fact = draw("text", { class: "gx-m", x: at, y: 64, "text-anchor": anchor });
      this.facts.push(fact);
      this.group.append(fact);
    }
  }

  drawBrief(height) {
    this.place(this.icon, PAD - 4, height / 2 - 6);
    this.group.append(
      this.icon,
      draw("text", { class: "gx-t", x: PAD + 14, y: height / 2 + 4.5 }, this.card.name),
    );
  }

  place(element, x, y) {
    element.setAttribute("transform", `translate(${x} ${y})`);
  }

  drawBreakpoint(act) {
    const dot = draw("circle", { class: "gx-bp", r: 7 });
    this.dotTitle = draw("title");
    dot.append(this.dotTitle);
    dot.addEventListener("click", (event) => {
      event.stopPropagation();
      act.toggleBreak(this.id);
    });
    this.dot = dot;
    this.group.append(dot);
  }

  drawFold(width, height, act) {
    const { card } = this;
    const x = card.open ? width - PAD - 64 : width / 2;
    const text = card.open ? "− fold" : `+ ${card.inner} ${card.inner === 1 ? "node" : "nodes"}`;
    const y = card.open ? 23 : height;
    const fold = draw("g", {
      class: "gx-fold",
      role: "button",
      tabindex: "0",
      "aria-label": card.open ? `Fold ${card.whole}` : `Show the nodes of ${card.whole}`,
    });
    fold.append(
      draw("rect", { x: x - 38, y: y - (card.open ? 14 : 10), width: 76, height: 20, rx: 10 }),
      draw("text", { x, y: y + (card.open ? 0 : 4), "text-anchor": "middle" }, text),
    );
    const turn = (event) => {
      event.stopPropagation();
      act.fold(this.id, !card.open);
    };
    fold.addEventListener("click", turn);
    fold.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        turn(event);
      }
    });
    this.group.append(fold);
  }

  /** Show [status, words, facts, badge]; tells whether anything changed. */
  mark(entry) {
    const [status, words, facts, badge] = entry;
    const key = `${status}\u0000${words}\u0000${facts.join("\u0000")}\u0000${badge}`;
    if (key === this.key) return false;
    this.key = key;
    if (this.status !== status) {
      this.status = status;
      this.group.setAttribute("data-st", status);
      this.icon.setAttribute("d", iconPath(status));
    }
    write(this.words, words);
    this.facts.forEach((fact, index) => write(fact, facts[index] ?? ""));
    const said = [this.card.whole, this.card.kind, words || STATUS_WORDS[status], badge]
      .filter(Boolean)
      .join(", ");
    this.group.setAttribute("aria-label", said);
    write(this.title, said);
    this.remark(badge);
    return true;
  }

  remark(badge) {
    if (!badge) {
      this.badge?.remove();
      this.badge = null;
      return;
    }
    if (!this.badge) {
      this.badge = draw(
        "g",
        { class: "gx-badge" },
        draw("rect", { width: 58, height: 20, rx: 10, x: this.width - 70, y: -15 }),
        draw("text", { x: this.width - 41, y: -1.2, "text-anchor": "middle" }),
      );
      this.group.append(this.badge);
    }
    write(this.badge.lastChild, badge);
  }

  /** Show whether the run stops here, and when. */
  markBreak(point) {
    this.dot.classList.toggle("gx-on", Boolean(point));
    const when = point?.when ? `: ${point.when}` : "";
    write(
      this.dotTitle,
      point ? `Breakpoint ${point.id}${point.after ? " after" : ""}${when}` : "Click to stop here",
    );
  }
}

/** An arrow between two cards. */
export class Way {
  constructor(way) {
    this.way = way;
    this.key = null;
    const group = draw("g", { class: way.loop ? "gx-e gx-loop" : "gx-e", "data-way": way.id });
    group.append(
      draw("path", { d: wayPath(way.points) }),
      draw("polygon", { points: headPoints(way.points, way.tip) }),
    );
    this.group = group;
    this.label = null;
  }

  /** Show [taken, label, width]. */
  mark(entry) {
    const [taken, text, width] = entry;
    const key = `${taken}\u0000${text}`;
    if (key === this.key) return;
    this.key = key;
    this.group.classList.toggle("gx-took", taken > 0);
    if (!this.way.label || !text) return;
    const [x, y] = this.way.label;
    if (!this.label) {
      this.label = draw(
        "g",
        { class: "gx-l" },
        draw("rect", { height: 18, rx: 4, y: y - 9 }),
        draw("text", { x, y: y + 3.9, "text-anchor": "middle" }),
      );
      this.group.append(this.label);
    }
    this.label.firstChild.setAttribute("x", x - width / 2);
    this.label.firstChild.setAttribute("width", width);
    write(this.label.lastChild, text);
  }
}

/** A START or END circle. */
export function capOf(card) {
  const [x, y, width, height] = card.box;
  const middle = { x: x + width / 2, y: y + height / 2 };
  return draw(
    "g",
    { class: "gx-cap" },
    draw("circle", { cx: middle.x, cy: middle.y, r: width / 2 - 1 }),
    draw("text", { x: middle.x, y: middle.y + 3.5, "text-anchor": "middle" }, card.name),
  );
}

/** The path of a way: a start, then three points for each curve. */
export function wayPath(points) {
  const parts = [`M${points[0]} ${points[1]}`];
  for (let at = 2; at + 5 < points.length; at += 6) parts.push(`C${points.slice(at, at + 6).join(" ")}`);
  return parts.join("");
}

/** The corners of a triangle from a way's end to its tip. */
export function headPoints(points, [x1, y1]) {
  const [x0, y0] = points.slice(-2);
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const dx = ((y1 - y0) / length) * 4.5;
  const dy = ((x0 - x1) / length) * 4.5;
  return [
    [x1, y1],
    [x0 + dx, y0 + dy],
    [x0 - dx, y0 - dy],
  ]
    .map((point) => point.map((value) => value.toFixed(1)).join(","))
    .join(" ");
}
