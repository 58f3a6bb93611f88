"""The estimate of tokens, against counts that a real vocabulary gave."""

from __future__ import annotations

import pytest

from genxai_nb.messages import (
    Image,
    Message,
    ModelRequest,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    Verbatim,
    assistant,
    system,
    user,
)
from genxai_nb.tokens import estimate_message, estimate_request, estimate_tokens, estimate_usage

ENGLISH = """\
The harbour master kept two books. In the first he wrote what came in: grain, timber, salted fish, and
once a crate of glass eyes addressed to nobody. In the second he wrote what he thought of it. When the
storm took the roof off his office, only the second book survived, and so the history of the port was
put together afterwards from opinions. Merchants complained about it for years. The insurance company,
which had expected a calculation, received a description of the weather, an apology for the delay, and
eleven pages about the responsibilities of lighthouse keepers.
"""
GERMAN = """\
Die Bäckerei öffnet um sechs Uhr, doch die Bäckerin steht schon seit drei in der Backstube. Zuerst prüft
sie den Sauerteig, der über Nacht gegangen ist, dann heizt sie den Steinofen an. Das Roggenbrot braucht
zwei Stunden Stückgare, die Brötchen nur eine. Wer regelmäßig kommt, bekommt zu Weihnachten einen Stollen
geschenkt. Die Öffnungszeiten hängen an der Tür, aber niemand richtet sich danach: Man klopft einfach ans
Fenster, und meistens wird einem aufgemacht. Nur am Montag bleibt die Bäckerei geschlossen.
"""
CHINESE = """\
春天的早晨,老人提着竹篮去河边的市场买菜。他先看了看新鲜的豆腐,又问了问鲤鱼的价格。
卖鱼的年轻人说,昨天夜里下了大雨,河水涨得很快,所以今天的鱼比平时少。老人点点头,
没有还价,只是请他把鱼包好。回家的路上,他遇见了邻居的孩子,两个人一起数路边的柳树。
孩子说一共有三十六棵,老人说有三十七棵,因为有一棵倒在水里,只露出几片叶子。
"""
PYTHON = '''\
@dataclass(frozen=True)
class Interval:
    """A half-open interval of whole numbers."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if self.stop < self.start:
            raise ValueError(f"stop {self.stop} lies before start {self.start}")

    def overlaps(self, other: "Interval") -> bool:
        return self.start < other.stop and other.start < self.stop


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    result: list[Interval] = []
    for item in sorted(intervals, key=lambda i: (i.start, i.stop)):
        if result and item.start <= result[-1].stop:
            last = result.pop()
            item = Interval(last.start, max(last.stop, item.stop))
        result.append(item)
    return result
'''
JSON = """\
{"order": {"id": "A-20931", "placed_at": "2026-03-14T09:26:53Z", "customer": {"name": "Ana Duarte",
"email": "ana@example.org", "vip": false}, "items": [{"sku": "LMP-004", "title": "Desk lamp, brass",
"quantity": 2, "unit_price": 48.5, "discount": null}, {"sku": "CBL-110", "title": "Cable 3 m",
"quantity": 1, "unit_price": 7.25, "discount": {"kind": "percent", "value": 10}}], "shipping":
{"method": "standard", "cost": 4.9, "address": {"street": "Rua do Norte 12", "city": "Porto",
"postal_code": "4050-401", "country": "PT"}}, "total": 115.43, "currency": "EUR", "tags": ["gift", "web"]}}
"""
# counted with the vocabulary o200k_base
COUNTED = {
    "english": (ENGLISH, 122),
    "german": (GERMAN, 130),
    "chinese": (CHINESE, 148),
    "python": (PYTHON, 177),
    "json": (JSON, 222),
}


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_estimate_stays_within_its_stated_error(name: str):
    """No text of the corpus is further off than the 22 % that the module states."""
    text, counted = COUNTED[name]
    assert abs(estimate_tokens(text) / counted - 1) <= 0.22


def test_estimate_is_close_on_average():
    """Over the whole corpus the estimate is off by at most the stated 7 % on average."""
    errors = [abs(estimate_tokens(text) / counted - 1) for text, counted in COUNTED.values()]
    assert sum(errors) / len(errors) <= 0.07


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog.", 9, 11),
        ('{"name": "Ann", "age": 12}', 9, 14),
        ("def add(a, b):\n    return a + b\n", 10, 16),
        ("1234567", 3, 3),
        ("电池充电很快", 4, 6),
        ("Быстрая лиса", 3, 5),
    ],
)
def test_tokens_are_estimated_by_script(text: str, least: int, most: int):
    """Words, figures, marks and other scripts count as a common vocabulary would about count them."""
    assert least <= estimate_tokens(text) <= most


def test_estimate_grows_with_the_text():
    """A text takes at least as many tokens as its beginning, and about twice as many twice."""
    counts = [estimate_tokens(ENGLISH[:end]) for end in range(0, len(ENGLISH), 40)]
    assert counts == sorted(counts)
    assert estimate_tokens(ENGLISH * 2) == pytest.approx(2 * estimate_tokens(ENGLISH), abs=2)


@pytest.mark.parametrize("text", ["?", "\n", " ", "é", "\u200b", "😀"])
def test_any_text_takes_a_token(text: str):
    """Only the empty text takes none."""
    assert estimate_tokens(text) == 1
    assert estimate_tokens("") == 0


def test_all_that_is_sent_counts():
    """Texts, tool calls with their arguments, results and images count; reasoning only if it is sent again."""
    call = ToolCall("1", "search", {"query": ENGLISH})
    asked = estimate_message(assistant("", call))
    assert asked >= estimate_tokens(ENGLISH)
    assert estimate_message(Message("tool", (ToolResult("1", "search", ENGLISH),))) >= estimate_tokens(
        ENGLISH
    )
    assert estimate_message(Message("user", (Image(b"png", "image/png"),))) > 500
    assert estimate_message(Message("assistant", (Reasoning(ENGLISH), Text("Yes.")))) == estimate_message(
        assistant("Yes.")
    )
    signed = Message("assistant", (Reasoning(ENGLISH), Text("Yes.")), Verbatim("anthropic", []))
    assert estimate_message(signed) > estimate_tokens(ENGLISH)


def test_request_counts_tools_and_schema():
    """What a request says besides its messages is part of its estimate, and of its usage."""
    messages = (system("You count."), user(ENGLISH))
    plain = ModelRequest(model="offline", messages=messages)
    tool = ToolSpec(
        "add", "Add two numbers.", {"type": "object", "properties": {"left": {"type": "integer"}}}
    )
    full = ModelRequest(model="offline", messages=messages, tools=(tool,), output={"title": GERMAN})
    assert estimate_request(full) > estimate_request(plain) + estimate_tokens(GERMAN)
    usage = estimate_usage(full, assistant("Three."))
    assert (usage.input, usage.output) == (estimate_request(full), 2)
