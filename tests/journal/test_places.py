"""Where a journal is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from genxai_nb.errors import SetupError
from genxai_nb.journal import MemoryStore, open_store
from genxai_nb.journal.opening import find_store, kinds, register_store
from genxai_nb.journal.places import on_network

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/ana/scratch rw shared:3 - ext4 /dev/vdb rw
32 22 0:42 / /mnt/with\040space rw - cifs //server/share rw
33 22 0:43 / /mnt/remote rw - fuse.sshfs host: rw
34 22 0:44 / /homework rw - ext4 /dev/vdc rw
35 22 0:45 / /run rw - tmpfs tmpfs rw
""".strip()


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/work/.genxai/journal.db", False),
        ("/home/ana/.genxai/journal.db", True),
        ("/home/ana/scratch/.genxai/journal.db", False),
        ("/mnt/with space/journal.db", True),
        ("/mnt/remote/journal.db", True),
        ("/homework/journal.db", False),
        ("/run/journal.db", False),
    ],
)
def test_network_file_systems_are_known(path, remote):
    """A path is on a network if the innermost mount above it is."""
    assert on_network(Path(path), MOUNTS) == remote


def test_this_machine(tmp_path):
    """The real mount table can be read."""
    assert on_network(tmp_path) in {True, False}


def test_default_place(tmp_path):
    """Without a setting the journal is in the working folder, and the same place is the same store."""
    store = open_store()
    assert store.url == str(tmp_path / ".genxai" / "journal.db")
    assert open_store(".genxai/journal.db") is store
    store.close()


def test_setting(tmp_path, monkeypatch):
    """GENXAI_STORE gives the default, an argument goes before it."""
    monkeypatch.setenv("GENXAI_STORE", str(tmp_path / "other.db"))
    store = open_store()
    assert store.url == str(tmp_path / "other.db")
    assert isinstance(open_store(":memory:"), MemoryStore)
    assert open_store(":memory:") is open_store(":memory:")
    store.close()


def test_unknown_kind_of_store():
    """A kind of store that there is not is refused, and a password in its address is not repeated."""
    with pytest.raises(SetupError, match="'mongodb://'") as caught:
        open_store("mongodb://ana:hush@host/db")
    assert "hush" not in str(caught.value)


def test_looking_into_a_journal_makes_none(tmp_path):
    """Where there is no file an empty journal is given and nothing is made; else it is the one that is there."""
    place = tmp_path / "new" / "journal.db"
    assert find_store(str(place)).runs() == []
    assert not place.parent.exists()

    store = open_store(str(place))
    assert find_store(str(place)) is store
    assert find_store(":memory:") is open_store(":memory:")
    with pytest.raises(SetupError):
        find_store("mongodb://host/db")
    store.close()


def test_a_registered_kind_of_store_is_opened_by_its_url():
    """A URL goes to whoever was registered for its scheme, as it is; a misspelt scheme is told the right one."""
    asked = []

    def make(url):
        asked.append(url)
        return MemoryStore()

    register_store("shelf", make)
    store = open_store("shelf://one/two")
    assert asked == ["shelf://one/two"]
    assert open_store("shelf://one/two") is find_store("shelf://one/two") is store
    assert "shelf" in kinds()
    with pytest.raises(SetupError, match="Did you mean 'shelf'"):
        open_store("shelv://one/two")
