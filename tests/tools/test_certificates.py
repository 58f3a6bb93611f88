"""Certificates of servers: whose they have to be, and where one goes unchecked."""

from __future__ import annotations

import json
import ssl
import subprocess

import pytest
from hostile_web import hostile_server
from resolvers import resolving

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.http import Client
from genxai_nb.tools.http.client import unchecked


def certified(name: str) -> None:
    """Make a certificate for a host that only it vouches for."""
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "key.pem", "-out", "cert.pem"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", *made, *names], check=True, capture_output=True)


@pytest.mark.needs("openssl")
async def test_certificates_are_checked_for_the_name_and_not_the_address(tmp_path):
    """A connection goes to the checked address and the certificate has to be that of the name."""
    certified("first.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain("cert.pem", "key.pem")
    with hostile_server(serving) as server:
        look_up, _ = resolving(["127.0.0.1"])
        known = ssl.create_default_context(cafile="cert.pem")
        hosts = (f"first.example:{server.port}", f"second.example:{server.port}")
        client = Client([Policy(hosts=hosts)], resolve=look_up, verify=known)
        answer = await client.request("GET", f"https://first.example:{server.port}/echo")
        assert json.loads(answer.text)["method"] == "GET"
        with pytest.raises(ToolFailed, match=r"(?i)certificate"):
            await client.request("GET", f"https://second.example:{server.port}/echo")
        client = Client([Policy(hosts=hosts)], resolve=look_up)
        with pytest.raises(ToolFailed, match=r"(?i)certificate"):
            await client.request("GET", f"https://first.example:{server.port}/echo")


@pytest.mark.needs("openssl")
async def test_a_certificate_goes_unchecked_at_its_host_only(tmp_path):
    """A host whose certificate is not looked at cannot send on to another one, which would not be looked at either."""
    certified("first.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain("cert.pem", "key.pem")
    with hostile_server(serving) as first, hostile_server(serving) as second:
        look_up, _ = resolving(["127.0.0.1"])
        url, other = f"https://first.example:{first.port}", f"https://second.example:{second.port}"
        policies = [Policy(hosts=(f"first.example:{first.port}", f"second.example:{second.port}"))]
        client = Client(policies, resolve=look_up, verify=unchecked(policies, url))
        answer = await client.request("GET", f"{url}/redirect?to=/echo")
        assert json.loads(answer.text)["method"] == "GET"
        with pytest.raises(Denied, match="certificate"):
            await client.request("GET", f"{url}/redirect?to={other}/echo")
        assert second.seen == []
