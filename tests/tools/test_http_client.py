"""The HTTP client of all tools: what it reaches, what it refuses before a byte is sent, what it reads at most."""

from __future__ import annotations

import json

import httpx2
import pytest
from hostile_web import hostile_server
from hypothesis import given
from hypothesis import strategies as st
from resolvers import resolving

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.http import Client
from genxai_nb.tools.http.cookies import Cookies, origin_of

INNER = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://localhost./",
    "http://a.localhost/",
    "http://127.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://１２７.０.０.１/",
    "http://①②⑦.0.0.1/",
    "http://localhost。/",
    "http://127。0。0。1/",
    "http://ⓛocalhost/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/",
    "http://[fd00:ec2::254]/",
    "http://100.64.0.1/",
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://192.0.0.192/",
    "http://224.0.0.1/",
    "http://[fe80::1]/",
    "http://[2001:db8::1]/",
]
MALFORMED = [
    "http://user@example.com/",
    "http://user:word@example.com/",
    "http://example.com@127.0.0.1/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:text/plain,x",
    "ftp://example.com/",
    "http:///path",
    "//example.com",
    "http://exam ple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com\r\nHost: inner/",
    "http://example.com:99999/",
    "http://%31%32%37.0.0.1/",
    "http://[::1%25lo]/",
    "http://stra\u00dfe.example/",
    "http://STRA\u1e9eE.example/",
    "http://\u03c3\u03b1\u03c2.example/",
    "http://a\u200db.example/",
    "http://a<b.example/",
    "http://127.0.0.1;x/",
    "http://a,b.example/",
    "",
    "x" * 9000,
]


@pytest.fixture(scope="module")
def server():
    with hostile_server() as running:
        yield running


def allowing(server, **more) -> Client:
    """A client that may reach the server, by name."""
    return Client([Policy(hosts=(server.host,))], **more)


@pytest.mark.parametrize("url", INNER + MALFORMED)
async def test_inner_and_malformed_urls_are_refused(url: str):
    """No name is looked up and no connection made for a URL that leads inside or hides where it leads."""
    look_up, asked = resolving(["93.184.216.34"])
    with pytest.raises(Denied):
        await Client([Policy()], resolve=look_up).request("GET", url)
    assert asked == []


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"], ["0.0.0.0"]],
)
async def test_names_that_resolve_inside_are_refused(addresses: list[str]):
    """One address that is not public is enough, also beside a public one."""
    look_up, _ = resolving(addresses)
    with pytest.raises(Denied, match="private or reserved"):
        await Client([Policy()], resolve=look_up).request("GET", "http://rebind.example/")


async def test_a_name_that_rebinds_is_looked_up_once_a_connection(server):
    """The connection goes to the address that was checked, and the next one is checked again."""
    look_up, asked = resolving(["127.0.0.1"], ["10.0.0.9"])
    client = Client([Policy(hosts=(f"first.example:{server.port}", "*"))], resolve=look_up)
    first = await client.request("GET", f"http://first.example:{server.port}/echo")
    assert json.loads(first.text)["headers"]["host"] == f"first.example:{server.port}"
    assert asked == ["first.example"]
    with pytest.raises(Denied, match="10.0.0.9"):
        await client.request("GET", f"http://second.example:{server.port}/echo")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["http://localhost/", "http://169.254.169.254/", "file:///etc/passwd", "//10.0.0.1/"]
)
async def test_redirects_inside_are_refused(server, status: int, target: str):
    """Each hop is checked like the first one."""
    with pytest.raises(Denied):
        await allowing(server).request("GET", f"{server.url}/redirect?status={status}&to={target}")


async def test_redirects_are_followed_and_counted(server):
    """A chain within the limit arrives, a longer one is an error that names its last target."""
    answer = await allowing(server).request("GET", f"{server.url}/hops?n=3")
    assert (answer.text, len(answer.hops)) == ("arrived", 3)
    with pytest.raises(ToolFailed, match="more than 2 times"):
        await allowing(server).request("GET", f"{server.url}/hops?n=3", redirects=2)
    stood = await allowing(server).request("GET", f"{server.url}/hops?n=3", redirects=0)
    assert stood.status == 302


async def test_headers_and_credentials_stay_at_their_origin(server):
    """A redirect to another origin carries neither credentials nor headers nor cookies."""
    with hostile_server() as other:
        client = Client([Policy(hosts=(server.host, other.host))])
        client.cookies.add(client.check(server.url), {"session": "abc"})
        await client.request(
            "GET",
            f"{server.url}/redirect?to={other.url}/echo",
            headers={"X-Api-Key": "k"},
            credentials={"Authorization": "Bearer t"},
        )
        first, second = server.seen[-1][2], other.seen[-1][2]
    assert (first["x-api-key"], first["authorization"], first["cookie"]) == ("k", "Bearer t", "session=abc")
    assert not {"x-api-key", "authorization", "cookie"} & second.keys()


async def test_cookies_stay_at_the_port_that_set_them(server):
    """A cookie goes to the origin that set it, on direct calls and on redirects, and to no other port of its host."""
    with hostile_server() as other:
        client = Client([Policy(hosts=(server.host, other.host))])
        await client.request("GET", f"{server.url}/cookie?value=ours")
        await client.request("GET", f"{other.url}/echo")
        await client.request("GET", f"{server.url}/redirect?to={other.url}/cookie")
        assert [headers.get("cookie") for _, _, headers, _ in other.seen] == [None, None]
        await client.request("GET", f"{other.url}/redirect?to={server.url}/echo")
        assert other.seen[-1][2]["cookie"] == "session=x"
        assert server.seen[-1][2]["cookie"] == "session=ours"


async def test_cookies_stay_at_the_scheme_that_set_them(server):
    """What was set over one scheme is not sent over the other, at the same host and port."""
    client = allowing(server)
    client.cookies.add(client.check(server.url.replace("http:", "https:")), {"session": "abc"})
    await client.request("GET", f"{server.url}/echo")
    assert "cookie" not in server.seen[-1][2]
    client.cookies.add(client.check(server.url), {"session": "abc"})
    await client.request("GET", f"{server.url}/echo")
    assert server.seen[-1][2]["cookie"] == "session=abc"


@pytest.mark.parametrize(
    "host", ["shop.example", "localhost:8000", "10.0.0.7", "[fd00::7]:8000", "[::ffff:10.0.0.7]"]
)
def test_cookies_that_were_given_go_to_any_kind_of_host(host):
    """A name, one without a dot, and addresses of both kinds."""
    cookies, request = Cookies(), httpx2.Request("GET", f"http://{host}/")
    cookies.add(origin_of(request.url), {"session": "abc"})
    cookies.put(request)
    assert request.headers["cookie"] == "session=abc"


async def test_cookies_of_a_hostile_server_are_bounded(server):
    """Many and long cookies are not all kept, and none is sent on to what its domain asks for."""
    client = allowing(server)
    for number in range(70):
        await client.request("GET", f"{server.url}/cookie?name=n{number}&value=v")
    await client.request("GET", f"{server.url}/cookie?name=long&value={'x' * 5000}")
    assert len(client.cookies.names()) == 50
    assert "long" not in client.cookies.names()


async def test_cookies_of_the_old_kind_are_not_read(server, recwarn):
    """Set-Cookie2, which no browser reads, sets nothing and costs nothing."""
    answer = await allowing(server).request("GET", f"{server.url}/old_cookie")
    assert answer.text == "set"
    assert "set-cookie2" not in answer.headers
    assert list(recwarn) == []


async def test_a_redirected_body_goes_to_no_other_host(server):
    """A POST that is sent elsewhere by 307 is refused; to its own host it is repeated."""
    with hostile_server() as other:
        client = Client([Policy(hosts=(server.host, other.host))])
        with pytest.raises(Denied, match="another host"):
            await client.request(
                "POST", f"{server.url}/redirect?status=307&to={other.url}/echo", json={"a": 1}
            )
        assert other.seen == []
    answer = await client.request("POST", f"{server.url}/redirect?status=307&to=/echo", json={"a": 1})
    assert json.loads(json.loads(answer.text)["body"]) == {"a": 1}
    answer = await client.request("POST", f"{server.url}/redirect?status=303&to=/echo", json={"a": 1})
    assert (json.loads(answer.text)["method"], json.loads(answer.text)["body"]) == ("GET", "")


@pytest.mark.parametrize(
    "charset", ["hex", "zlib", "rot13", "undefined", "idna", "punycode", "\u00e4", "../x", ""]
)
async def test_a_charset_that_is_none_of_a_text_is_not_used(server, charset: str):
    """A server cannot choose a decoder that fails, runs code on the text or takes time squared."""
    body = b"h\xc3\xa9-" + b"a" * 300_000
    server.pages["/odd"] = (f"text/plain; charset={charset}", body)
    answer = await allowing(server).request("GET", f"{server.url}/odd")
    assert answer.text == body.decode()


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("iso-8859-1", b"\xe9"),
        ("windows-1252", b"\xe9"),
        ("utf-16", b"\xff\xfe\xe9\x00"),
        ("ISO8859_15", b"\xe9"),
    ],
)
async def test_a_charset_of_text_is_read(server, charset: str, body: bytes):
    """Texts in other charsets come as they are meant."""
    server.pages["/old"] = (f"text/plain; charset={charset}", body)
    assert (await allowing(server).request("GET", f"{server.url}/old")).text == "\u00e9"


@pytest.mark.parametrize("page", ["bomb?as=gzip", "bomb?as=deflate", "endless"])
async def test_large_bodies_are_cut(server, page: str):
    """A body is read up to the limit, however small it came or long it goes on."""
    answer = await allowing(server).request("GET", f"{server.url}/{page}", most=100_000)
    assert (len(answer.body), answer.truncated) == (100_000, True)


@pytest.mark.parametrize("body", [{"content": "x" * 2_000_001}, {"json": ["x" * 2_000_000]}])
async def test_what_is_sent_has_a_limit(server, body: dict):
    """A body above the limit is refused before a byte of it is sent."""
    before = len(server.seen)
    with pytest.raises(ToolFailed, match="2000000 is the most"):
        await allowing(server).request("POST", f"{server.url}/echo", **body)
    assert len(server.seen) == before


async def test_slow_bodies_end_in_time(server):
    """The time is for the whole request, not for each piece of it."""
    with pytest.raises(ToolFailed, match=r"not done within 0\.3 s"):
        await allowing(server).request("GET", f"{server.url}/slow", timeout=0.3)


@pytest.mark.parametrize("page", ["twice", "broken", "half", "rude", "cut"])
async def test_improper_answers_are_told_in_words(server, page: str):
    """What is no HTTP, or not what it says it is, is a tool's error."""
    with pytest.raises(ToolFailed):
        await allowing(server).request("GET", f"{server.url}/{page}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer x"),
        ("cookie", "a=b"),
        ("Host", "inner"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("X-A", "b\r\nX-C: d"),
        ("X A", "b"),
        ("X-A\n", "b"),
        ("", "b"),
        ("X-A", "ä"),
    ],
)
async def test_dangerous_headers_are_refused(server, name: str, value: str):
    """No header smuggles a second one, takes over the connection, or carries credentials."""
    before = len(server.seen)
    with pytest.raises(Denied):
        await allowing(server).request("GET", f"{server.url}/echo", headers={name: value})
    assert len(server.seen) == before


async def test_a_dead_port_and_an_unknown_name_are_told(server):
    """What cannot be reached is a tool's error that names the host."""
    with pytest.raises(ToolFailed, match="port 1"):
        await Client([Policy(hosts=("127.0.0.1",))]).request("GET", "http://127.0.0.1:1/")

    async def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(ToolFailed, match="cannot be found"):
        await Client([Policy()], resolve=nowhere).request("GET", "http://nowhere.example/")


async def test_all_policies_have_to_allow_a_host(server):
    """A host that one policy leaves out is refused, and one that only one names exactly is no private address."""
    for other in (Policy(hosts=("example.com",)), Policy(hosts=("*",)), Policy()):
        with pytest.raises(Denied):
            await Client([Policy(hosts=(server.host,)), other]).request("GET", f"{server.url}/echo")


@given(st.text(max_size=40))
async def test_any_text_is_a_url_or_is_refused(text: str):
    """No text makes the client fail in another way than in words, and none reaches a connection."""

    async def nowhere(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    for url in (text, f"http://{text}", f"https://example.com/{text}"):
        with pytest.raises(ToolFailed):
            await Client([Policy()], resolve=nowhere).request("GET", url)
