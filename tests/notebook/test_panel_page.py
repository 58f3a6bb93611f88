"""The panel's page code: one module out of several, text that stays text, and a look that can be read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from genxai_nb.notebook.panel import page

STATIC = page.STATIC
SCRIPTS = sorted(STATIC.glob("*.js"))
TESTS = Path(__file__).parent.parent / "js"
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|createContextualFragment"
    r"|srcdoc|setAttributeNS|javascript:|\bfetch\(|XMLHttpRequest|WebSocket|import\(|localStorage|sessionStorage"
)


def names(text):
    """The names that a module declares at its top level."""
    return re.findall(r"^(?:export )?(?:async )?(?:class|function|const|let) (\w+)", text, re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_out_of_text_and_load_nothing(script):
    """No script has a way to turn text into elements or code, or to reach another machine."""
    assert FORBIDDEN.findall(script.read_text()) == []


def test_attributes_are_set_at_one_place_by_constant_names():
    """Only the element maker writes attributes by a name that is not spelled out."""
    for script in SCRIPTS:
        set_by = re.findall(r"setAttribute\(([^,\"]+),", script.read_text())
        assert set_by == (["name"] if script.name == "dom.js" else []), script.name


def test_scripts_and_sheets_are_readable():
    """Source files stay short in both directions: nothing is bundled or minified."""
    for path in [*SCRIPTS, *STATIC.glob("*.css")]:
        lines = path.read_text().splitlines()
        assert len(lines) <= 400, path.name
        assert max(map(len, lines)) <= 140, path.name


def test_all_scripts_are_in_the_modules_after_those_that_they_use():
    """The two modules hold every script, import nothing, and export their widget alone."""
    whole = {entry: page.script(entry) for entry in (page.ENTRY, page.CHAT)}
    for path in SCRIPTS:
        assert any(f"// {path.name}\n" in script for script in whole.values()), path.name
    exported = {"panel.js": "export default { render };", "chat.js": "export default { render: renderChat };"}
    for entry, script in whole.items():
        assert re.findall(r"^import\b.*", script, re.MULTILINE) == []
        assert re.findall(r"^export\b.*", script, re.MULTILINE) == [exported[entry]]
    panel, chat = whole.values()
    assert panel.index("// dom.js") < panel.index("// cards.js") < panel.index("// panel.js")
    assert chat.index("// dom.js") < chat.index("// talk.js") < chat.index("// chat.js")
    assert "// canvas.js" not in chat


def test_no_two_scripts_use_one_name():
    """Scripts share the module's top level."""
    found = [name for path in SCRIPTS for name in names(path.read_text())]
    assert sorted(found) == sorted(set(found))


@pytest.mark.needs("node")
@pytest.mark.parametrize("entry", [page.ENTRY, page.CHAT])
def test_the_module_is_sound(tmp_path, entry):
    """Node reads the composed module without an error."""
    (tmp_path / "panel.mjs").write_text(page.script(entry))
    subprocess.run(["node", "--check", "panel.mjs"], cwd=tmp_path, check=True)


@pytest.mark.needs("node")
def test_the_scripts_pass_their_own_tests():
    """The unit tests of the scripts, run by Node."""
    tests = sorted(map(str, TESTS.glob("*.test.js")))
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_sheet_is_used_and_styles_nothing_outside():
    """Every rule begins with a class of ours, so that a panel changes nothing else in the page."""
    assert sorted(page.SHEETS) == sorted(path.name for path in STATIC.glob("*.css"))
    sheet = re.sub(r"/\*.*?\*/", "", page.sheet(), flags=re.DOTALL)
    for selectors in re.findall(r"(?:^|[{}])\s*([^{}@;]+)\{", sheet):
        for selector in re.split(r",(?![^(]*\))", selectors):
            first = selector.strip()
            if not re.fullmatch(r"from|to|\d+%", first):
                assert ".gx-" in first, first
    assert "url(" not in sheet
    assert "@import" not in sheet


def test_what_a_panel_shares_with_a_record_is_styled_in_panels_only():
    """A rule that does not name the panel holds for what lies in one, with the weight that it had."""
    sheet = page.sheet()

    assert "\n.gx-note:where(.gx-panel *) {" in sheet
    assert '[data-jp-theme-light="false"] .gx-panel, .vscode-dark .gx-panel {' in sheet
    assert not re.search(r"^\.gx-(?!panel)[\w-]+ \{", sheet, re.MULTILINE)


def luminance(colour):
    values = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, two):
    lighter, darker = sorted((luminance(one), luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("part", "page_colour"), [(0, "#ffffff"), (1, "#111111")], ids=["light", "dark"])
def test_status_words_can_be_read(part, page_colour):
    """Each status colour has a contrast of at least 4.5 on its own ground and on the page, in both themes."""
    tokens = (STATIC / "tokens.css").read_text().split('[data-jp-theme-light="false"]')[part]
    colours = dict(re.findall(r"--gx-([\w-]+): (#[0-9a-f]{6});", tokens))
    for status in ("idle", "running", "done", "paused", "waiting", "failed"):
        assert contrast(colours[status], colours[f"{status}-bg"]) >= 4.5, status
        assert contrast(colours[status], page_colour) >= 4.5, status


def test_moving_parts_stand_still_for_those_who_want_it():
    """Animations are only there where reduced motion is not asked for."""
    sheet = page.sheet()
    assert sheet.count("animation:") == 1
    assert sheet.index("prefers-reduced-motion: no-preference") < sheet.index("animation:")
