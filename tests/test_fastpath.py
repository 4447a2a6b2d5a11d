"""The cached answer: which command lines have one, when it is served, and that nothing else ever is."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from kubelogin_py.kubernetes.exec_credential import V1, V1BETA1, render
from kubelogin_py.secret import Secret
from tests.frontdoor.command_lines import (
    AUTHENTIK,
    CLIENT,
    DIRECTORIES,
    HIT,
    HOME,
    ISSUER,
    KANIDM,
    MINIMAL,
    MISS,
    OTHER_COMMANDS,
    POCKET_ID,
    VERSIONS,
)
from tests.frontdoor.place import EXPOSED, NOT_SERVED, Place
from tests.storage.surroundings import credential, in_child

ROOT = Path(__file__).parents[1]
FULL = Path("/dev/full")


def environ(**more: str) -> dict[str, str]:
    return {"HOME": HOME, **more}


def key(arguments: list[str], **more: str) -> str | None:
    place = fastpath.key_for(arguments, environ(**more))
    return place and place[2]


# Which command lines have an answer, and where


@pytest.mark.parametrize(
    ("arguments", "name", "expected"),
    [
        pytest.param(
            MINIMAL,
            "answer1-76,https,,,id.example.com,kubernetes.txt",
            f"v1beta1|{ISSUER}|{CLIENT}",
            id="minimal",
        ),
        pytest.param(
            AUTHENTIK,
            "answer1-113,kubernetes,https,,,authentik.example.com,application,o,kube-apiserver,.txt",
            f"v1beta1|{CLIENT}|--oidc-issuer-url=https://authentik.example.com/application/o/kube-apiserver/",
            id="slash-at-the-end",
        ),
        pytest.param(
            KANIDM,
            "answer1-135,https,,,idm.example.com,oauth2,openid,k8s,k8s,openid profile groups email.txt",
            "v1beta1|--oidc-issuer-url=https://idm.example.com/oauth2/openid/k8s|--oidc-client-id=k8s"
            "|--oidc-extra-scope=openid profile groups email",
            id="words-apart",
        ),
    ],
)
def test_an_answer_is_named_after_the_command_line(arguments: list[str], name: str, expected: str) -> None:
    """The format that both doors read: a change of these values is a new format with a new prefix."""
    assert fastpath.key_for(arguments, environ()) == (f"{HOME}/.kube/cache/oidc-login", name, expected)


def test_a_long_command_line_has_an_answer_too() -> None:
    place = fastpath.key_for(POCKET_ID, environ())
    assert place
    _, name, whole = place
    assert len(whole) > 600
    assert len(name.encode()) < 255
    assert "Zr4u7" not in name + whole


BOTH_SPELLINGS = sorted({*fastpath.PLAIN, *fastpath.PATHS} - {"--token-cache-dir"})


@pytest.mark.parametrize("flag", BOTH_SPELLINGS)
def test_both_spellings_of_a_flag_share_an_answer(flag: str) -> None:
    assert key([*MINIMAL, f"{flag}=/x"]) == key([*MINIMAL, flag, "/x"]) == f"{key(MINIMAL)}|{flag}=/x"


@pytest.mark.parametrize("flag", BOTH_SPELLINGS)
def test_every_value_is_part_of_the_key(flag: str) -> None:
    assert len({key([*MINIMAL, f"{flag}=/{value}"]) for value in ("x", "y", "x,y")} | {key(MINIMAL)}) == 4


@pytest.mark.parametrize("flag", sorted(fastpath.SECRETS))
def test_secrets_are_left_out_of_the_key(flag: str) -> None:
    """Also with characters that no other value may have; that there is one stays part of the key."""
    keys = {key([*MINIMAL, f"{flag}={value}"]) for value in ("a", "", "b!\n|$(x)", "ü")}
    assert keys == {f"{key(MINIMAL)}|{flag}="} == {key([*MINIMAL, flag, "a b"])}


def test_the_order_of_flags_is_part_of_the_key() -> None:
    assert key(["get-token", CLIENT, ISSUER]) != key(MINIMAL)


@pytest.mark.parametrize("more", HIT.values(), ids=HIT)
def test_ordinary_command_lines_have_an_answer(more: list[str]) -> None:
    assert key([*MINIMAL, *more])
    assert key(["get-token", *more, *MINIMAL[1:]])


@pytest.mark.parametrize("more", MISS.values(), ids=MISS)
def test_anything_unusual_has_none(more: list[str]) -> None:
    assert key([*MINIMAL, *more]) is None
    assert key(["get-token", *more, *MINIMAL[1:]]) is None


@pytest.mark.parametrize("arguments", OTHER_COMMANDS)
def test_other_commands_have_none(arguments: list[str]) -> None:
    assert key(arguments) is None


@pytest.mark.parametrize(("more", "variables", "directory"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_the_directory_is_the_one_the_call_names(
    more: list[str], variables: dict[str, str], directory: str | None
) -> None:
    place = fastpath.key_for([*MINIMAL, *more], environ(**variables))
    assert (place and place[0]) == directory
    assert place is None or place[2] == key(MINIMAL)


def test_without_a_home_there_is_no_answer() -> None:
    assert fastpath.key_for(MINIMAL, {}) is None


@pytest.mark.parametrize(("text", "version"), VERSIONS.values(), ids=VERSIONS)
def test_the_version_is_believed_only_where_client_go_puts_it(text: str | None, version: str | None) -> None:
    """Everything after it may be words of the kubeconfig's author."""
    found = key(MINIMAL) if text is None else key(MINIMAL, KUBERNETES_EXEC_INFO=text)
    assert (found and found.split("|")[0]) == version


# Which files are served


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "me")


def test_a_good_answer_is_served(place: Place) -> None:
    assert place.answer() == credential()


@pytest.fixture
def just_after_a_second() -> int:
    """Wait for the beginning of a second, so that the test is over before the next."""
    time.sleep(1.02 - time.time() % 1)
    return int(time.time())


def test_an_answer_ends_with_its_second(place: Place, just_after_a_second: int) -> None:
    """The modification time is the first second in which it is not served."""
    for offset in range(-5, 6):
        place.expire(just_after_a_second + offset)
        expected = credential() if offset > 0 else None
        assert place.answer() == expected, offset


@pytest.mark.parametrize("spoil", [*NOT_SERVED.values(), *EXPOSED.values()], ids=[*NOT_SERVED, *EXPOSED])
def test_any_doubt_is_a_miss(place: Place, spoil: Callable[[Place], object]) -> None:
    spoil(place)
    assert place.answer() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a second user")
@pytest.mark.parametrize("whose", ["file", "directory"])
def test_what_belongs_to_another_user_is_a_miss(place: Place, whose: str) -> None:
    """Root looks at another's files under sudo; another's directory may hold anything."""
    os.chown(place.file if whose == "file" else place.directory, 65534, 65534)
    assert place.answer() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a second user")
def test_another_user_is_not_served(place: Place) -> None:
    for level in place.directory.parents:
        if level.stat().st_mode & 0o055 != 0o055:
            level.chmod(0o755)

    def look() -> None:
        assert place.answer() is None

    in_child(look, user=65534)


def test_fuzzed_files_give_one_whole_credential_or_nothing(place: Place) -> None:
    """Whatever the file holds: what comes out is what was put in as a whole, or nothing."""
    chance = random.Random(5)
    good = place.contents()
    found = 0
    for _ in range(1500):
        spoilt = bytearray(good)
        for _ in range(chance.randrange(3)):
            where = chance.randrange(len(spoilt))
            match chance.randrange(4):
                case 0:
                    spoilt[where] = chance.choice(b"\x00\n\r{}\"'$`|\\ x\xff")
                case 1:
                    del spoilt[where : where + chance.randrange(1, 40)]
                case 2:
                    spoilt[where:where] = chance.choice([b"\n", b"}\n", b"$(id)\n", b"\x00", bytes(5), good])
                case 3:
                    del spoilt[where:]
            if not spoilt:
                break
        place.write(bytes(spoilt))
        answer = place.answer()
        if answer is None:
            continue
        found += 1
        key, kept = bytes(spoilt).split(b"\n")[:2]
        assert key == place.key.encode()
        expiry, token = kept.decode("ascii").split(" ")
        assert answer == credential(token).replace(b"2099-01-01T00:00:00Z", expiry.encode())
    assert found


def test_fuzzed_command_lines_never_fail(place: Place) -> None:
    chance = random.Random(6)
    words = [*MINIMAL, "--username", "=", "--", "", "\x00", "\udcff", "a b", "--password", "~/", "/", "-v", "é", "\n"]
    for _ in range(3000):
        arguments = [chance.choice(words) + chance.choice(["", "", "=x", chance.choice(words)]) for _ in range(6)]
        answer = fastpath.answer(arguments, {**place.environ, "KUBECACHEDIR": chance.choice(words)})
        assert answer is None


# The process


def run(arguments: list[str], environment: Mapping[str, str], **options) -> subprocess.CompletedProcess[bytes]:
    """Run the fast path as the program does, in an interpreter without `site`."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom kubelogin_py.__main__ import serve\nserve()\nsys.exit(77)"
    )
    command = [sys.executable, "-I", "-S", "-c", code, *arguments]
    options = {"stdout": subprocess.PIPE, **options}
    return subprocess.run(command, env=dict(environment), stderr=subprocess.PIPE, check=False, **options)


def test_a_hit_is_written_and_ends_the_process(place: Place) -> None:
    done = run(MINIMAL, place.environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, credential(), b"")


def test_a_miss_says_nothing_and_goes_on(place: Place) -> None:
    done = run([*MINIMAL, "--force-refresh"], place.environ)
    assert (done.returncode, done.stdout, done.stderr) == (77, b"", b"")


def test_a_home_in_odd_characters_is_found(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 either."""
    place = Place(tmp_path / os.fsdecode(b"J\xf6rg M"))
    done = run(MINIMAL, place.environ)
    assert (done.returncode, done.stdout) == (0, credential())


def test_an_answer_longer_than_a_pipe_is_written_whole(place: Place) -> None:
    """300 groups make a token of many kilobytes; the reader is slow."""
    body = place.write_token("x" * 300_000)
    assert run(MINIMAL, place.environ).stdout == body


def test_a_reader_that_is_gone_ends_it_quietly(place: Place) -> None:
    read, write = os.pipe()
    os.close(read)
    done = run(MINIMAL, place.environ, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_half_an_answer_is_not_followed_by_another(place: Place) -> None:
    """Once something was written, only leaving is left: the whole program would write it again."""
    body = place.write_token("x" * 300_000)
    read, write = os.pipe()
    os.set_blocking(write, False)
    done = run(MINIMAL, place.environ, stdout=write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        written = pipe.read()
    assert (done.returncode, done.stderr) == (1, b"")
    assert written
    assert body.startswith(written)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_where_nothing_can_be_written_the_whole_program_says_so(place: Place) -> None:
    """It has the words for it; nothing was written, so nothing is written twice."""
    with FULL.open("wb") as full:
        assert run(MINIMAL, place.environ, stdout=full).returncode == 77


def test_only_built_in_modules_are_loaded(place: Place) -> None:
    """Every module costs each kubectl command its time."""
    code = (
        "import sys; before = set(sys.modules)\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from kubelogin_py import __main__, fastpath\n"
        f"assert fastpath.answer(sys.argv[1:], {dict(place.environ)!r})\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *MINIMAL], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == ["kubelogin_py", "kubelogin_py.__main__", "kubelogin_py.fastpath"]


def imported(code: str, environ: Mapping[str, str]) -> set[str]:
    """Return every module that a start of the interpreter as the front door starts it imports."""
    words = [sys.executable, "-I", "-X", "importtime", "-c", code, *MINIMAL]
    done = subprocess.run(words, env=dict(environ), capture_output=True, check=True, text=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_hit_of_the_whole_program_loads_three_small_modules(place: Place) -> None:
    """Beside what the interpreter and its site load for themselves."""
    ours = imported("from kubelogin_py.__main__ import main; main()", place.environ)
    assert ours - imported("pass", place.environ) == {
        "kubelogin_py",
        "kubelogin_py.__main__",
        "kubelogin_py.fastpath",
    }


def test_what_the_product_prints_is_what_is_made_of_its_token_and_expiry() -> None:
    """In both versions, to the last byte."""
    for api_version, version in ((V1, "v1"), (V1BETA1, "v1beta1")):
        body = render(api_version, Secret("eyJhbGciOi.a-b_c.Z9"), 1_800_000_000.0)
        contents = f"{version}|x\n2027-01-15T08:00:00Z eyJhbGciOi.a-b_c.Z9\n".encode()
        assert fastpath.document(contents, f"{version}|x") == body
