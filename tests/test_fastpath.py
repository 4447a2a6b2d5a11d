"""The cached answer: which command lines have one, when it is served, and that nothing else ever is."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from kubelogin_py.kubernetes.exec_credential import V1, V1BETA1, render
from kubelogin_py.secret import Secret
from tests.storage.surroundings import credential, in_child

ROOT = Path(__file__).parents[1]
FULL = Path("/dev/full")
DOOR = ROOT / "tests/storage/door.sh"
SHELLS = {
    "dash": ["dash"],
    "bash": ["bash"],
    "bash-posix": ["bash", "--posix"],
    "busybox": ["busybox", "ash"],
    "mksh": ["mksh"],
    "zsh": ["zsh", "--emulate", "sh"],
}
# All is done with builtins, but mksh has no `printf`.
PATHS = {name: os.environ["PATH"] if name == "mksh" else "/nowhere" for name in SHELLS}
INSTALLED = [name for name, command in SHELLS.items() if shutil.which(command[0])]
HOME = "/home/me"
ISSUER = "--oidc-issuer-url=https://id.example.com"
CLIENT = "--oidc-client-id=kubernetes"
MINIMAL = ["get-token", ISSUER, CLIENT]
POCKET_ID = [
    "get-token",
    "--oidc-issuer-url=https://pocket-id.apps.cluster.example.com",
    "--oidc-client-id=0d9d6b5e-6a55-4c8c-8f0a-9f3c1f2a7b11",
    "--oidc-client-secret=Zr4u7x!A%D*G-KaPdSgUkXp2s5v8y/B?",
    "--oidc-extra-scope=groups",
    "--oidc-extra-scope=email",
    "--oidc-extra-scope=name",
    "--oidc-extra-scope=profile",
    "--oidc-extra-scope=offline_access",
    "--listen-address=127.0.0.1:9090",
    "--certificate-authority-data=" + "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI" * 8 + "Cg==",
]
KANIDM = [
    "get-token",
    "--oidc-issuer-url",
    "https://idm.example.com/oauth2/openid/k8s",
    "--oidc-client-id",
    "k8s",
    "--oidc-extra-scope",
    "openid profile groups email",
]
AUTHENTIK = ["get-token", CLIENT, "--oidc-issuer-url=https://authentik.example.com/application/o/kube-apiserver/"]


def info(version: str = "v1", spec: str = '{"interactive":true}', *, end: str = "\n") -> str:
    """Return the environment variable as client-go writes it."""
    return f'{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/{version}","spec":{spec}}}{end}'


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


HIT = {
    "switch": ["--skip-open-browser"],
    "switch-true": ["--skip-open-browser=true"],
    "switch-false": ["--skip-open-browser=false"],
    "renegotiation": ["--tls-renegotiation-once", "--tls-renegotiation-freely"],
    "disk": ["--token-cache-storage=disk"],
    "disk-apart": ["--token-cache-storage", "disk"],
    "home": ["--certificate-authority=~/ca.crt"],
    "parameters": ["--oidc-auth-request-extra-params=audience=api,resource=x"],
    "twice": ["--oidc-extra-scope=email", "--oidc-extra-scope=groups"],
    "empty-value": ["--oidc-redirect-url="],
    "empty-value-apart": ["--oidc-redirect-url", ""],
    "equals-in-value": ["--username=a=b"],
    "equals-in-value-apart": ["--username", "a=b"],
}

MISS = {
    "force-refresh": ["--force-refresh"],
    "force-refresh-false": ["--force-refresh=false"],
    "v": ["-v"],
    "v1": ["-v1"],
    "v-apart": ["-v", "1"],
    "v=1": ["-v=1"],
    "long-v": ["--v=1"],
    "klog": ["--logtostderr"],
    "klog-value": ["--vmodule=x"],
    "help": ["--help"],
    "h": ["-h"],
    "unknown": ["--unknown=x"],
    "prefix": ["--oidc-client=x"],
    "longer": ["--oidc-client-idx=x"],
    "one-dash": ["-oidc-client-id=x"],
    "three-dashes": ["---oidc-client-id=x"],
    "word": ["more"],
    "empty-word": [""],
    "blank-word": [" "],
    "end-of-flags": ["--"],
    "only-equals": ["--=x"],
    "dangling": ["--username"],
    "dash-value-apart": ["--username", "-x"],
    "flag-as-value": ["--username", "--password=x"],
    "secret-dash-apart": ["--oidc-client-secret", "-x"],
    "split-switch": ["--skip-open", "-browser"],
    "value-of-switch-apart": ["--skip-open-browser", "false"],
    "access-token": ["--oidc-use-access-token"],
    "old-pkce": ["--oidc-use-pkce"],
    "insecure": ["--insecure-skip-tls-verify"],
    "header": ["--oidc-request-header=X-Api-Key=abc"],
    "keyring": ["--token-cache-storage=keyring"],
    "none": ["--token-cache-storage=none"],
    "none-apart": ["--token-cache-storage", "none"],
    "storage-empty": ["--token-cache-storage="],
    "relative-ca": ["--certificate-authority=ca.crt"],
    "relative-ca-dot": ["--certificate-authority=./ca.crt"],
    "relative-key": ["--local-server-key", "key.pem"],
    "home-of-bob": ["--certificate-authority=~bob/ca.crt"],
    "home-alone": ["--certificate-authority=~"],
    "relative-cache": ["--token-cache-dir=cache"],
    "empty-cache": ["--token-cache-dir="],
    "cache-of-bob": ["--token-cache-dir=~bob/cache"],
    "secret-parameter": ["--oidc-auth-request-extra-params=client_secret=abc"],
    "assertion-parameter": ["--oidc-auth-request-extra-params", "x=y,client_assertion=abc"],
    "token-parameter": ["--oidc-auth-request-extra-params=subject_token=abc"],
    "password-parameter": ["--oidc-auth-request-extra-params=password=abc"],
    **{
        f"character-{ord(character):02x}": [f"--username=a{character}b"]
        for character in "\t\n\r\x00\x1b!\"#$&'()*;<>?[\\]^`{|}\x7f\xa0é"
    },
    "surrogate": ["--username=\udce9"],
    "odd-character-apart": ["--username", "*"],
    "line-end": ["--username=a\n"],
}


@pytest.mark.parametrize("more", HIT.values(), ids=HIT)
def test_ordinary_command_lines_have_an_answer(more: list[str]) -> None:
    assert key([*MINIMAL, *more])
    assert key(["get-token", *more, *MINIMAL[1:]])


@pytest.mark.parametrize("more", MISS.values(), ids=MISS)
def test_anything_unusual_has_none(more: list[str]) -> None:
    assert key([*MINIMAL, *more]) is None
    assert key(["get-token", *more, *MINIMAL[1:]]) is None


@pytest.mark.parametrize(
    "arguments", [[], ["get-token "], ["setup", ISSUER], [ISSUER, "get-token"], ["-v1", "get-token", ISSUER], ["clean"]]
)
def test_other_commands_have_none(arguments: list[str]) -> None:
    assert key(arguments) is None


DIRECTORIES = {
    "default": ([], {}, f"{HOME}/.kube/cache/oidc-login"),
    "home-with-blank": ([], {"HOME": "/home/Jörg M"}, "/home/Jörg M/.kube/cache/oidc-login"),
    "variable": ([], {"KUBECACHEDIR": "/var/cache/me"}, "/var/cache/me/oidc-login"),
    "variable-empty": ([], {"KUBECACHEDIR": ""}, None),
    "variable-relative": ([], {"KUBECACHEDIR": "cache"}, None),
    "variable-tilde": ([], {"KUBECACHEDIR": "~/cache"}, None),
    "flag": (["--token-cache-dir=/x"], {"KUBECACHEDIR": "/var/cache/me"}, "/x"),
    "flag-apart": (["--token-cache-dir", "/x"], {"KUBECACHEDIR": ""}, "/x"),
    "flag-last-wins": (["--token-cache-dir=/x", "--token-cache-dir", "/y"], {}, "/y"),
    "flag-tilde": (["--token-cache-dir=~/x"], {}, f"{HOME}/x"),
    "flag-odd": (["--token-cache-dir=/x y/ü*"], {}, "/x y/ü*"),
    "home-empty": ([], {"HOME": ""}, None),
    "home-relative": ([], {"HOME": "me"}, None),
    "home-empty-flag": (["--token-cache-dir=/x"], {"HOME": ""}, None),
}


@pytest.mark.parametrize(("more", "variables", "directory"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_the_directory_is_the_one_the_call_names(
    more: list[str], variables: dict[str, str], directory: str | None
) -> None:
    place = fastpath.key_for([*MINIMAL, *more], environ(**variables))
    assert (place and place[0]) == directory
    assert place is None or place[2] == key(MINIMAL)


def test_without_a_home_there_is_no_answer() -> None:
    assert fastpath.key_for(MINIMAL, {}) is None


VERSIONS = {
    "absent": (None, "v1beta1"),
    "empty": ("", "v1beta1"),
    "v1": (info("v1"), "v1"),
    "v1-no-line-end": (info("v1", end=""), "v1"),
    "v1beta1": (info("v1beta1", '{"interactive":false}'), "v1beta1"),
    "cluster": (info("v1", '{"cluster":{"server":"https://x","config":{"a":1}},"interactive":false}'), "v1"),
    "v1alpha1": (info("v1alpha1"), None),
    "v2": (info("v2"), None),
    "v1-longer": (info("v1x"), None),
    "no-version": ('{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/","spec":{}}', None),
    "other-group": (info("v1").replace("client.authentication", "client.authorisation"), None),
    "other-kind": (info("v1").replace("ExecCredential", "Pod"), None),
    "other-order": ('{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{}}', None),
    "blanks": (info("v1").replace(":", ": "), None),
    "blank-before": (" " + info("v1"), None),
    "two-line-ends": (info("v1") + "\n", None),
    "trailing-text": (info("v1") + "x", None),
    "truncated": (info("v1")[:-3], None),
    "twice": (info("v1").replace('"spec"', '"apiVersion":"client.authentication.k8s.io/v1beta1","spec"'), None),
    "twice-later": (info("v1", '{},"apiVersion":"client.authentication.k8s.io/v1beta1","x":{}'), None),
    "in-cluster": (info("v1", '{"cluster":{"config":{"apiVersion":"x"}},"interactive":true}'), None),
    "in-cluster-text": (info("v1", '{"cluster":{"config":"\\"apiVersion\\":\\"v1beta1\\""},"interactive":true}'), None),
    "not-json": ("client.authentication.k8s.io/v1", None),
    "list": ("[" + info("v1") + "]", None),
}


@pytest.mark.parametrize(("text", "version"), VERSIONS.values(), ids=VERSIONS)
def test_the_version_is_believed_only_where_client_go_puts_it(text: str | None, version: str | None) -> None:
    """Everything after it may be words of the kubeconfig's author."""
    found = key(MINIMAL) if text is None else key(MINIMAL, KUBERNETES_EXEC_INFO=text)
    assert (found and found.split("|")[0]) == version


# Which files are served


class Place:
    """A home with an answer for the minimal command line in it."""

    def __init__(self, home: Path) -> None:
        self.environ: Mapping[str, str] = {"HOME": str(home)}
        place = fastpath.key_for(MINIMAL, self.environ)
        assert place
        self.directory, self.key = Path(place[0]), place[2]
        self.file = self.directory / place[1]
        self.directory.mkdir(parents=True)
        self.directory.chmod(0o700)
        self.write()

    def write(self, contents: bytes | None = None, *, seconds: float = 3600) -> None:
        if contents is None:
            contents = self.contents()
        self.file.write_bytes(contents)
        self.file.chmod(0o600)
        self.expire(int(time.time()) + seconds)

    def contents(self, **changed: bytes) -> bytes:
        lines = {"key": self.key.encode(), "body": credential().strip(), "origin": b"session " + b"a" * 64, **changed}
        return b"".join(line + b"\n" for line in lines.values())

    def expire(self, second: float) -> None:
        os.utime(self.file, (second, second))

    def answer(self) -> bytes | None:
        return fastpath.answer(MINIMAL, self.environ)

    def ask(self, shell: str) -> bytes | None:
        """Return what a shell finds."""
        environment = {"PATH": os.environ["PATH"], **self.environ}
        done = subprocess.run([*SHELLS[shell], str(DOOR), *MINIMAL], env=environment, capture_output=True, check=False)
        assert done.stderr == b""
        return done.stdout if done.returncode == 0 else None


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
    """The modification time is the first second in which it is not served; both doors agree."""
    for offset in range(-5, 6):
        place.expire(just_after_a_second + offset)
        expected = credential() if offset > 0 else None
        assert place.answer() == expected, offset
        if offset in (-1, 0, 1):
            assert [place.ask(shell) for shell in INSTALLED] == [expected] * len(INSTALLED), offset


def plant_link(place: Place) -> None:
    place.file.rename(place.directory / "aside")
    place.file.symlink_to(place.directory / "aside")


def plant_fifo(place: Place) -> None:
    place.file.unlink()
    os.mkfifo(place.file, 0o600)
    place.expire(time.time() + 3600)


def plant_directory(place: Place) -> None:
    place.file.unlink()
    place.file.mkdir(0o600)
    place.expire(time.time() + 3600)


NOT_SERVED: dict[str, Callable[[Place], object]] = {
    "absent": lambda place: place.file.unlink(),
    "no-directory": lambda place: shutil.rmtree(place.directory),
    "link": plant_link,
    "fifo": plant_fifo,
    "directory": plant_directory,
    "group-reads": lambda place: place.file.chmod(0o640),
    "others-read": lambda place: place.file.chmod(0o604),
    "directory-open": lambda place: place.directory.chmod(0o750),
    "empty": lambda place: place.write(b""),
    "one-line": lambda place: place.write(place.key.encode() + b"\n"),
    "no-origin": lambda place: place.write(place.contents().rsplit(b"session", 1)[0]),
    "odd-origin": lambda place: place.write(place.contents(origin=b"sessions x")),
    "truncated": lambda place: place.write(place.contents()[:-1]),
    "more": lambda place: place.write(place.contents() + b"x"),
    "more-lines": lambda place: place.write(place.contents() + b"x\n"),
    "other-key": lambda place: place.write(place.contents(key=place.key.encode() + b" ")),
    "key-prefix": lambda place: place.write(place.contents(key=place.key.encode()[:-1])),
    "other-version": lambda place: place.write(place.contents(body=credential(version="v1").strip())),
    "empty-body": lambda place: place.write(place.contents(body=b"")),
    "half-body": lambda place: place.write(place.contents(body=credential().strip()[:-1])),
    "tail-of-body": lambda place: place.write(place.contents(body=credential().strip()[1:])),
    "foreign-body": lambda place: place.write(place.contents(body=b'{"a":"client.authentication.k8s.io/v1beta1"}')),
    "not-ascii": lambda place: place.write(place.contents(body=credential().strip()[:-1] + b'\xff"}')),
    "line-ends-of-dos": lambda place: place.write(place.contents().replace(b"\n", b"\r\n")),
    "huge": lambda place: place.write(place.contents() + bytes(2 << 20)),
}


@pytest.mark.parametrize("spoil", NOT_SERVED.values(), ids=NOT_SERVED)
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
        lines = bytes(spoilt).split(b"\n")
        assert lines[0] == place.key.encode()
        assert answer == lines[1] + b"\n"
        assert len(lines) == 4
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
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from kubelogin_py import fastpath\nfastpath.main()\nsys.exit(77)"
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
    body = credential("x" * 300_000)
    place.write(place.contents(body=body.strip()))
    assert run(MINIMAL, place.environ).stdout == body


def test_a_reader_that_is_gone_ends_it_quietly(place: Place) -> None:
    read, write = os.pipe()
    os.close(read)
    done = run(MINIMAL, place.environ, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_half_an_answer_is_not_followed_by_another(place: Place) -> None:
    """Once something was written, only leaving is left: the whole program would write it again."""
    body = credential("x" * 300_000)
    place.write(place.contents(body=body.strip()))
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
        "from kubelogin_py import fastpath\n"
        f"assert fastpath.answer(sys.argv[1:], {dict(place.environ)!r})\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *MINIMAL], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == ["kubelogin_py", "kubelogin_py.fastpath"]


# The other door


@pytest.mark.skipif(not INSTALLED, reason="no POSIX shell on PATH")
@pytest.mark.parametrize("shell", INSTALLED)
def test_a_shell_finds_the_same_file_by_the_same_key(shell: str, tmp_path: Path) -> None:
    """With builtins only: the rules are made so that no other program is needed."""
    cases: list[tuple[list[str], dict[str, str]]] = [
        *((arguments, {}) for arguments in (MINIMAL, AUTHENTIK, KANIDM, POCKET_ID)),
        *(([*MINIMAL, *more], {}) for more in HIT.values()),
        *(([*MINIMAL, *more], {}) for more in MISS.values() if not any("\x00" in word for word in more)),
        *(([*MINIMAL, *more], variables) for more, variables, _ in DIRECTORIES.values()),
        *((MINIMAL, {"KUBERNETES_EXEC_INFO": text}) for text, _ in VERSIONS.values() if text is not None),
        *(([*MINIMAL, f"--username={text}"], {}) for text in LENGTHS),
    ]
    # One shell for all of them would be quicker, but not what kubectl starts.
    for arguments, variables in cases:
        environment = {"HOME": HOME, **variables}
        done = subprocess.run(
            [*SHELLS[shell], str(DOOR), *arguments],
            env={**environment, "PATH": PATHS[shell]},
            capture_output=True,
            check=False,
            executable=shutil.which(SHELLS[shell][0]),
        )
        place = fastpath.key_for(arguments, environment)
        said = b"miss: \n" if place is None else os.fsencode(f"miss: {place[1]} {place[2]}\n")
        assert (done.stdout, done.stderr) == (said, b""), (arguments, variables)


LENGTHS = [
    "x" * (200 - len(",https://id.example.com,kubernetes,") + extra) + end
    for extra in (-1, 0, 1)
    for end in ("", "/", "://")
] + ["/" * 150 + ":" * 150, " " * 250]


@pytest.mark.skipif(not INSTALLED, reason="no POSIX shell on PATH")
@pytest.mark.parametrize("shell", INSTALLED)
def test_a_shell_serves_the_same_answer(shell: str, place: Place) -> None:
    assert place.ask(shell) == credential()
    for spoil in ("link", "other-key", "truncated", "half-body", "empty", "absent"):
        NOT_SERVED[spoil](place)
        assert place.ask(shell) is None, spoil
        place.file.unlink(missing_ok=True)
        place.write()


def test_what_the_product_prints_can_be_an_answer() -> None:
    """With and without an expiry, in both versions: the rules for a whole document fit it."""
    for api_version, version in ((V1, "v1"), (V1BETA1, "v1beta1")):
        for expires_at in (None, 1_800_000_000.0):
            body = render(api_version, Secret("a.b-c._d"), expires_at)
            contents = f"{version}|x\n".encode() + body + b"session " + b"a" * 64 + b"\n"
            assert fastpath.document(contents, f"{version}|x") == body
