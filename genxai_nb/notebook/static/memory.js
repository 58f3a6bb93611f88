// What a view remembers while the page is open: zoom, selection, scroll, drafts, by run.

const PLACE = Symbol.for("genxai.panel.views");

/** The remembered state of a run's view; the same object for every view of that run in this page. */
export function remembered(run) {
  const all = (globalThis[PLACE] ??= new Map());
  if (!all.has(run)) {
    all.set(run, { camera: null, selected: null, visit: null, open: {}, drafts: {}, scroll: 0, strip: null });
  }
  return all.get(run);
}
