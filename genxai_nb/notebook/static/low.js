// The lower part: when what ran, any step of it, and the lines of history.

import { button, draw, fill, iconPath, make, write } from "./dom.js";

const ROW = 27;
const RAIL = 150;

/** The timeline and the slider over steps. */
export class Timeline {
  constructor(act) {
    this.act = act;
    this.lanes = make("div", { class: "gx-lanes" });
    this.hint = make("span", { class: "gx-dim" }, "thick foot: critical path");
    this.step = make("span");
    this.slider = make("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Step" });
    this.of = make("span", { class: "gx-r" });
    this.slider.addEventListener("input", () => act.lookAt(Number(this.slider.value)));
    this.root = make(
      "section",
      { class: "gx-time", "aria-label": "Timeline" },
      make("h4", {}, "Timeline", this.hint),
      this.lanes,
      make("div", { class: "gx-scrub" }, this.step, this.slider, this.of),
    );
  }

  show(timeline) {
    const seen = JSON.stringify(timeline);
    if (seen === this.seen) return;
    this.seen = seen;
    const cells = timeline.lanes.flatMap((lane) => {
      const spans = lane.spans.map(([left, width, status, critical, visit]) => {
        const span = make("span", {
          class: `gx-c-${status}${critical ? " gx-crit" : ""}${status === "paused" ? " gx-open" : ""}`,
          title: `${lane.name}, visit ${visit}`,
        });
        span.style.left = `${left}%`;
        span.style.width = `${width}%`;
        return span;
      });
      const name = button(lane.name, () => this.act.select(lane.id), {
        cls: "gx-lane-name",
        title: lane.name,
      });
      return [
        name,
        make("div", { class: "gx-lane" }, ...spans),
        make("span", { class: "gx-r gx-dim" }, lane.time),
      ];
    });
    const axis =
      timeline.axis.length > 0
        ? [make("div", { class: "gx-axis" }, ...timeline.axis.map((tick) => make("span", {}, tick)))]
        : [];
    fill(this.lanes, ...cells, ...axis);
    const left = [
      timeline.earlier ? `${timeline.earlier} earlier visits not shown` : "",
      timeline.more ? `${timeline.more} nodes not shown` : "",
    ].filter(Boolean);
    write(this.hint, left.join(" · ") || "thick foot: critical path");
  }

  showStep(run) {
    const at = run.at ?? run.steps;
    this.slider.max = String(run.steps);
    if (document.activeElement !== this.slider || run.at === null) this.slider.value = String(at);
    this.slider.disabled = run.steps === 0;
    this.slider.style.setProperty("--gx-part", run.steps ? `${(at / run.steps) * 100}%` : "0%");
    write(this.step, `step ${at}`);
    write(this.of, `of ${run.steps}`);
  }
}

/** Heads and forks as a tree of lines. */
export class Tree {
  constructor(act) {
    this.act = act;
    this.rails = draw("svg", { "aria-hidden": "true", class: "gx-rails" });
    this.list = make("ul", { class: "gx-heads" });
    this.root = make(
      "section",
      { class: "gx-tree", "aria-label": "Runs" },
      make("h4", {}, "Runs", make("span", { class: "gx-dim" }, "click one to compare")),
      make("div", { class: "gx-forest" }, this.rails, this.list),
    );
  }

  show(tree) {
    const seen = JSON.stringify(tree);
    if (seen === this.seen) return;
    this.seen = seen;
    const most = Math.max(1, ...tree.map((head) => head.steps));
    const at = (step) => 8 + (Math.min(step, most) / most) * (RAIL - 20);
    const rows = new Map(tree.map((head, index) => [head.id, index]));
    const lines = [];
    const dots = [];
    tree.forEach((head, index) => {
      const y = index * ROW + 15;
      const parent = rows.get(head.parent);
      const x = parent === undefined ? 8 : at(head.from);
      const from = parent === undefined ? null : parent * ROW + 15;
      const bend =
        from === null ? `M${x} ${y}` : `M${x} ${from}C${x + 10} ${from} ${x - 2} ${y} ${x + 12} ${y}`;
      lines.push(`${bend}H${RAIL}`);
      dots.push(draw("circle", { cx: x, cy: from ?? y, r: 3.5 }));
    });
    this.rails.setAttribute("viewBox", `0 0 ${RAIL + 4} ${tree.length * ROW + 4}`);
    this.rails.setAttribute("width", RAIL + 4);
    this.rails.setAttribute("height", tree.length * ROW + 4);
    fill(this.rails, draw("path", { d: lines.join("") }), ...dots);
    fill(this.list, ...tree.map((head) => this.row(head)));
  }

  row(head) {
    const shape = draw(
      "svg",
      {
        viewBox: "0 0 12 12",
        class: `gx-icon gx-i-${head.status} gx-c-${head.status}`,
        "aria-hidden": "true",
      },
      draw("path", { d: iconPath(head.status), class: "gx-ico" }),
    );
    const name = make(head.here ? "b" : "span", {}, head.name);
    const row = [shape, name, make("span", { class: "gx-dim" }, head.words)];
    const press = () => this.act.send("compare", { other: head.id });
    return make(
      "li",
      {},
      head.here
        ? make("span", { class: "gx-head" }, ...row)
        : make(
            "button",
            { type: "button", class: "gx-head", title: `Compare with ${head.name}`, on: { click: press } },
            ...row,
          ),
    );
  }
}

/** Where the run is kept, whether the kernel answers, and how to do it without a widget. */
export class Foot {
  constructor() {
    this.store = make("span");
    this.kernel = make("span", { role: "status" });
    this.verb = make("span", {}, "Without a widget: ", make("code", {}, "%genxai next"));
    this.root = make("footer", { class: "gx-foot" }, this.store, this.kernel, this.verb);
    this.gone(false);
  }

  show(run) {
    write(this.store, run.store);
  }

  gone(is) {
    write(this.kernel, is ? "Kernel does not answer" : "Kernel connected");
  }
}
