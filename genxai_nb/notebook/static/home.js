// The panel of a run that has ended lies over the run's record: the saved notebook holds the record and no widget.

const TRIES = 120; // frames in which the record has to be drawn

/** Where a view lies: at first in its widget's output, then in place of the record beside it. */
export class Home {
  constructor(view, el) {
    this.view = view;
    this.el = el;
    this.left = TRIES;
    this.moved = false;
    this.look = this.look.bind(this);
    this.look();
  }

  /** Move once the record is there; without one the view stays where it is. */
  look() {
    if (this.view.closed || this.left === 0) return;
    const area = this.el.closest(".jp-OutputArea");
    const record = area ? [...area.querySelectorAll(".gx-record")].at(-1) : null;
    const output = record?.closest(".jp-OutputArea-child");
    if (output && !output.contains(this.el)) {
      this.move(area, record, output);
      return;
    }
    if (this.el.isConnected) this.left -= 1;
    requestAnimationFrame(this.look);
  }

  move(area, record, output) {
    const { view } = this;
    const shift = record.parentElement.getBoundingClientRect().left - area.getBoundingClientRect().left;
    view.host.style.marginLeft = `${shift}px`;
    output.after(view.host);
    output.style.display = "none";
    this.moved = true;
    this.watch = new MutationObserver(() => {
      if (!area.contains(output)) view.close();
    });
    this.watch.observe(area, { childList: true });
    view.onClose = () => {
      this.watch.disconnect();
      output.style.display = "";
    };
    view.send("moved");
  }

  /** The widget's output goes; tells whether the view stays because it lies elsewhere. */
  stays() {
    if (this.moved) this.view.hearAgain();
    return this.moved;
  }
}
