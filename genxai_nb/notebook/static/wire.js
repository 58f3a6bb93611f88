// Messages to the kernel, each acknowledged; and what to believe when none is.

const PATIENCE = 1500;

/** Sends what was pressed, with the stand of the run at which it was. */
export class Wire {
  constructor(model, view, { patience = PATIENCE } = {}) {
    this.model = model;
    this.view = view;
    this.patience = patience;
    this.last = 0;
    this.gone = false;
    this.onGone = () => {};
    this.waiting = new Map();
    this.hear = this.hear.bind(this);
    this.check = this.check.bind(this);
    model.on("change:acks", this.hear);
    model.on("comm_live_update", this.check);
  }

  /** Send one message and return its number. */
  send(what, more = {}) {
    const id = ++this.last;
    const stands = this.model.get("run")?.stands ?? 0;
    this.waiting.set(
      id,
      setTimeout(() => this.turn(true), this.patience),
    );
    try {
      this.model.send({ ...more, do: what, id, view: this.view, stands });
    } catch {
      this.turn(true);
    }
    return id;
  }

  /** The kernel has answered up to a number: it lives. */
  hear() {
    const heard = this.model.get("acks")?.[this.view];
    if (heard === undefined) return;
    for (const [id, timer] of this.waiting) {
      if (id <= heard) {
        clearTimeout(timer);
        this.waiting.delete(id);
      }
    }
    if (this.waiting.size === 0) this.turn(false);
  }

  /** The front end has lost or found the other end of the line. */
  check() {
    const live = this.model.comm_live ?? this.model.widget_manager?.comm_live;
    this.turn(live === undefined ? !this.gone : !live);
  }

  turn(gone) {
    if (gone === this.gone) return;
    this.gone = gone;
    this.onGone(gone);
  }

  close() {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
    this.model.off("change:acks", this.hear);
    this.model.off("comm_live_update", this.check);
  }
}
