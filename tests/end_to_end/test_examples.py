"""The demo and the library example run as README and docs say."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environment import clean
from tests.support.providers import Provider, sign_in_script

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.required("kubectl")
def test_the_demo_holds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Every step is checked by the demo itself; its home and its logs are gone afterwards."""
    home = tmp_path / "home"
    before = sorted((ROOT / ".cache").glob("demo-*"))
    done = subprocess.run(
        [sys.executable, ROOT / "examples/demo/demo.py"],
        env=clean(home),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all steps held" in done.stdout
    assert done.stdout.count("\n   ok: ") >= 10
    assert sorted((ROOT / ".cache").glob("demo-*")) == before
    assert list(home.iterdir()) == []


def test_the_library_in_ten_lines(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """A program obtains a token set through the public API; the token itself stays masked."""
    provider = started_provider("embedded", https=False)
    browser = sign_in_script(tmp_path / "browser")
    done = subprocess.run(
        [sys.executable, ROOT / "examples/get_token.py", provider.issuer, "kubernetes"],
        env=clean(tmp_path / "home", BROWSER=str(browser)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "alice@example.test" in done.stdout
    assert "eyJ" not in done.stdout + done.stderr
    provider.forget()
    ended = subprocess.run(
        [sys.executable, ROOT / "examples/sign_out.py", provider.issuer, "kubernetes"],
        env=clean(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "signed out\n"
    assert provider.count("revocation_endpoint") == 1


def test_the_library_says_what_is_wrong(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """A program looks at what keeps a sign-in from working; nobody signs in."""
    provider = started_provider("embedded", https=False)
    done = subprocess.run(
        [sys.executable, ROOT / "examples/examine.py", f"{provider.issuer}/", "kubernetes"],
        env=clean(tmp_path / "home", BROWSER="true"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "issuer: provider metadata is of another issuer" in done.stdout
    assert "the trailing slash differs" in done.stdout
    assert provider.count() == 1
