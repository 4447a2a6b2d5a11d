"""Imports point inward only, and each outside library has one home."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A room may import the rooms of its own row and of the rows above it, and nothing below.
LAYERS = (
    {"errors", "secret", "text", "response", "colour"},
    {"shell_word"},
    {"session", "settings", "pages", "attempt"},
    {"providers"},
    {"ports"},
    {"oidc"},
    {"documents", "keeping", "clock_difference", "refresh_due"},
    {"advice"},
    {"grants"},
    {"verification"},
    {"refresh"},
    {"turn", "overload"},
    {"login", "logout", "refresh_ahead"},
    {"nesting"},
    {"adapters", "storage", "kubernetes", "compat", "doctor", "fastpath", "answers"},
    {"wiring"},
    {"cli", "__init__"},
    {"__main__", "ahead"},
)
# Neighbours in one row that must not know each other.
STRANGERS = {
    ("adapters", "storage"),
    ("storage", "adapters"),
    ("kubernetes", "compat"),
    ("oidc", "ports"),
    # What the checks ask of the world comes through ``doctor.surroundings``.
    *(("doctor", neighbour) for neighbour in ("adapters", "storage", "compat")),
    *((neighbour, "doctor") for neighbour in ("adapters", "kubernetes", "compat")),
}
# `fastpath` is read by everyone who writes what it reads, and itself imports nothing of ours.
ANYWHERE = {"fastpath"}

HOMES = {
    "jwt": {"kubelogin_py/oidc/signature.py"},
    "requests": {"kubelogin_py/adapters/http_proxied.py"},
    "urllib3": {"kubelogin_py/adapters/http_proxied.py"},
    "truststore": {"kubelogin_py/adapters/trust.py"},
    "yaml": {
        "kubelogin_py/kubernetes/kubeconfig_yaml.py",
        # Writes for clusters and people, and reads nothing.
        "kubelogin_py/kubernetes/yaml_documents.py",
        # What is written is read back, so it is made of the same values.
        "kubelogin_py/kubernetes/yaml_writing.py",
    },
    "filelock": {"kubelogin_py/kubernetes/config_lock.py"},
    "typer": set(),
    "subprocess": {
        "kubelogin_py/adapters/browser.py",
        # The process that talks to the keyring, and in it, on macOS, the system's tool.
        "kubelogin_py/adapters/keyring_call.py",
        "kubelogin_py/adapters/keyring_backend.py",
    },
    "keyring": {"kubelogin_py/adapters/keyring_backend.py"},
    "cryptography": {
        "kubelogin_py/storage/sealed.py",
        "kubelogin_py/kubernetes/authority.py",
    },
}
FORBIDDEN = {"webbrowser", "logging", "pytest", "talos_cred", "unittest"}


def modules() -> list[Path]:
    return sorted((ROOT / "kubelogin_py").rglob("*.py"))


def room(path: Path) -> str:
    inside = path.relative_to(ROOT / "kubelogin_py")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            # `from kubelogin_py.oidc import tokens` names a module, too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rank(name: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if name in layer)


def ours(path: Path) -> Iterator[str]:
    """Yield the rooms of our own that a module imports."""
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "kubelogin_py" and len(parts) > 1 and any(parts[1] in layer for layer in LAYERS):
            yield parts[1]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_inward(path: Path) -> None:
    """No module imports a room further out than its own, and strangers stay strangers."""
    here = room(path)
    for there in set(ours(path)) - ANYWHERE - {here}:
        assert rank(there) <= rank(here), f"{here} imports {there}"
        assert (here, there) not in STRANGERS, f"{here} imports {there}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_outside_library_has_one_home(path: Path) -> None:
    """A foreign library is imported only where its exceptions are translated."""
    where = path.relative_to(ROOT).as_posix()
    for name in imported(path):
        top = name.split(".")[0]
        assert top not in FORBIDDEN, f"{where} imports {top}"
        assert top not in HOMES or where in HOMES[top], f"{where} imports {top}"


@pytest.mark.parametrize("top", ["os", "time", "random", "secrets", "socket", "ssl", "pathlib", "threading"])
def test_the_protocol_touches_no_world(top: str) -> None:
    """The rooms of the protocol import nothing that reads a clock, a file, the environment or chance."""
    for path in (ROOT / "kubelogin_py" / "oidc").rglob("*.py"):
        assert top not in {name.split(".")[0] for name in imported(path)}, f"{path.name} imports {top}"


def test_every_module_has_a_layer() -> None:
    """A new room must be given its place here."""
    for path in modules():
        assert any(room(path) in layer for layer in LAYERS), path


def test_the_packages_say_what_they_are() -> None:
    """Every module has a docstring."""
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
