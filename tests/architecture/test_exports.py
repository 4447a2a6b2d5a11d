"""The public names: each is there, each is documented, and looking at the package imports nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import kubelogin_py


@pytest.mark.parametrize("name", sorted(set(kubelogin_py.__all__) - {"__version__"}))
def test_every_public_name_resolves_and_says_what_it_is(name: str) -> None:
    found = getattr(kubelogin_py, name)
    assert found.__doc__
    assert found.__module__.startswith("kubelogin_py.")


def test_every_declared_home_is_exported() -> None:
    """The three lists of the package agree."""
    assert set(kubelogin_py._HOMES) | {"__version__"} == set(kubelogin_py.__all__)
    assert dir(kubelogin_py) == sorted(kubelogin_py.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        kubelogin_py.no_such_name  # noqa: B018 -- looking is the test


def test_importing_the_package_imports_nothing_else() -> None:
    """The import that every start pays for loads this one module."""
    script = "import sys; before = set(sys.modules); import kubelogin_py; print(sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(_root())!r}); {script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['kubelogin_py']"


def _root() -> str:
    return str(Path(kubelogin_py.__file__).parents[1])
