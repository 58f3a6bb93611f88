"""Addresses: read in one way, inside or outside, and told only where they are no secret."""

from __future__ import annotations

import subprocess
import sys

import httpx2
import pytest
from hostile_web import hostile_server
from hypothesis import given, settings
from hypothesis import strategies as st

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.urls import read_url
from genxai_nb.tools.http.cookies import origin_of
from genxai_nb.tools.registry import find

slack, webhook = find("slack_notifier"), find("webhook_caller")

KEY = "correct-horse-battery"

OWN = """
import asyncio
from genxai_nb.errors import Denied
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.http import Client
from genxai_nb.tools.http.client import unchecked

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "0.0.0.0", 0)
    url = f"http://93.184.216.34:{server.sockets[0].getsockname()[1]}/"
    print((await Client([Policy(hosts=("93.184.216.34",))]).request("GET", url)).text)
    try:
        await Client([Policy()]).request("GET", url)
    except Denied as exc:
        print(exc.what)

asyncio.run(main())
"""


@pytest.mark.needs("ip")
@pytest.mark.needs("unshare")
def test_this_machine_is_inside_at_whichever_address():
    """A server of this machine that listens on all addresses is not reached by a public one of them either."""
    within = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces here")
    steps = 'ip link set lo up && ip address add 93.184.216.34/32 dev lo && exec "$0" -c "$1"'
    done = subprocess.run(
        [*within, "sh", "-c", steps, sys.executable, OWN],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["hi", "Host '93.184.216.34' is an address of this machine."], (
        done.stderr
    )


_TRICKS = ["example.com", "127.0.0.1", "0x7f", "::1", "xn--", "http:", "//", "80", "%2e", "%40", "\u200d"]
_TRICKY = st.lists(
    st.one_of(st.sampled_from(_TRICKS), st.sampled_from("[]@:/?#.;<^_*\uff11\u3002\u00df\u0131\u212a"))
)


@settings(max_examples=2000)
@given(st.one_of(_TRICKY.map("".join), st.text(max_size=10)))
def test_a_url_leads_where_it_was_read_to_lead(text: str):
    """What is checked and what is connected to are the same host and port, however they are written."""
    url = f"http://{text}"
    try:
        target = read_url(url)
    except Denied:
        return
    try:
        sent = httpx2.URL(url)
    except httpx2.InvalidURL:
        return
    assert origin_of(sent) == target


@pytest.mark.parametrize(
    "page",
    [
        "/slow/{key}",
        "/rude/{key}",
        "/broken/{key}",
        "/x y/{key}",
        "://{key}@there/",
        "/" + "x" * 300 + "{key}",
    ],
)
async def test_a_secret_address_is_not_told(monkeypatch, page: str):
    """Whatever becomes of a request to it, an address that is a secret stands in no error."""
    with hostile_server() as server:
        odd = page.format(key=KEY)
        address = f"http{odd}" if odd.startswith(":") else f"{server.url}{odd}"
        monkeypatch.setenv("GENXAI_CONNECTION_TEAM", address)
        for send in (slack("team", "Hi", timeout=1), webhook(connection="team", timeout=1)):
            try:
                said = str(await send)
            except ToolFailed as exc:
                said = str(exc)
            assert KEY not in said
            assert "x" * 100 not in said
