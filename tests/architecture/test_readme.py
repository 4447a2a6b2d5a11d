"""What README shows is what the program takes, and where it points there is something."""

import re
from pathlib import Path

import pytest
import yaml

from kubelogin_py.cli.get_token import read_request
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat import pflag

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENVIRONMENT = {"HOME": "/home/alice"}


def stanzas(path: Path) -> list[list[str]]:
    """Return the arguments of every ``get-token`` in the YAML of a document."""
    found = []
    for block in re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        users = (yaml.safe_load(block) or {}).get("users", [])
        found.extend(user["user"]["exec"]["args"] for user in users)
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_stanza_is_understood(path: Path) -> None:
    rows = options_of("get-token", ENVIRONMENT)
    for arguments in stanzas(path):
        rest = arguments[arguments.index("get-token") + 1 :]
        request = read_request(rows, pflag.parse(rows, rest), ENVIRONMENT)
        assert request.settings.provider.issuer == "https://id.example.com"


def test_readme_has_the_stanza() -> None:
    assert stanzas(ROOT / "README.md")[0][0] == "oidc-login"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_every_make_target_named_in_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"[`$] ?make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"demo", "test", "lint"} <= named <= targets
