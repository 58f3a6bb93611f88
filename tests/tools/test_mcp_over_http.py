"""MCP servers over HTTP: what they are asked, what is read of them at most, and where nothing is sent."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx2
import pytest
from asking import asking_once
from hostile_mcp import HostileServer, hostile_mcp
from hostile_web import hostile_server
from resolvers import resolving

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.http.endpoint import open_endpoint
from genxai_nb.tools.mcp import McpServer


@pytest.fixture
def hostile():
    with hostile_mcp() as running:
        yield running


@pytest.fixture
async def server(hostile: HostileServer):
    """The hostile server as an agent has it."""
    made = McpServer("evil", url=f"{hostile.url}/mcp", timeout=20)
    yield made
    await made.close()


async def act(server: McpServer, how: str, seconds: float = 20) -> str:
    return await server.call("act", {"how": how}, seconds)


async def test_a_local_server_needs_no_further_words(hostile: HostileServer):
    """Who writes localhost or an inner address means it."""
    for host in ("127.0.0.1", "localhost", "127.1"):
        server = McpServer("near", url=f"http://{host}:{hostile.port}/mcp")
        (tool,) = await server.atools()
        assert (tool.name, await act(server, "well")) == ("near_act", "done")
        await server.close()


async def test_a_compressed_answer_is_read(server: McpServer):
    """An answer in gzip is what it holds."""
    assert await act(server, "packed") == "well packed"


@pytest.mark.parametrize(
    "how", ["strange json hex", "strange event-stream hex", "strange event-stream punycode"]
)
async def test_a_charset_is_not_the_servers_to_choose(server: McpServer, how: str):
    """Messages are UTF-8, whatever the server says."""
    assert await act(server, how) == "h\u00e9"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["169.254.169.254"]])
async def test_a_name_that_leads_inside_is_refused(hostile: HostileServer, addresses: list[str]):
    """A public name is no way in, unless the person says that it is; each connection is looked at."""
    look_up, asked = resolving(addresses)
    url = f"http://mcp.example:{hostile.port}/mcp"
    server = McpServer("far", url=url, resolve=look_up)
    with pytest.raises(Denied, match=r"'mcp\.example' resolves to .* private=True"):
        await server.atools()
    assert (asked, hostile.seen) == (["mcp.example"], [])


async def test_a_private_name_is_reached_when_that_is_said(hostile: HostileServer):
    """A container's or a company's server is named as such."""
    look_up, _ = resolving(["127.0.0.1"])
    server = McpServer("near", url=f"http://tools.inner:{hostile.port}/mcp", private=True, resolve=look_up)
    assert await act(server, "well") == "done"
    await server.close()


async def test_a_name_that_is_bound_anew_is_looked_at_anew(hostile: HostileServer):
    """What was allowed for one connection counts for no other."""
    look_up, asked = resolving(["127.0.0.1"])
    url = f"http://mcp.example:{hostile.port}/cookie"
    policies = [Policy(hosts=(f"mcp.example:{hostile.port}",))]
    async with open_endpoint(url, policies, seconds=20, resolve=look_up) as http:
        assert (await http.get(url, headers={"connection": "close"})).status_code == 200
        policies[:] = [Policy()]
        with pytest.raises(Denied, match=r"resolves to 127\.0\.0\.1"):
            await http.get(url)
    assert len(asked) == 2


@pytest.mark.parametrize("at", ["initialize", "tools/list", "tools/call"])
@pytest.mark.parametrize("target", ["other", "http://169.254.169.254/latest/", "http://localhost:1/"])
async def test_redirects_lead_nowhere_else(hostile: HostileServer, monkeypatch, at: str, target: str):
    """No step of the protocol follows a server elsewhere, and no token goes there."""
    monkeypatch.setenv("GENXAI_CONNECTION_EVIL", f"http://:correct-horse@127.0.0.1:{hostile.port}")
    with hostile_server() as other:
        to = f"{other.url}/echo" if target == "other" else target
        server = McpServer(
            "evil", url=f"{hostile.url}/mcp?at={at}&how=to {to}".replace(" ", "%20"), connection="evil"
        )
        asked = act(server, "well") if at == "tools/call" else server.atools()
        with pytest.raises(ToolFailed, match=r"MCP server 'evil'.*not followed"):
            await asked
        assert other.seen == []
        assert {headers["authorization"] for _, _, headers, _ in hostile.seen} == {"Bearer correct-horse"}
        await server.close()


async def test_a_redirect_within_the_server_is_followed(hostile: HostileServer, server: McpServer):
    """A server may move a call to another path of its own."""
    assert await act(server, f"to {hostile.url}/mcp?at=tools/call&how=packed") == "well packed"


async def test_nothing_is_sent_to_another_origin(hostile: HostileServer):
    """Whatever a library asks for: another host, port or scheme is refused, except https in place of http."""
    url = f"{hostile.url}/mcp"
    allowed = [Policy(hosts=("127.0.0.1", "*"))]
    with hostile_server() as other:
        async with open_endpoint(url, allowed, credentials={"X-Key": "k"}, seconds=20) as http:
            for elsewhere in (
                f"{other.url}/echo",
                f"https://127.0.0.1:{hostile.port}/mcp",
                "http://127.0.0.1/",
            ):
                with pytest.raises(Denied, match="is not where the server is"):
                    await http.get(elsewhere)
            await http.get(f"{hostile.url}/echo")
        assert other.seen == []
    assert [headers["x-key"] for _, _, headers, _ in hostile.seen] == ["k"]


async def test_credentials_are_not_for_the_same_name_over_another_scheme():
    """From http to https a request may go on, without the credentials that it had."""

    async def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError

    given = {"X-Key": "k"}
    async with open_endpoint(
        "http://a.example/", [Policy()], credentials=given, seconds=20, resolve=nowhere
    ) as http:
        for url, kept in (("http://a.example/b", "k"), ("https://a.example/b", None)):
            request = http.build_request("GET", url, headers=given)
            with pytest.raises(ToolFailed, match="cannot be found"):
                await http.send(request)
            assert request.headers.get("x-key") == kept


@pytest.mark.parametrize("how", ["large", "bomb", "endless", "line", "flood", "comments", "nothing"])
async def test_answers_without_end_are_ended(server: McpServer, how: str):
    """An answer is read up to a limit, plain and compressed, in one piece and in events; the next call is answered."""
    with pytest.raises(ToolFailed, match=r"MCP server 'evil'.*5000000 .*[Aa]sk .*less"):
        await act(server, how)
    assert await act(server, "well") == "done"


@pytest.mark.parametrize("how", ["large", "bomb", "line", "torn"])
async def test_calls_beside_a_bad_one_are_answered(server: McpServer, how: str):
    """One answer that is ended ends no other one."""
    await act(server, "well")
    asked = [act(server, "drip json", 2), *(act(server, one) for one in ("well", how, "well"))]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ToolFailed, str, ToolFailed, str]
    assert "did not answer within 2 s" in str(answers[0])


def test_nothing_is_printed_beside_an_error(hostile: HostileServer):
    """An answer that is ended is told by the error alone, without the library's own words and tracebacks."""
    asking = f"McpServer('evil', url='{hostile.url}/mcp').call('act', {{'how': 'large'}}, 20)"
    code = f"""
import asyncio
from genxai_nb.errors import ToolFailed
from genxai_nb.tools.mcp import McpServer
try:
    asyncio.run({asking})
except ToolFailed as exc:
    print(exc.what[:24])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("MCP server 'evil', tool \n", "")


@pytest.mark.parametrize("at", ["initialize", "tools/list"])
async def test_a_list_without_end_is_ended(hostile: HostileServer, at: str):
    """The same before the first call."""
    server = McpServer("evil", url=f"{hostile.url}/mcp?at={at}&how=large")
    with pytest.raises(ToolFailed, match="MCP server 'evil'.*5000000 "):
        await server.atools()
    await server.close()


async def test_an_answer_that_is_torn_is_told(server: McpServer):
    """A compressed answer that breaks off is an error in words."""
    with pytest.raises(ToolFailed, match="MCP server 'evil'.*in the middle of its compressed body"):
        await act(server, "torn")


async def test_what_hides_in_an_error_is_shown(server: McpServer):
    """The words of a server's error are told with what is hidden in them."""
    with pytest.raises(ToolFailed, match=r"no\\u202egpj"):
        await act(server, "words no\u202egpj")


@pytest.mark.parametrize("kind", ["json", "event-stream"])
async def test_answers_that_drip_are_hung_up_on(hostile: HostileServer, kind: str):
    """The time of a call is for all of its answer, and after it nobody listens to it any more."""
    server = McpServer("evil", url=f"{hostile.url}/mcp", timeout=1)
    with pytest.raises(ToolFailed, match="MCP server 'evil'.*1 s.* timeout"):
        await act(server, f"drip {kind}", 1)
    assert await asyncio.to_thread(hostile.left.wait, 30)
    await server.close()


async def test_a_stream_of_news_may_last(hostile: HostileServer):
    """What a server streams unasked lasts longer than the time of a call, and has a limit of its own."""
    url = f"{hostile.url}/mcp?at=get&how=drip%20event-stream"
    async with open_endpoint(url, [Policy(hosts=(hostile.host,))], seconds=0.2) as http:
        async with http.stream("GET", url) as response:
            parts = response.aiter_bytes()
            assert [await anext(parts) for _ in range(20)] == [b":\n"] * 20
        with pytest.raises(httpx2.SSEError, match=r"not .* within 0\.2 s"):
            await http.post(url.replace("at=get", "at=post"), json={"method": "post"})
        with pytest.raises(httpx2.SSEError, match="50000000 bytes"):
            await http.get(url.replace("drip%20event-stream", "comments"))


async def test_a_stream_that_ends_at_once_is_not_asked_for_without_pause(hostile: HostileServer):
    """A server cannot make its client ask again and again as fast as it can."""
    server = McpServer("evil", url=f"{hostile.url}/mcp?at=get&how=again", timeout=2)
    with pytest.raises(ToolFailed):
        await act(server, "again", 2)
    await server.close()
    assert 1 <= [method for method, *_ in hostile.seen].count("GET") <= 20


async def test_cookies_go_back_to_the_server(hostile: HostileServer, server: McpServer):
    """A server behind a balancer finds its way by a cookie."""
    await act(server, "cookie")
    await act(server, "well")
    assert hostile.seen[-1][2]["cookie"] == "way=a"


async def test_proxies_of_the_environment_are_not_used(
    hostile: HostileServer, server: McpServer, monkeypatch
):
    """Nothing goes by way of another host."""
    with hostile_server() as other:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, other.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert await act(server, "well") == "done"
        assert other.seen == []


def test_a_policy_that_lists_hosts_holds_for_servers_too(hostile: HostileServer):
    """The person who names a server does not widen the policy of a run, which may list other hosts only."""
    server = McpServer("far", url=f"{hostile.url}/mcp", permissions=["read"])
    (tool,) = server.tools()
    for hosts, said in ((("example.com",), "is not allowed by the policy"), ((hostile.host,), "done")):
        told, _ = asking_once("far_act", {"how": "well"}, tools=[tool], policy=Policy(hosts=hosts))
        assert said in told
    assert [body for *_, body in hostile.seen if b"tools/call" in body][1:] == []
