"""Our reading of a command line against the real pflag, which is in kubectl: the same words lead to the same error."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubelogin_py.compat import pflag
from kubelogin_py.compat.flag_values import BOOL, INT, LEVEL, STRING, STRING_TO_STRING, STRINGS, Kind, Value
from kubelogin_py.errors import UsageError
from tests.support import command
from tests.support.kubectl import KUBECTL

pytestmark = pytest.mark.required("kubectl")

NOBODY = "--server=http://127.0.0.1:1"
READ = ("connect: connection refused", "error: invalid image name")
"""What kubectl says once it has read its command line."""


@dataclass(frozen=True)
class Flag:
    name: str
    kind: Kind
    default: Value
    shorthand: str = ""
    deprecated: str = ""
    secret: bool = False


FLAGS = (
    Flag("namespace", STRING, "", shorthand="n"),
    Flag("all-namespaces", BOOL, False, shorthand="A"),
    Flag("chunk-size", INT, 500),
    Flag("label-columns", STRINGS, (), shorthand="L"),
    Flag("v", LEVEL, 0, shorthand="v"),
)
"""Those of ``kubectl get`` that are used here."""

PAIRS = (
    *("a=1", "a=b,c", "a=1,b=2", "a=1,b=", "=", "a=", '"a=1,2"', 'a=1,"b=2,3"', 'a="1', "a=Zm9vYg==", "a=1,a=2"),
    *("", "a", '"a"', "a,b", "a=1,b=2,c", "a=1,b=2,", 'a=1,b="2', "a==,b", "a=1,,b=2"),
)

INTEGERS = (
    *("0", "16", "0x10", "0X1f", "0o17", "017", "0b11", "1_000", "0x_1f", "+5", "-1", "-0x10"),
    *("", " 1", "1m", "1.0", "1e3", "08", "0x", "0b2", "_1", "1_", "1__0", "--1", "-", "9223372036854775808"),
)
WORDS = (*("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"), "", "yes", "tRUE", "2")
LISTS = ("", "a,b", '\t"', '\\x"', '"a,b",c', '"a""b"', 'a"b', '"a', '"a"b', 'a,"b', '"', "\n", 'a\nb"', 'é"')
LEVELS = ("1", "010", "-1", "+3", "0x2", "1_0", "v", "", "2147483648")
LINES = (
    *(
        ["--chunk-size", "-1"],
        ["--all-namespaces=false", "--namespace", "-x"],
        ["-A", "-n=a", "-Lb", "-v2"],
        ["-AL", "b"],
    ),
    *(["-x"], ["-Ax"], ["-Ax2"], ["--x"], ["--x=y"], ["--namespac=x"], ["--Namespace=x"], ["-namespace=x"]),
    *(["---x"], ["--=x"], ["-n"], ["-An"], ["--namespace"], ["--label-columns"], ["-A=yes"], ["-v="], ["-vv"]),
)
ROWS = (
    *([f"--chunk-size={text}"] for text in INTEGERS),
    *([f"--all-namespaces={text}"] for text in WORDS),
    *([f"--label-columns={text}"] for text in LISTS),
    *([f"--v={text}"] for text in LEVELS),
    *LINES,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold what kubectl remembers."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("words", ROWS, ids=" ".join)
def test_the_same_error_or_none(words: list[str], home: Path) -> None:
    assert theirs(["get", "pods", *words], home) == ours(FLAGS, words)


@pytest.mark.parametrize("text", PAIRS)
def test_the_same_error_or_none_of_pairs(text: str, home: Path) -> None:
    words = [f"--set-image={text}"]
    debug = ["debug", "pod", "--stdin", "--image=x", "--copy-to=y"]
    assert theirs([*debug, *words], home) == ours([Flag("set-image", STRING_TO_STRING, ())], words)


def theirs(words: list[str], home: Path) -> str:
    done = command.run(NOBODY, *words, home=home, command=KUBECTL)
    return "" if any(said in done.stderr for said in READ) else done.stderr.splitlines()[0]


def ours(flags: Iterable[Flag], words: list[str]) -> str:
    try:
        pflag.parse(flags, words)
    except UsageError as error:
        return f"error: {error.message}"
    return ""
