"""Sessions that int128/kubelogin left behind: found, read with suspicion, never changed."""

import base64
import fcntl
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.compat.upstream_keys import UpstreamOptions
from kubelogin_py.compat.upstream_sessions import (
    SIZE_LIMIT,
    Finding,
    UpstreamSession,
    read_disk,
    read_keyring,
    to_session,
)
from kubelogin_py.errors import StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

KEY = "b777b49f502e5fbd70ef10adc8d0e426c528df5c078a254a3db1a4a5d823cf75"
OTHER = "65711c79ea013d7e4ea26f320b6470f4c9e91eb9b3f472562fc9563d949073ab"
CONTENT = '{"id_token":"a.b.c","refresh_token":"R"}'
SESSION = UpstreamSession(KEY, Secret("a.b.c"), Secret("R"))
OPTIONS = UpstreamOptions("https://issuer.example.com", "YOUR_CLIENT_ID")


class FakeClock:
    """Time that passes only in ``sleep``; ``meanwhile`` is what happens during the first one."""

    def __init__(self, meanwhile=None):
        self.time = 100.0
        self.meanwhile = meanwhile

    def now(self):
        return self.time

    def monotonic(self):
        return self.time

    def sleep(self, seconds):
        assert seconds > 0
        self.time += seconds
        if self.meanwhile:
            self.meanwhile()
            self.meanwhile = None


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "oidc-login"
    made.mkdir(mode=0o700)
    return made


def write(directory, content=CONTENT, key=KEY, mode=0o600):
    path = directory / key
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def look(directory, *keys, clock=None, wait=1.0):
    clock = clock or FakeClock()
    return read_disk(directory, keys or (KEY,), clock=clock, deadline=clock.monotonic() + wait)


def hold(path, how=fcntl.LOCK_EX):
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, how)
    return descriptor


def tree(directory):
    """Names, contents, modes and times of everything in a directory."""
    return {
        entry.name: (entry.read_bytes(), entry.stat().st_mode, entry.stat().st_mtime_ns)
        for entry in directory.iterdir()
    }


def test_a_session_is_read(directory):
    write(directory)

    assert look(directory) == Finding(SESSION)


def test_reading_changes_nothing(directory):
    write(directory)
    (directory / f"{KEY}.lock").touch(mode=0o600)
    write(directory, key=OTHER, content="damaged", mode=0o644)
    before = tree(directory)

    look(directory, KEY, OTHER)

    assert tree(directory) == before


def test_no_lock_file_is_made(directory):
    write(directory)

    look(directory)

    assert [entry.name for entry in directory.iterdir()] == [KEY]


@pytest.mark.parametrize("missing", ["directory", "file"])
def test_nothing_there_is_a_silent_miss(directory, missing):
    assert look(directory / "none" if missing == "directory" else directory) == Finding()


@pytest.mark.parametrize(
    ("content", "id_token", "refresh_token"),
    [
        pytest.param('{"id_token":"a.b.c"}', Secret("a.b.c"), None, id="no refresh token"),
        pytest.param('{"refresh_token":"R"}', None, Secret("R"), id="no token"),
        pytest.param('{"id_token":"","refresh_token":"R"}', None, Secret("R"), id="empty token"),
        pytest.param('{"refresh_token":"R","more":[1]}', None, Secret("R"), id="unknown member"),
    ],
)
def test_members_left_out_are_absent(directory, content, id_token, refresh_token):
    write(directory, content)

    assert look(directory).session == UpstreamSession(KEY, id_token, refresh_token)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param(CONTENT[:-1], id="truncated"),
        pytest.param(b"\x00\xff" * 50, id="binary"),
        pytest.param("[]", id="list"),
        pytest.param('"a.b.c"', id="string"),
        pytest.param("{}", id="no tokens"),
        pytest.param('{"id_token":1,"refresh_token":"R"}', id="number for a token"),
        pytest.param('{"id_token":"a.b.c","refresh_token":null}', id="null for a token"),
        pytest.param('{"id_token":"a.b.c","refresh_token":["R"]}', id="list for a token"),
        pytest.param('{"id_token":"a.b.c","id_token":"d.e.f"}', id="one member twice"),
        pytest.param('{"id_token":"a.b.c\\n"}', id="line break in a token"),
        pytest.param('{"refresh_token":"é"}', id="token that is not ASCII"),
        pytest.param(CONTENT + CONTENT, id="two documents"),
        pytest.param("[" * 100_000, id="deeply nested"),
        pytest.param(json.dumps({"id_token": "a" * SIZE_LIMIT}), id="larger than the limit"),
    ],
)
def test_content_that_is_not_a_session_is_a_miss_with_a_note_that_quotes_nothing(directory, content):
    write(directory, content)

    found = look(directory)

    assert found.session is None
    assert len(found.notes) == 1
    assert "a.b.c" not in found.notes[0]
    assert found.notes[0].isprintable()


def plant_link(directory):
    (directory / KEY).symlink_to(write(directory, key="elsewhere"))


def plant_hard_link(directory):
    os.link(write(directory, key="elsewhere"), directory / KEY)


def plant_pipe(directory):
    os.mkfifo(directory / KEY, 0o600)


def plant_directory(directory):
    (directory / KEY).mkdir()


def plant_writable(directory):
    write(directory, mode=0o620)


def plant_unreadable(directory):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    write(directory, mode=0o000)


@pytest.mark.parametrize(
    "plant",
    [plant_link, plant_hard_link, plant_pipe, plant_directory, plant_writable, plant_unreadable],
    ids=lambda plant: plant.__name__,
)
def test_what_is_no_plain_file_of_ours_is_a_miss_with_a_note(directory, plant):
    plant(directory)

    found = look(directory)

    assert found.session is None
    assert len(found.notes) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["directory", "file"])
def test_what_belongs_to_another_user_is_a_miss_with_a_note(directory, what):
    path = write(directory)
    os.chown(directory if what == "directory" else path, 12345, -1)

    found = look(directory)

    assert found.session is None
    assert "another user" in found.notes[0]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_directory_that_others_can_write_is_not_used(directory, mode):
    write(directory)
    directory.chmod(mode)

    found = look(directory)

    assert found.session is None
    assert "written by other users" in found.notes[0]


def test_a_link_to_the_directory_is_followed(directory, tmp_path):
    write(directory)
    (tmp_path / "link").symlink_to(directory)

    assert look(tmp_path / "link").session == SESSION


def test_a_plain_file_in_place_of_the_directory_is_a_miss_with_a_note(tmp_path):
    (tmp_path / "file").touch()

    found = look(tmp_path / "file")

    assert found.session is None
    assert len(found.notes) == 1


def test_a_file_that_others_can_read_is_used_and_noted(directory):
    write(directory, mode=0o644)

    found = look(directory)

    assert found.session == SESSION
    assert "read it" in found.notes[0]


def test_the_session_written_last_is_taken(directory):
    os.utime(write(directory), (1, 1))
    write(directory, '{"refresh_token":"new"}', key=OTHER)

    assert look(directory, KEY, OTHER).session.refresh_token == Secret("new")


def test_a_damaged_session_does_not_hide_the_other(directory):
    os.utime(write(directory), (1, 1))
    write(directory, "damaged", key=OTHER)

    found = look(directory, KEY, OTHER)

    assert found.session == SESSION
    assert len(found.notes) == 1


def test_a_held_lock_is_waited_for(directory):
    write(directory, "half writ")
    holder = hold(directory / f"{KEY}.lock")

    def finish():
        write(directory)
        os.close(holder)

    assert look(directory, clock=FakeClock(meanwhile=finish)) == Finding(SESSION)


def test_a_lock_held_past_the_deadline_is_a_miss_with_a_note(directory):
    write(directory)
    clock = FakeClock()
    holder = hold(directory / f"{KEY}.lock")

    found = look(directory, clock=clock, wait=3.0)
    os.close(holder)

    assert found.session is None
    assert "another kubelogin" in found.notes[0]
    assert clock.time == pytest.approx(103.0)


def test_readers_do_not_keep_one_another_waiting(directory):
    write(directory)
    holder = hold(directory / f"{KEY}.lock", fcntl.LOCK_SH)

    found = look(directory, wait=0.0)
    os.close(holder)

    assert found.session == SESSION


def test_the_lock_is_free_after_reading(directory):
    write(directory)
    (directory / f"{KEY}.lock").touch(mode=0o600)

    look(directory)

    os.close(hold(directory / f"{KEY}.lock", fcntl.LOCK_EX | fcntl.LOCK_NB))


def test_a_lock_without_a_session_is_not_waited_for(directory):
    holder = hold(directory / f"{KEY}.lock")

    found = look(directory, wait=3.0)
    os.close(holder)

    assert found == Finding()


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_a_lock_that_is_no_plain_file_is_a_miss_with_a_note(directory, what):
    write(directory)
    if what == "link":
        (directory / f"{KEY}.lock").symlink_to(directory / KEY)
    else:
        os.mkfifo(directory / f"{KEY}.lock")

    found = look(directory)

    assert found.session is None
    assert len(found.notes) == 1


def open_descriptors():
    return len(list(Path("/dev/fd").iterdir()))


def test_no_descriptor_stays_open(directory):
    write(directory)
    (directory / f"{KEY}.lock").touch(mode=0o600)
    before = open_descriptors()

    for _ in range(3):
        look(directory)
        directory.chmod(0o777)
        look(directory)
        directory.chmod(0o700)

    assert open_descriptors() == before


class FakeKeyring:
    """Items by service and account; records what was asked for."""

    def __init__(self, *items, fault=None):
        self.items = dict(items)
        self.fault = fault
        self.asked = []

    def get(self, service, account):
        self.asked.append((service, account))
        if self.fault:
            raise self.fault
        return self.items.get((service, account))


def item(value, key=KEY):
    return (("kubelogin", f"kubelogin/tokencache/{key}"), value)


def look_in(keyring, *keys, directory=None, clock=None):
    clock = clock or FakeClock()
    return read_keyring(keyring, keys or (KEY,), directory=directory, clock=clock, deadline=101.0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(CONTENT, id="as is"),
        pytest.param("go-keyring-base64:" + base64.b64encode(CONTENT.encode()).decode(), id="base64 of macOS"),
        pytest.param("go-keyring-base64:" + base64.b64encode(CONTENT.encode()).decode() + "\n", id="line break"),
        pytest.param("go-keyring-encoded:" + CONTENT.encode().hex(), id="hex of old macOS"),
    ],
)
def test_a_keyring_item_is_read(value):
    assert look_in(FakeKeyring(item(value))) == Finding(SESSION)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("go-keyring-base64:!!!!", id="not base64"),
        pytest.param("go-keyring-base64:/w==", id="base64 of no text"),
        pytest.param("go-keyring-encoded:zz", id="not hex"),
        pytest.param("go-keyring-encoded:" + CONTENT, id="hex expected"),
        pytest.param("a" * (SIZE_LIMIT + 1), id="too large"),
        pytest.param('{"id_token":true}', id="wrong type"),
    ],
)
def test_a_damaged_keyring_item_is_a_miss_with_a_note(value):
    found = look_in(FakeKeyring(item(value)))

    assert found.session is None
    assert len(found.notes) == 1


def test_the_keyring_is_asked_for_every_name_until_one_is_there():
    keyring = FakeKeyring(item(CONTENT, OTHER))

    assert look_in(keyring, KEY, OTHER, "f" * 64).session.key == OTHER
    assert keyring.asked == [item("")[0], item("", OTHER)[0]]


def test_a_keyring_that_fails_is_asked_once():
    keyring = FakeKeyring(fault=StorageError("the keyring is locked"))

    assert look_in(keyring, KEY, OTHER) == Finding(None, ("the keyring is locked",))
    assert len(keyring.asked) == 1


def test_a_slow_keyring_is_left_at_the_deadline():
    clock = FakeClock()

    class Slow(FakeKeyring):
        def get(self, service, account):
            clock.sleep(0.4)
            return super().get(service, account)

    keyring = Slow()
    found = look_in(keyring, *(f"{number:064x}" for number in range(100)), clock=clock)

    assert len(keyring.asked) == 3
    assert found == Finding(None, ("the keyring took too long",))


def test_the_lock_holds_for_keyring_items_too(directory):
    holder = hold(directory / f"{KEY}.lock")
    keyring = FakeKeyring(item(CONTENT))

    found = look_in(keyring, directory=directory)
    os.close(holder)

    assert found.session is None
    assert keyring.asked == []


@pytest.mark.parametrize("there", [True, False])
def test_a_keyring_item_needs_no_lock_file(directory, there):
    assert look_in(FakeKeyring(item(CONTENT)), directory=directory if there else directory / "none").session == SESSION


CLAIMS = {
    "iss": OPTIONS.issuer,
    "sub": "alice",
    "aud": OPTIONS.client_id,
    "exp": 5000,
    "iat": 1400,
}
ACCESS_TOKEN_OPTIONS = replace(OPTIONS, use_access_token=True)


def token(*, header=None, **changes):
    """A token in form; a claim of ``None`` is left out."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    parts = (json.dumps(header or {"alg": "RS256"}), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def found_with(text, refresh_token="R"):
    return UpstreamSession(KEY, Secret(text), Secret(refresh_token) if refresh_token else None)


def test_a_found_session_becomes_ours():
    assert to_session(found_with(token()), OPTIONS) == Session(
        OPTIONS.issuer,
        OPTIONS.client_id,
        id_token=Secret(token()),
        refresh_token=Secret("R"),
        expires_at=5000.0,
        lifetime=3600.0,
    )


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        pytest.param(token(aud="https://api"), 3600.0, id="an audience of its own"),
        pytest.param(token(aud=None, sub=None), 3600.0, id="no audience, no subject"),
        pytest.param(token(header={"alg": "RS256", "typ": "at+jwt"}), 3600.0, id="typ of RFC 9068"),
        pytest.param(token(iat=None), None, id="no time of issue"),
    ],
)
def test_in_access_token_mode_it_is_the_access_token(text, lifetime):
    assert to_session(found_with(text), ACCESS_TOKEN_OPTIONS) == Session(
        OPTIONS.issuer,
        OPTIONS.client_id,
        access_token=Secret(text),
        refresh_token=Secret("R"),
        expires_at=5000.0,
        lifetime=lifetime,
    )


@pytest.mark.parametrize("issued_at", [5000, 6000])
def test_a_lifetime_that_makes_no_sense_is_unknown(issued_at):
    session = to_session(found_with(token(iat=issued_at)), OPTIONS)

    assert session.expires_at == 5000.0
    assert session.lifetime is None


UNUSABLE = [
    pytest.param(OPTIONS, "opaque", id="not a token"),
    pytest.param(OPTIONS, token(iss=OPTIONS.issuer + "/"), id="another issuer"),
    pytest.param(OPTIONS, token(iss=None), id="no issuer"),
    pytest.param(OPTIONS, token(aud="another"), id="another client"),
    pytest.param(OPTIONS, token(aud=[]), id="no audience"),
    pytest.param(OPTIONS, token(aud="not " + OPTIONS.client_id), id="client id inside another"),
    pytest.param(OPTIONS, token(exp=None), id="no end"),
    pytest.param(OPTIONS, token(exp="5000"), id="end that is text"),
    pytest.param(OPTIONS, token(header={"alg": "none"}), id="no algorithm"),
    pytest.param(ACCESS_TOKEN_OPTIONS, "opaque", id="opaque access token"),
    pytest.param(ACCESS_TOKEN_OPTIONS, token(iss="https://other"), id="access token of another issuer"),
    pytest.param(ACCESS_TOKEN_OPTIONS, token(exp=None), id="access token without end"),
    pytest.param(ACCESS_TOKEN_OPTIONS, token(iat="x"), id="access token with a time that is text"),
]


@pytest.mark.parametrize(("options", "text"), UNUSABLE)
def test_a_token_that_can_not_be_used_is_dropped_and_the_refresh_token_kept(options, text):
    assert to_session(found_with(text), options) == Session(
        OPTIONS.issuer, OPTIONS.client_id, refresh_token=Secret("R")
    )


@pytest.mark.parametrize(("options", "text"), UNUSABLE)
def test_without_a_refresh_token_nothing_is_left(options, text):
    assert to_session(found_with(text, refresh_token=None), options) is None


def test_one_audience_of_many_is_enough():
    text = token(aud=["api", OPTIONS.client_id])

    assert to_session(found_with(text), OPTIONS).id_token == Secret(text)


def test_a_refresh_token_alone_is_a_session():
    session = to_session(UpstreamSession(KEY, None, Secret("R")), OPTIONS)

    assert session == Session(OPTIONS.issuer, OPTIONS.client_id, refresh_token=Secret("R"))


def test_tokens_never_show():
    assert "a.b.c" not in repr(Finding(SESSION))
