"""What people do when they get the messages of docs/troubleshooting.md: cells, the last of which goes wrong."""

from __future__ import annotations

SETUP = (
    "%load_ext genxai_nb",
    "import genxai_nb\nfrom genxai_nb import Agent, Graph, Run, human, tool",
    "%%genxai agent writer\ntask: Explain {{topic}}.\nwrites: draft",
    "%%genxai graph review\nSTART -> writer -> END",
    "%%genxai schema Score\ntopic: str = ''\nscore: float = 0",
    """def graph_of(function, lines="START -> step", **options):
    return Graph("made", **options).node("step", function).parse(lines)

def nothing(state):
    return {}
""",
)

# By the heading in the page, where three points stand for any text. What cannot be brought about here in a moment, such
# as a kernel that dies, has no cells: its words are looked for in the source.
TROUBLES: dict[str, tuple[str, ...]] = {
    "Nothing has run in this notebook yet.": ("%genxai next",),
    "Unknown agent, tool or function 'critic'.": ("%%genxai graph g\nSTART -> critic -> END",),
    "Unknown graph 'reviw'.": ("%%genxai run reviw\ntopic: x",),
    "Unknown verb 'timelin'.": ("%genxai timelin",),
    "Unknown option '--store'.": ("%genxai timeline --store x.db",),
    "Unknown tool 'calculater'.": ("graph_of(Agent('a', tools=['calculater'])).run({})",),
    "The notebook has a 'seven' of its own already": ("seven = 7", "%%genxai agent seven\nrole: Seven"),
    "No run 'r99' in ...": ("%genxai resume r99",),
    "Unknown field 'rol'.": ("%%genxai agent a\nrol: Writer",),
    "%%genxai begins a cell, and here it stands below something else.": (
        "def step(state):\n    return {}\n\n%%genxai graph g\nSTART -> step",
    ),
    "temperature is 5.": ("%%genxai agent a\ntemperature: 5",),
    "'if' belongs to a single arrow": ("%%genxai graph g\nSTART -> writer -> END if x",),
    "The condition is in quotes": ("%%genxai graph g\nwriter -> END if 'score < 1'",),
    "Node 'writer' has an else and no if.": ("%%genxai graph g\nSTART -> writer\nwriter -> END else",),
    "The cycle step -> step has no limit.": (
        "graph_of(nothing, 'START -> step -> END\\nstep -> step').run({})",
    ),
    "Graph 'made' has no way in.": ("graph_of(nothing, 'step -> END').run({})",),
    "Node 'other' is never reached from START.": (
        "graph_of(nothing, 'START -> step\\nother -> END').run({})",
    ),
    "Tool 'size': parameter 'text' has no annotation.": ("@tool\ndef size(text):\n    return len(text)",),
    "The template names {{topic}}, which the state does not have.": ("review.run({})",),
    "Node 'writer' writes 'draft', which is no field of Score.": (
        "%%genxai graph g --state Score\nSTART -> writer -> END",
    ),
    "Score does not accept what node 'step' wrote to 'score'": (
        "graph_of(lambda state: {'score': 'high'}, state=Score).run({})",
    ),
    "The input has 'scor', which is no field of Score.": ("graph_of(nothing, state=Score).run({'scor': 1})",),
    "State is read-only: key 'draft' was assigned.": (
        "def assign(state):\n    state['draft'] = 'x'",
        "graph_of(assign).run({})",
    ),
    "The state has no key 'topik'.": ("graph_of(lambda state: {'x': state['topik']}).run({'topic': 1})",),
    "This state is a dict: write state['topic'], not state.topic.": (
        "graph_of(lambda state: {'x': state.topic}).run({'topic': 1})",
    ),
    "Node 'step' returned 5, which is ...": ("graph_of(lambda state: 5).run({})",),
    "The function of node 'step' takes 0 arguments.": ("graph_of(lambda: {}).run({})",),
    "Nodes 'a' and 'b' both wrote 'x' in parallel.": (
        "g = Graph('g').node('a', lambda state: {'x': 1}).node('b', lambda state: {'x': 2})",
        "g.parse('START -> [a, b]').run({})",
    ),
    "which the journal cannot keep.": ("graph_of(lambda state: {'x': open}).run({})",),
    "The condition 'scor < 1' of step -> END failed": (
        "graph_of(nothing, 'START -> step\\nstep -> END if scor < 1').run({'score': 1})",
    ),
    "The run stopped at 'step': no edge was taken": (
        "graph_of(nothing, 'START -> step\\nstep -> END if score < 1').run({'score': 2})",
    ),
    "Node 'step' failed: ZeroDivisionError: division by zero": ("graph_of(lambda state: 1 / 0).run({})",),
    "Node 'step' took longer than 0.05 s.": (
        "import threading\nnever = threading.Event()",
        "Graph('g').node('step', lambda state: never.wait(1), timeout=0.05).parse('START -> step').run({})",
    ),
    "and nobody is there to answer.": ("graph_of(human('Publish?')).run({})",),
    "Graph 'made' has changed its nodes or edges since run ... began.": (
        "run = graph_of(nothing).start({})",
        "Run.load(run.run_id, graph_of(nothing, 'START -> step -> END'))",
    ),
    "was loaded for reading only.": ("Run.load(graph_of(nothing).start({}).run_id).resume()",),
    "are left in the budget of this run.": ("review.run({'topic': 'yeast'}, budget={'tokens': 3})",),
    "does not hold what node 'writer' asks model": (
        "result = review.run({'topic': 'yeast'}, cassette='replies.json')",
        "review.run({'topic': 'salt'}, cassette='replies.json')",
    ),
    "is being driven already": (),
    "was taken over by another process": (),
    "Unknown kind of memory 'semantik'.": ("%%genxai agent a\nmemory: semantik",),
    "Unknown provider 'opnai'.": ("%%genxai agent odd\nmodel: opnai:gpt-5", "%genxai ask odd Hello"),
    "the environment variable OPENAI_API_KEY is not set.": (
        "%%genxai agent paid\nmodel: openai:gpt-5",
        "%genxai ask paid Hello",
    ),
    "Nothing answers at http://127.0.0.1:9/v1.": (
        "%%genxai agent near\nmodel: local:http://127.0.0.1:9/v1#m",
        "%genxai ask near Hello",
    ),
    "Package ... is not installed": (),
    "it needs 'write', which the policy asks a person about, and nobody is there to ask.": (
        "%genxai tool file_writer path=x.txt content=hi",
    ),
    "leads out of the allowed folders.": ("%genxai tool file_reader path=/etc/hostname",),
    "Host '127.0.0.1' is a private or reserved address.": (
        "%genxai tool api_caller url=http://127.0.0.1/ method=GET",
    ),
    "There is no connection 'shop'.": ('%genxai tool sql_query connection=shop query="SELECT 1"',),
    "is there already, and is not as an export left it.": (
        "open('mine.py', 'w').write('x = 1')",
        "genxai_nb.export(review, 'mine.py')",
    ),
    "Unknown kind of store 'postgres://'.": ("review.run({'topic': 'x'}, store='postgres://x')",),
    "is damaged or no SQLite file": (
        "open('x.db', 'w').write('hello' * 1000)",
        "review.run({'topic': 'x'}, store='x.db')",
    ),
    "Kernel gone. This run is saved": (),
    "UsageError: Cell magic `%%genxai` not found.": (
        "%unload_ext genxai_nb",
        "%%genxai agent a\nrole: Writer",
    ),
}
