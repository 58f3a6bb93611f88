"""Mail to a real server, Slack, Twilio and webhooks to the wire: what arrives, and what never leaves."""

from __future__ import annotations

import hmac
import secrets
from types import SimpleNamespace

import pytest
from asking import asking_once
from hypothesis import given
from hypothesis import strategies as st
from receivers import Mailbox, Wire, mail_server, wire

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.builtin.communication.mail import _address
from genxai_nb.tools.builtin.communication.notification import Channels, Email, Slack, Sms, Webhook
from genxai_nb.tools.registry import find

mail, slack, sms = find("email_sender"), find("slack_notifier"), find("sms_sender")
webhook, notify = find("webhook_caller"), find("notification_manager")

KEY = "correct-horse-battery"
OPEN = {"policy": Policy(otherwise="allow")}


@pytest.fixture(scope="module")
def mail_place():
    with mail_server() as served:
        yield served


@pytest.fixture
def mailbox(mail_place, monkeypatch) -> Mailbox:
    """An empty mailbox behind the connection office."""
    address, box = mail_place
    box.envelopes.clear()
    box.refused.clear()
    monkeypatch.setenv(
        "GENXAI_CONNECTION_OFFICE", f"smtp://{address}?from=office@example.org&name=The Office&starttls=never"
    )
    return box


@pytest.fixture
def service(monkeypatch):
    """A wire behind the connections team, phone and hook."""
    with wire() as (address, kept):
        monkeypatch.setenv("GENXAI_CONNECTION_TEAM", f"http://{address}/services/T0/B0/{KEY}")
        monkeypatch.setenv("GENXAI_CONNECTION_PHONE", f"twilio+http://AC12:{KEY}@{address}?from=+15550100100")
        monkeypatch.setenv("GENXAI_CONNECTION_HOOK", f"http://{address}/hook?key={KEY}")
        monkeypatch.setenv("GENXAI_CONNECTION_SIGNING", KEY)
        kept.address = address
        sent = '{"sid": "SM9", "status": "queued"}'
        kept.answer("/2010-04-01/Accounts/AC12/Messages.json", 201, sent)
        yield kept


async def test_mail_arrives(mailbox: Mailbox, tmp_path):
    """Text, copies and attachments arrive; a blind copy stands in no header."""
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", "utf-8")
    sent = await mail(
        "office", ["ann@example.org"], "Grüße", "Hallo Ann,\n\nbis bald.", cc=["bob@example.org"],
        bcc=["cyd@example.org"], reply_to="dan@example.org", attachments=["table.csv"],
    )  # fmt: skip
    (envelope,) = mailbox.envelopes
    assert envelope.rcpt_tos == ["ann@example.org", "bob@example.org", "cyd@example.org"] == sent.accepted
    got = envelope.mail
    assert (got["From"], got["To"], got["Subject"]) == (
        "The Office <office@example.org>",
        "ann@example.org",
        "Grüße",
    )
    assert got["Reply-To"] == "dan@example.org"
    assert "cyd" not in got.as_string()
    assert got.get_body().get_content() == "Hallo Ann,\n\nbis bald.\n"
    (attachment,) = got.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == ("table.csv", "text/csv")
    assert attachment.get_content() == "a,b\n1,2\n"


async def test_mail_made_again_has_the_same_id(mailbox: Mailbox):
    """A mail that a resumed run sends again carries the same Message-ID."""
    run = SimpleNamespace(run_id="", policies=(), idempotency_key="k9")
    for _ in range(2):
        await mail("office", ["ann@example.org"], "Hi", "Hi", context=run)
    assert {envelope.mail["Message-ID"] for envelope in mailbox.envelopes} == {"<k9@genxai-nb.invalid>"}


async def test_html_and_international_domains(mailbox: Mailbox):
    """HTML is sent as such; a domain with other letters goes out in its ASCII form."""
    await mail("office", ["ann@bücher.example"], "Hi", "<b>Hi</b>", html=True)
    assert mailbox.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]
    assert mailbox.envelopes[0].mail.get_content_type() == "text/html"


async def test_refused_recipients_are_reported(mailbox: Mailbox):
    """Who was refused is told beside who was not; all refused is an error."""
    mailbox.refused = {"bob@example.org"}
    sent = await mail("office", ["ann@example.org", "bob@example.org"], "Hi", "Hi")
    assert sent.accepted == ["ann@example.org"]
    assert "no such mailbox" in sent.refused["bob@example.org"]
    with pytest.raises(ToolFailed, match="refused all recipients: bob@example.org"):
        await mail("office", ["bob@example.org"], "Hi", "Hi")


INJECTED = [
    {"to": ["ann@example.org\nBcc: eve@example.org"]},
    {"to": ["ann@example.org\r\nSubject: x"]},
    {"to": ["ann@example.org, eve@example.org"]},
    {"to": ["Ann <ann@example.org>"]},
    {"to": ["ann@example.org>"]},
    {"to": ["ann@example.org\x00"]},
    {"to": ["@example.org"]},
    {"to": ["ann@localhost"]},
    {"to": ["ann@exam\u200bple.org"]},
    {"to": ["ann@example.org\u202e"]},
    {"to": ["|/bin/sh@example.org;x"]},
    {"cc": ["a@b.org\nX: y"]},
    {"bcc": ["a@b.org\nX: y"]},
    {"reply_to": "a@b.org\nX: y"},
    {"subject": "Hi\nBcc: eve@example.org"},
    {"subject": "Hi\r\n\r\nbody"},
    {"subject": "Hi\u2028x"},
    {"subject": "Hi \u202egpj.exe"},
    {"attachments": ["../outside.txt"]},
    {"attachments": ["/etc/passwd"]},
    {"attachments": ["missing.txt"]},
]


@pytest.mark.parametrize("odd", INJECTED)
async def test_mail_injection_is_refused(odd: dict, mailbox: Mailbox):
    """No argument makes a header, a recipient or an attachment that it should not."""
    with pytest.raises((Denied, ToolFailed)):
        await mail(
            **{"connection": "office", "to": ["ann@example.org"], "subject": "Hi", "body": "Hi", **odd}
        )
    assert mailbox.envelopes == []


async def test_body_cannot_end_the_mail(mailbox: Mailbox):
    """A lone dot in the text is text."""
    await mail("office", ["ann@example.org"], "Hi", "one\n.\nMAIL FROM:<eve@example.org>\n")
    assert len(mailbox.envelopes) == 1
    assert mailbox.envelopes[0].mail.get_content() == "one\n.\nMAIL FROM:<eve@example.org>\n"


async def test_too_much_is_refused(mailbox: Mailbox, tmp_path):
    """Attachments have a limit, and a run has one of recipients."""
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(ToolFailed, match="more than 10000000 bytes"):
        await mail("office", ["ann@example.org"], "Hi", "Hi", attachments=["large.bin"])
    run = SimpleNamespace(run_id=f"r{secrets.token_hex(4)}", policies=())
    everybody = [f"a{n}@example.org" for n in range(20)]
    for _ in range(5):
        await mail("office", everybody, "Hi", "Hi", context=run)
    with pytest.raises(Denied, match="This run has sent 100 messages"):
        await mail("office", ["ann@example.org"], "Hi", "Hi", context=run)


async def test_password_is_never_sent_in_the_clear(monkeypatch, mail_place):
    """A connection that would send its password without TLS is refused; errors do not repeat it."""
    monkeypatch.setenv(
        "GENXAI_CONNECTION_OFFICE", f"smtp://office:{KEY}@{mail_place[0]}?from=a@b.org&starttls=never"
    )
    with pytest.raises(ToolFailed, match="its password in the clear"):
        await mail("office", ["ann@example.org"], "Hi", "Hi")
    monkeypatch.setenv("GENXAI_CONNECTION_OFFICE", f"smtp://office:{KEY}@{mail_place[0]}?from=a@b.org")
    with pytest.raises(ToolFailed, match="Mail server 'office'") as caught:
        await mail("office", ["ann@example.org"], "Hi", "Hi")
    assert KEY not in str(caught.value)


async def test_slack_takes_text_and_nothing_more(service: Wire):
    """What would call a channel, or show a link under another face, is plain text."""
    await slack(
        "team", "<!channel> <https://evil.example|bank> & @here", username="bot", icon_emoji=":robot_face:"
    )
    (request,) = service.requests
    assert request["path"] == f"/services/T0/B0/{KEY}"
    assert request["body"]["text"] == "&lt;!channel&gt; &lt;https://evil.example|bank&gt; &amp; @\u200bhere"
    assert request["body"]["username"] == "bot"
    assert not request["body"]["link_names"]


@pytest.mark.parametrize(
    "odd", [{"username": "a\nb"}, {"icon_emoji": "http://x/y.png"}, {"channel": "#a\u202e"}]
)
async def test_slack_refuses_odd_names(odd: dict, service: Wire):
    """Names with hidden characters, and pictures from elsewhere, are refused."""
    with pytest.raises(Denied):
        await slack("team", "Hi", **odd)
    assert service.requests == []


async def test_slack_failure_is_told(service: Wire):
    """What Slack says against a message reaches the model, without the webhook's address; a redirect is no success."""
    service.answer(f"/services/T0/B0/{KEY}", 404, "no_service")
    with pytest.raises(ToolFailed, match="did not take the message: 404 no_service") as caught:
        await slack("team", "Hi")
    assert KEY not in str(caught.value)
    service.answer(f"/services/T0/B0/{KEY}", 302, "", location="http://169.254.169.254/")
    with pytest.raises(ToolFailed, match="302"):
        await slack("team", "Hi")


async def test_a_deep_answer_of_twilio_is_told(service: Wire):
    """What no reader of JSON gets to the end of is a failure in words."""
    service.answer("/2010-04-01/Accounts/AC12/Messages.json", 200, '{"sid": ' + "[" * 100_000)
    with pytest.raises(ToolFailed, match="was not sent: 200"):
        await sms("phone", "+4930901820", "Hi")


async def test_sms_speaks_twilio(service: Wire):
    """Number, sender and text go as a form, the token as basic authentication."""
    sent = await sms("phone", "+4930901820", "Hello & goodbye")
    assert (sent.id, sent.status) == ("SM9", "queued")
    (request,) = service.requests
    assert request["body"] == {"To": "+4930901820", "From": "+15550100100", "Body": "Hello & goodbye"}
    assert request["headers"]["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "number",
    ["", "030", "+0123456789", "+49 30 1", "+4930901820,+4930901821", "+49309018200000000", "＋4930901820"],
)
async def test_odd_numbers_are_refused(number: str, service: Wire):
    """Only one number in the international form is one."""
    with pytest.raises(Denied, match="is no phone number"):
        await sms("phone", number, "Hi")
    assert service.requests == []


async def test_sms_failure_is_told(service: Wire):
    """What Twilio says against a message reaches the model."""
    service.answer("/2010-04-01/Accounts/AC12/Messages.json", 400, '{"code": 21211, "message": "Invalid To"}')
    with pytest.raises(ToolFailed, match="was not sent: 400 Invalid To"):
        await sms("phone", "+4930901820", "Hi")


async def test_webhook_is_signed(service: Wire):
    """A named key signs exactly the bytes that are sent; the receiver's JSON comes back."""
    service.answer("/hook", 201, '{"id": 7}')
    run = SimpleNamespace(policies=(), run_id="", idempotency_key="k1")
    made = await webhook(connection="hook", payload={"a": [1, "ä"]}, signing_key="signing", context=run)
    assert (made.status, made.ok, made.json) == (201, True, {"id": 7})
    (request,) = service.requests
    wanted = hmac.digest(KEY.encode(), request["raw"], "sha256").hex()
    assert request["headers"]["x-genxai-signature"] == f"sha256={wanted}"
    assert request["headers"]["idempotency-key"] == "k1"
    assert request["body"] == {"a": [1, "ä"]}


@pytest.mark.parametrize(
    "odd",
    [
        {"url": "http://127.0.0.1:9/"},
        {"url": "http://localhost./"},
        {"url": "http://[::ffff:127.0.0.1]/"},
        {"url": "http://169.254.169.254/latest"},
        {"url": "http://2130706433/"},
        {"url": "file:///etc/passwd"},
        {"url": "http://user:word@example.org/"},
        {"url": "https://example.org/", "headers": {"Authorization": "Bearer x"}},
        {"url": "https://example.org/", "headers": {"X-A": "b\r\nX-C: d"}},
        {"url": "https://example.org/", "headers": {"Host": "evil.example"}},
        {"url": "https://example.org/", "connection": "hook"},
        {},
        {"connection": "hook", "payload": {"a": "x" * 1_000_001}},
    ],
)
async def test_webhook_abuse_is_refused(odd: dict, service: Wire):
    """Private addresses, credentials and split headers are refused before a byte is sent."""
    with pytest.raises((Denied, ToolFailed)):
        await webhook(**odd)
    assert service.requests == []


async def test_connection_reaches_its_own_host_only(service: Wire):
    """A webhook that redirects is not followed, and a policy's list of hosts holds for connections too."""
    service.answer("/hook", 307, "", location=f"http://{service.address}/other")
    made = await webhook(connection="hook")
    assert (made.status, made.ok) == (307, True)
    assert [request["path"].partition("?")[0] for request in service.requests] == ["/hook"]
    strict = SimpleNamespace(policies=(Policy(hosts=("example.org",)),), run_id="")
    with pytest.raises(Denied, match="The host of connection 'hook' is not allowed by the policy"):
        await webhook(connection="hook", context=strict)


async def test_notification_sends_on_each_channel_and_reports_each(mailbox: Mailbox, service: Wire):
    """All channels get the message; one that fails is reported beside the others."""
    service.answer("/hook", 500, "broken")
    made = await notify(
        "The run is done.",
        Channels(Email("office", ["ann@example.org"]), Slack("team"), Sms("phone", "+4930901820"), Webhook("hook")),
        title="Run r7", priority="high",
    )  # fmt: skip
    assert (made.sent, made.failed) == (3, 1)
    assert {name: told.sent for name, told in made.channels.items()} == {
        "email": True, "slack": True, "sms": True, "webhook": False,
    }  # fmt: skip
    assert "status 500" in made.channels["webhook"].error
    assert mailbox.envelopes[0].mail["Subject"] == "[high] Run r7"
    by_path = {request["path"].partition("?")[0]: request["body"] for request in service.requests}
    assert by_path["/hook"] == {"title": "[high] Run r7", "message": "The run is done.", "priority": "high"}
    assert "*[high] Run r7*" in by_path[f"/services/T0/B0/{KEY}"]["text"]


async def test_notification_that_nobody_got_is_an_error(service: Wire):
    """With no channel that works, the tool fails with each reason."""
    with pytest.raises(ToolFailed, match="Nothing was sent. sms: '030' is no phone number"):
        await notify("Hi", Channels(sms=Sms("phone", "030")))
    with pytest.raises(ToolFailed, match="'channels.pigeon' is {}: Unexpected keyword"):
        notify.validate({"message": "Hi", "channels": {"pigeon": {}}})


def test_policy_sees_every_recipient(monkeypatch):
    """All recipients of a mail or notification are subjects of the policy, whatever their letters' case."""
    seen = list(
        mail.traits.subjects(
            {"to": ["Ann@Example.org"], "bcc": ["eve@evil.example"], "attachments": ["a.txt"]}
        )
    )
    assert seen == [("recipients", "ann@example.org"), ("recipients", "eve@evil.example"), ("roots", "a.txt")]
    asked = {"email": {"connection": "office", "to": ["a@b.org"]}, "sms": {"to_number": "+4930901820"}}
    assert list(notify.traits.subjects({"channels": asked})) == [
        ("recipients", "a@b.org"),
        ("recipients", "+4930901820"),
    ]
    assert slack.traits.subjects({"connection": "team", "channel": "#Ops"}) == [
        ("recipients", "slack:team/#ops")
    ]


def test_agent_may_write_to_those_that_its_policy_lists(mailbox: Mailbox):
    """A mail to a listed recipient is sent and its id comes back; one to another is denied, one without leave is asked about."""
    asked = {"connection": "office", "to": ["ann@example.org"], "subject": "Hi", "body": "Hi"}
    listed = Policy(allow=("send", "network", "secret"), recipients=("*@example.org",))
    answer, _ = asking_once("email_sender", asked, policy=listed)
    assert mailbox.envelopes[0].mail["Message-ID"] in answer
    denied, _ = asking_once("email_sender", {**asked, "bcc": ["eve@evil.example"]}, policy=listed)
    assert "eve@evil.example" in denied
    assert "is not among those" in denied
    nobody, _ = asking_once("email_sender", asked)
    assert "nobody is there to ask" in nobody
    assert len(mailbox.envelopes) == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("sms_sender", {"connection": "phone", "to_number": "+4930901820", "message": "Hi"}),
        ("webhook_caller", {"connection": "hook", "payload": {}}),
        ("slack_notifier", {"connection": "team", "message": "Hi"}),
        (
            "notification_manager",
            {
                "message": "Hi",
                "channels": {"slack": {"connection": "team"}, "webhook": {"connection": "hook"}},
            },
        ),
    ],
)
def test_agent_tells_what_only_the_service_knows(name: str, arguments: dict, service: Wire):
    """An agent answers with a value that only the service gave, and never sees a key."""
    word = secrets.token_hex(8)
    service.answer("/2010-04-01/Accounts/AC12/Messages.json", 201, f'{{"sid": "{word}", "status": "queued"}}')
    service.answer("/hook", 200, f'{{"word": "{word}"}}')
    service.answer(f"/services/T0/B0/{KEY}", 404, f"no_channel_{word}")
    answer, script = asking_once(name, arguments, **OPEN)
    assert word in answer
    assert KEY not in repr(script.requests)


@given(st.text(max_size=40) | st.from_regex(r'[a-z.@"<>,\[\]: %-]{1,30}@[a-z.0-9-]{1,20}', fullmatch=True))
def test_any_text_is_one_address_or_none(text: str):
    """What is taken as an address is one address, so that a policy's list means whom it names."""
    try:
        address = _address(text)
    except ToolFailed:
        return
    assert address.count("@") == 1
    assert not any(character <= " " or character in ',;:<>"()[]\\' for character in address)
