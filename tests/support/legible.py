"""Whether text can be read: themes of JupyterLab, and the contrast of all text of a part of its page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from lab import Server

# Lists the texts below an element whose contrast with what lies under them is less than 4.5.
CONTRAST = """root => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    const scale = text.startsWith('color(') ? 255 : 1;
    return [numbers[0] * scale, numbers[1] * scale, numbers[2] * scale, numbers[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (rgb) => {
    const part = rgb.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const bad = [];
  for (const element of root.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest('[hidden], [disabled], title') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const svg = element.namespaceURI.endsWith('svg');
    const card = svg && element.closest('.gx-n')?.querySelector('.gx-card');
    const under = card ? over(parse(getComputedStyle(card).fill), ground(root)) : ground(svg ? root : element);
    const colour = over(parse(svg ? style.fill : style.color), under);
    const [a, b] = [light(colour), light(under)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) bad.push([element.textContent.trim().slice(0, 30), contrast.toFixed(2), element.getAttribute('class')]);
  }
  return bad;
}"""


@contextmanager
def themed(server: Server, theme: str) -> Iterator[None]:
    """Let pages that are opened meanwhile have a theme, such as ``JupyterLab Dark``."""
    folder = server.place.parent / "settings" / "@jupyterlab" / "apputils-extension"
    path = folder / "themes.jupyterlab-settings"
    path.write_text(json.dumps({"theme": theme}))
    try:
        yield
    finally:
        path.unlink()
