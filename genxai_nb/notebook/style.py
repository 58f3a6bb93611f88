"""The look of what stays in a notebook: design tokens, and the rules of the record.

A trusted page keeps the style sheet and so follows its theme; where it is taken out (an untrusted
notebook, a code host) the inline styles still order the parts, in the page's own colours.
"""

from __future__ import annotations

# Colours of the page come from JupyterLab or VS Code; the fallbacks make a light card of their own.
_TOKENS = """\
.gx-record{
--gx-bg:var(--jp-layout-color1,var(--vscode-editor-background,#fff));
--gx-sunk:color-mix(in srgb,var(--gx-ink) 5%,var(--gx-bg));
--gx-line:var(--jp-border-color2,var(--vscode-panel-border,#e0e0e0));
--gx-ink:var(--jp-ui-font-color1,var(--vscode-foreground,#212121));
--gx-dim:color-mix(in srgb,var(--gx-ink) 66%,var(--gx-bg));
--gx-font:var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif);
--gx-mono:var(--jp-code-font-family,Menlo,Consolas,"DejaVu Sans Mono",monospace);
--gx-idle:#5f6673;--gx-idle-bg:#f0f1f3;--gx-running:#8a5300;--gx-running-bg:#fff4dd;
--gx-done:#0b6b57;--gx-done-bg:#eaf6f2;--gx-paused:#0b57a8;--gx-paused-bg:#e6f0fb;
--gx-waiting:#6a3fa0;--gx-waiting-bg:#f3ecfb;--gx-failed:#a8321a;--gx-failed-bg:#fdeee9}
[data-jp-theme-light=false] .gx-record,.vscode-dark .gx-record{
--gx-idle:#9aa2ad;--gx-idle-bg:#2a2d32;--gx-running:#f0bd62;--gx-running-bg:#33290f;
--gx-done:#6fcdb4;--gx-done-bg:#152b26;--gx-paused:#8ec2ff;--gx-paused-bg:#14263b;
--gx-waiting:#c9a8f5;--gx-waiting-bg:#2a2038;--gx-failed:#ff9c85;--gx-failed-bg:#3a1d16}
"""
_RULES = """\
.gx-record{container-type:inline-size;font:13px/1.45 var(--gx-font);color:var(--gx-ink);background:var(--gx-bg);
border:1px solid var(--gx-line);border-radius:8px;overflow:hidden;font-variant-numeric:tabular-nums;margin:2px 0}
.gx-record *{box-sizing:border-box}
.gx-idle{--c:var(--gx-idle);--b:var(--gx-idle-bg)}.gx-running{--c:var(--gx-running);--b:var(--gx-running-bg)}
.gx-done{--c:var(--gx-done);--b:var(--gx-done-bg)}.gx-paused{--c:var(--gx-paused);--b:var(--gx-paused-bg)}
.gx-waiting{--c:var(--gx-waiting);--b:var(--gx-waiting-bg)}.gx-failed{--c:var(--gx-failed);--b:var(--gx-failed-bg)}
.gx-record .gx-bar{display:flex;align-items:center;gap:4px 12px;flex-wrap:wrap;padding:8px 12px}
.gx-record .gx-bar>.gx-gone{display:none}
.gx-record .gx-name{font-size:14px;font-weight:600}
.gx-record .gx-dim,.gx-record .gx-bar>span{color:var(--gx-dim)}
.gx-record .gx-bar b{color:var(--gx-ink);font-weight:600}
.gx-record .gx-bar>.gx-pill{padding:2px 9px;border-radius:99px;font-size:12px;font-weight:600;color:var(--c);background:var(--b)}
.gx-record .gx-sums{margin-left:auto;font-size:12px;display:flex;gap:14px;flex-wrap:wrap}
.gx-record .gx-note{padding:8px 12px;border-top:1px solid var(--gx-line);background:var(--b);overflow-wrap:anywhere;white-space:pre-wrap}
.gx-record .gx-note b{color:var(--c)}
.gx-record .gx-picture{border-top:1px solid var(--gx-line);overflow:auto;max-height:880px;padding:6px}
.gx-record .gx-zoom[open] img{max-width:none!important;max-height:none!important;margin:0!important}
.gx-record .gx-zoom div{position:relative}
.gx-record .gx-start{position:absolute;width:10px;height:10px;scroll-snap-align:center}
.gx-record .gx-picture:has(.gx-zoom[open]){animation:gx-to-start 50ms}
@keyframes gx-to-start{from{scroll-snap-type:both mandatory}to{scroll-snap-type:none}}
[data-jp-theme-light=false] .gx-record .gx-picture,.vscode-dark .gx-record .gx-picture{background:#191919}
[data-jp-theme-light=false] .gx-record .gx-picture img,.vscode-dark .gx-record .gx-picture img{filter:invert(.9) hue-rotate(180deg)}
.gx-record .gx-wide{overflow-x:auto;border-top:1px solid var(--gx-line)}
.gx-record .gx-wide table.gx-table{border-collapse:collapse;border:0;width:100%;margin:0;font-size:12px;table-layout:auto;color:inherit}
.gx-record .gx-table tbody tr:nth-child(n){background:none;border:0}
.gx-record .gx-table th{font-weight:400;color:var(--gx-dim);border:0;padding:6px 12px;text-align:left;vertical-align:top;max-width:none;background:none}
.gx-record .gx-table td{border:0;border-top:1px solid var(--gx-line);padding:6px 12px;text-align:left;vertical-align:top;max-width:none;overflow-wrap:anywhere}
.gx-record .gx-table .gx-num{text-align:right;white-space:nowrap;overflow-wrap:normal}
.gx-record .gx-state{white-space:nowrap;color:var(--c);font-weight:600;overflow-wrap:normal}
.gx-record .gx-key{font-family:var(--gx-mono);white-space:nowrap;width:1%}
.gx-record summary{cursor:pointer}
.gx-record .gx-text{white-space:pre-wrap;overflow-wrap:anywhere;max-width:76ch;max-height:320px;overflow:auto}
.gx-record .gx-table th:first-child{width:55%}
.gx-record details[open]>summary>.gx-glance{display:none}
.gx-record .gx-said{padding:4px 0 4px 14px}
.gx-record .gx-said>span{display:block;color:var(--gx-dim);font-size:11px;margin-top:4px}
.gx-record .gx-foot{display:flex;flex-wrap:wrap;gap:2px 12px;padding:5px 12px;border-top:1px solid var(--gx-line);
background:var(--gx-sunk);color:var(--gx-dim);font-size:11px}
.gx-record .gx-foot span:last-child{margin-left:auto}
.gx-record.gx-record .gx-code{font-family:var(--gx-mono);font-size:inherit;background:none;color:inherit;padding:0}
@container (max-width:520px){.gx-record .gx-cost{display:none}.gx-record .gx-table th,.gx-record .gx-table td{padding:6px 7px}}
"""

STYLE = _TOKENS + _RULES
"""The style sheet of a record. Its one animation shows nothing: it scrolls a picture that is opened to START."""

# What is left where the style sheet is taken out. Grey at half strength shows on light and on dark.
FRAME = "border:1px solid #8080805c;border-radius:8px;overflow:hidden;font-size:13px;margin:2px 0"
PART = "padding:8px 12px;border-top:1px solid #8080805c"
LEFT = "text-align:left;vertical-align:top"
RIGHT = "text-align:right;vertical-align:top"
TEXT = "white-space:pre-wrap"
PICTURE = "overflow:auto;max-height:880px;padding:6px"
