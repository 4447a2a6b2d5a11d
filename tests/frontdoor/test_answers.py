"""What the front door serves: one whole credential that Python would serve, too, or nothing."""

import os
import random
import re
import shutil
import time
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from tests.frontdoor.command_lines import AUTHENTIK, HIT, KANIDM, MINIMAL, POCKET_ID, info
from tests.frontdoor.place import EXPIRY, NOT_SERVED, Place
from tests.frontdoor.shells import EACH, Door
from tests.storage.surroundings import credential


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "installed")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "me")


@pytest.mark.parametrize("shell", EACH)
def test_a_good_answer_is_served(shell: str, door: Door, place: Place) -> None:
    reply = door.ask(shell, MINIMAL, place.environ)
    assert (reply.answer, reply.stderr) == (place.answer(), b"")
    assert reply.answer == credential()


@pytest.mark.parametrize("shell", EACH)
def test_every_ordinary_command_line_is_served(shell: str, door: Door, tmp_path: Path) -> None:
    """Long ones, too, and for both versions."""
    assert len(" ".join(POCKET_ID)) > 600
    for arguments in (AUTHENTIK, KANIDM, POCKET_ID, *([*MINIMAL, *more] for more in HIT.values())):
        for version in ("v1", "v1beta1"):
            place = Place(tmp_path / "me", arguments, {"KUBERNETES_EXEC_INFO": info(version)})
            reply = door.ask(shell, arguments, place.environ)
            assert reply.answer == place.answer() == credential(version=version), arguments


@pytest.mark.parametrize("shell", EACH)
def test_any_doubt_is_a_miss(shell: str, door: Door, tmp_path: Path) -> None:
    """Silently: Python says what there is to say."""
    for number, (name, spoil) in enumerate(NOT_SERVED.items()):
        place = Place(tmp_path / f"me{number}")
        spoil(place)
        reply = door.ask(shell, MINIMAL, place.environ)
        assert (reply.answer, reply.asked, reply.stderr) == (None, [os.fsencode(word) for word in MINIMAL], b""), name


@pytest.mark.parametrize("shell", EACH)
def test_a_key_that_shares_its_name_with_another_is_a_miss(shell: str, door: Door, tmp_path: Path) -> None:
    """The name has a comma for a slash, so only the whole key tells these two apart."""
    one, other = [*MINIMAL, "--username=a/b"], [*MINIMAL, "--username=a,b"]
    place = Place(tmp_path / "me", one)
    assert fastpath.key_for(other, place.environ)[1] == place.file.name
    assert door.ask(shell, one, place.environ).answer
    assert door.ask(shell, other, place.environ).answer is None


@pytest.mark.parametrize("shell", EACH)
def test_an_answer_is_for_the_version_that_is_asked_for(shell: str, door: Door, tmp_path: Path) -> None:
    place = Place(tmp_path / "me", variables={"KUBERNETES_EXEC_INFO": info("v1")})
    assert door.ask(shell, MINIMAL, place.environ).answer == credential(version="v1")
    for other in ("", info("v1beta1"), info("v2"), info("v1").replace(":", ": ")):
        assert door.ask(shell, MINIMAL, {**place.environ, "KUBERNETES_EXEC_INFO": other}).answer is None


@pytest.mark.parametrize("shell", EACH)
def test_an_answer_ends_with_its_second(shell: str, door: Door, place: Place) -> None:
    """From five seconds before to five seconds after; both doors agree."""
    for offset in range(-5, 6):
        expected = credential() if offset > 0 else None
        assert within_one_second(place, door, shell, offset) == (expected, expected), offset


def within_one_second(place: Place, door: Door, shell: str, offset: int) -> tuple[bytes | None, bytes | None]:
    """Return what both doors find when the answer's time is some seconds from now, and now does not pass meanwhile."""
    for _ in range(20):
        # The clock of files is some milliseconds late.
        time.sleep(max(0.0, 0.02 - time.time() % 1))
        now = int(time.time())
        place.expire(now + offset)
        found = door.ask(shell, MINIMAL, place.environ).answer, place.answer()
        if int(time.time()) == now:
            return found
    raise AssertionError("this machine is too busy: no call was over within a second")


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("root")
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare: a file system without /proc")
def test_without_a_clock_nothing_is_fresh(shell: str, door: Door, place: Place) -> None:
    """Where there is no /dev/fd the present can't be told; to some shells a file is newer than one that is missing."""
    place.expire(time.time() - 60)
    hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")
    tracer = (str(shutil.which(hidden[0])), *hidden[1:])
    environ = {**place.environ, "PATH": os.environ["PATH"]}
    reply = door.ask(shell, MINIMAL, environ, tracer=tracer)
    assert (reply.answer, reply.stderr) == (None, b"")


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("root")
def test_what_belongs_to_another_user_is_a_miss(shell: str, door: Door, tmp_path: Path) -> None:
    for whose in ("file", "directory"):
        place = Place(tmp_path / whose)
        os.chown(place.file if whose == "file" else place.directory, 65534, 65534)
        assert door.ask(shell, MINIMAL, place.environ).answer is None


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("root")
def test_a_file_that_may_not_be_read_is_a_silent_miss(shell: str, door: Door, tmp_path: Path) -> None:
    place = Place(tmp_path / "me")
    for level in (place.directory, place.file):
        os.chown(level, 65534, 65534)
    place.file.chmod(0)
    for level in (tmp_path, *tmp_path.parents):
        if level.stat().st_mode & 0o055 != 0o055:
            level.chmod(level.stat().st_mode | 0o055)
    for level in place.directory.parents:
        if level.is_relative_to(tmp_path):
            level.chmod(0o755)
    reply = door.ask(shell, MINIMAL, place.environ, user=65534)
    assert (reply.answer, reply.stderr) == (None, b"")
    place.file.chmod(0o600)
    assert door.ask(shell, MINIMAL, place.environ, user=65534).answer == credential()


@pytest.mark.parametrize("shell", EACH)
def test_a_long_token_is_served_whole(shell: str, door: Door, tmp_path: Path) -> None:
    """300 groups make a token of many kilobytes."""
    place = Place(tmp_path / "me")
    body = place.write_token("x" * 100_000)
    assert door.ask(shell, MINIMAL, place.environ).answer == body == place.answer()


@pytest.mark.parametrize("shell", EACH)
def test_more_than_python_reads_is_a_miss(shell: str, door: Door, tmp_path: Path) -> None:
    place = Place(tmp_path / "me")
    for more, served in ((0, True), (1, False)):
        place.write_token("x" * ((1 << 20) - len(place.contents(kept=EXPIRY + b" ")) + more))
        assert (place.answer() is not None) is served
        assert (door.ask(shell, MINIMAL, place.environ).answer is not None) is served


@pytest.mark.parametrize("shell", EACH)
def test_odd_directories_are_served(shell: str, door: Door, tmp_path: Path) -> None:
    """The directory may have any characters; only its name reaches the shell's tests."""
    for number, name in enumerate(("J\udcf6rg M", "a*b", "$(touch pwned)", "a'b\"c", "line\nend", "-n", "~", "a\\nb")):
        place = Place(tmp_path / str(number) / name)
        assert door.ask(shell, MINIMAL, place.environ).answer == credential(), name
        call = [*MINIMAL, f"--token-cache-dir={place.directory}"]
        assert door.ask(shell, call, {"HOME": "/elsewhere"}).answer == place.answer() == credential(), name


# Hostile words and files

_PIECES = (
    *MINIMAL,
    *("--username", "--username=", "--password=", "--token-cache-dir=", "--oidc-client-secret", "--", "-", "=", ""),
    *("$(touch pwned)", "`touch pwned`", ";touch pwned;", "|touch pwned", "\ntouch pwned\n", "${IFS}", "$0", "'", '"'),
    *("*", "?", "[a]", "~", "~/", "/", "..", "\\", "\\n", "%s", "%n", "!", "é", "\udcff", " ", "\t", "\n", "x" * 300),
)


@pytest.mark.parametrize("shell", EACH)
def test_hostile_words_are_never_run_and_reach_python_as_they_are(
    shell: str, door: Door, place: Place, tmp_path: Path
) -> None:
    chance = random.Random(f"words {shell}")
    hits = 0
    for _ in range(60):
        arguments = [*MINIMAL] if chance.random() < 0.7 else []
        for _ in range(chance.randrange(5)):
            arguments.insert(
                chance.randrange(len(arguments) + 1), "".join(chance.choices(_PIECES, k=chance.randrange(1, 3)))
            )
        environ = dict(place.environ)
        if chance.random() < 0.3:
            environ[chance.choice(["KUBECACHEDIR", "KUBERNETES_EXEC_INFO", "HOME"])] = "".join(
                chance.choices(_PIECES, k=2)
            )
        reply = door.ask(shell, arguments, environ, cwd=tmp_path)
        assert reply.stderr == b""
        if reply.answer is None:
            assert reply.asked == [os.fsencode(word) for word in arguments]
        else:
            hits += 1
            assert reply.answer == fastpath.answer(arguments, environ) == credential()
    assert not list(tmp_path.rglob("pwned"))
    assert hits


@pytest.mark.parametrize("shell", EACH)
def test_thousands_of_words_are_a_call_like_any_other(shell: str, door: Door, tmp_path: Path) -> None:
    scopes = [f"--oidc-extra-scope=scope{number}" for number in range(2000)]
    place = Place(tmp_path / "me", [*MINIMAL, *scopes])
    assert door.ask(shell, place.arguments, place.environ).answer == place.answer() == credential()
    reply = door.ask(shell, [*place.arguments, "*"], place.environ)
    assert reply.asked == [*map(str.encode, place.arguments), b"*"]


_GRAINS = (
    b"\n",
    b"}\n",
    b'"',
    b'"}}',
    b"{",
    b"$(touch pwned)",
    b"`touch pwned`\n",
    b"'",
    b"\\",
    b"\xff",
    b" ",
    b"\r\n",
)


def spoilt(good: bytes, chance: random.Random) -> bytes:
    """Return an answer's file after one to three accidents."""
    contents = bytearray(good)
    for _ in range(chance.randrange(1, 4)):
        where = chance.randrange(len(contents) + 1)
        match chance.randrange(5):
            case 0:
                contents[where : where + 1] = chance.choice(_GRAINS)
            case 1:
                contents[where:where] = chance.choice([*_GRAINS, good])
            case 2:
                del contents[where : where + chance.randrange(1, 60)]
            case 3:
                del contents[where:]
            case 4:
                lines = bytes(contents).split(b"\n")
                chance.shuffle(lines)
                contents[:] = b"\n".join(lines)
    return bytes(contents)


@pytest.mark.parametrize("shell", EACH)
def test_hostile_files_are_never_run_and_only_a_whole_credential_is_printed(
    shell: str, door: Door, place: Place, tmp_path: Path
) -> None:
    """What is printed is what Python prints: an ExecCredential through and through, of the file's second line."""
    chance = random.Random(f"files {shell}")
    good = place.contents()
    hits = 0
    for _ in range(120):
        # Some accidents leave it whole, such as a letter less in the token.
        contents = spoilt(good, chance) if chance.random() < 0.9 else good.replace(b"token-1", b"t.k_n-2")
        place.write(contents)
        reply = door.ask(shell, MINIMAL, place.environ, cwd=tmp_path)
        assert reply.stderr == b"", contents
        if reply.answer is not None:
            hits += 1
            assert reply.answer == whole(contents) == place.answer(), contents
    assert not list(tmp_path.rglob("pwned"))
    assert hits


def whole(contents: bytes) -> bytes:
    """Return the credential that an answer's file stands for."""
    expiry, token = contents.split(b"\n")[1].decode("ascii").split(" ")
    assert re.fullmatch(r"[A-Za-z0-9_.:-]{20}", expiry)
    assert re.fullmatch(r"[A-Za-z0-9_.:-]+", token)
    return credential(token).replace(EXPIRY, expiry.encode())


@pytest.mark.parametrize("shell", EACH)
def test_nul_bytes_in_a_file_still_give_a_whole_credential_or_nothing(shell: str, door: Door, place: Place) -> None:
    """Most shells read over them, which Python does not."""
    good = place.contents()
    assert place.answer() == credential()
    for where in range(0, len(good), 7):
        place.write(good[:where] + b"\0" + good[where:])
        assert door.ask(shell, MINIMAL, place.environ).answer in (None, credential())


def test_a_call_in_any_order_and_spelling_is_served_by_both_doors_alike(door: Door, tmp_path: Path) -> None:
    """Calls made up of known flags: what the shell serves is what Python serves, and it does serve them."""
    chance = random.Random(7)
    flags = [*fastpath.PLAIN, *fastpath.SECRETS, "--certificate-authority", "--local-server-key"]
    values = ["", "/x", "~/x", "a b", "a,b", "x" * 150, "a=b", "https://x.example.com:8443/y?", "openid profile", "*"]
    found = 0
    for number in range(150):
        arguments = ["get-token"]
        for flag in chance.choices(flags, k=chance.randrange(1, 9)):
            value = chance.choice(values)
            arguments += [f"{flag}={value}"] if chance.random() < 0.6 else [flag, value]
        environ = {"HOME": str(tmp_path / "me"), "KUBERNETES_EXEC_INFO": chance.choice(["", info("v1")])}
        expected = None
        if fastpath.key_for(arguments, environ):
            place = Place(tmp_path / "me", arguments, environ)
            expected = place.answer()
            assert expected
        shell = ("dash", "bash-as-sh")[number % 2]
        assert door.ask(shell, arguments, environ).answer == expected, arguments
        found += expected is not None
    assert 30 < found < 150
