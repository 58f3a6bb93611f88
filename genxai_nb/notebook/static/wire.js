// Messages to the kernel, each acknowledged; and what to believe when none is.

const PATIENCE = 1500; // milliseconds until the kernel counts as gone
const BRIEFLY = 1000;
const AGAIN = 500; // until a message is sent once more: the first one after a page has opened can get lost

/** Sends what was pressed, with the stand of the run at which it was. */
export class Wire {
  constructor(model, view, { patience = PATIENCE, again = AGAIN } = {}) {
    this.model = model;
    this.view = view;
    this.patience = patience;
    this.again = again;
    this.last = 0;
    this.gone = false;
    this.onGone = () => {};
    this.waiting = new Map();
    this.hear = this.hear.bind(this);
    this.check = this.check.bind(this);
    this.listen();
  }

  listen() {
    this.model.on("change:acks", this.hear);
    this.model.on("comm_live_update", this.check);
  }

  /** Send one message and return its number. */
  send(what, more = {}, patience = this.patience) {
    const id = ++this.last;
    const stands = this.model.get("run")?.stands ?? 0;
    const message = { ...more, do: what, id, view: this.view, stands };
    this.waiting.set(id, [
      setTimeout(() => this.put(message), this.again), // the kernel takes no message twice
      setTimeout(() => this.turn(true), patience),
    ]);
    this.put(message);
    return id;
  }

  put(message) {
    try {
      this.model.send(message);
    } catch {
      this.turn(true);
    }
  }

  /** The kernel has answered up to a number: it lives. */
  hear() {
    const heard = this.model.get("acks")?.[this.view];
    if (heard === undefined) return;
    for (const [id, timers] of this.waiting) {
      if (id <= heard) {
        timers.forEach(clearTimeout);
        this.waiting.delete(id);
      }
    }
    this.turn(false);
  }

  /** The line was cut or mended: ask whether somebody is still there. */
  check() {
    if (!this.closed) this.send("ping", {}, BRIEFLY);
  }

  turn(gone) {
    if (gone === this.gone) return;
    this.gone = gone;
    this.onGone(gone);
  }

  close() {
    this.closed = true;
    for (const timers of this.waiting.values()) timers.forEach(clearTimeout);
    this.waiting.clear();
    this.model.off("change:acks", this.hear);
    this.model.off("comm_live_update", this.check);
  }
}
