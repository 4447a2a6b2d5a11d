"""The client secret comes from a file or a variable, and is shown nowhere."""

import os
import stat
from pathlib import Path

import pytest

from kubelogin_py.cli import client_secret
from kubelogin_py.cli.option_values import UNCHANGED
from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.secret import Secret
from tests.cli.calls import Application, call

GET_TOKEN = ["get-token", "--oidc-issuer-url=https://id.example.com", "--oidc-client-id=kubernetes"]


def asked_with(*arguments: str, **environment: str) -> Secret | None:
    application = Application()
    assert call(*GET_TOKEN, *arguments, application=application, environment=environment).code == 0
    return application.asked[0][0].provider.client_secret  # type: ignore[no-any-return]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=repr)
def test_it_is_the_line_in_the_file(tmp_path: Path, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f" hunter2 é{end}".encode())
    assert asked_with(f"--oidc-client-secret-file={file}") == Secret(" hunter2 é")


def test_the_home_directory_may_be_a_tilde(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    assert asked_with("--oidc-client-secret-file=~/secret", HOME=str(tmp_path)) == Secret("hunter2")


def test_the_variable_is_a_default(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("file")
    assert asked_with(KUBELOGIN_CLIENT_SECRET="variable") == Secret("variable")
    assert asked_with("--oidc-client-secret=option", KUBELOGIN_CLIENT_SECRET="variable") == Secret("option")
    assert asked_with(f"--oidc-client-secret-file={tmp_path / 'secret'}", KUBELOGIN_CLIENT_SECRET="x") == Secret("file")
    assert asked_with(KUBELOGIN_CLIENT_SECRET="") is None


@pytest.mark.parametrize("words", [["get-token", "--help"], ["help", "setup"], ["completion", "bash"]])
def test_help_does_not_show_it(words: list[str]) -> None:
    outcome = call(*words, environment={"KUBELOGIN_CLIENT_SECRET": "hunter2"})
    assert outcome.code == 0
    assert "hunter2" not in outcome.out + outcome.err


CONTENTS = {"empty": b"", "line-end": b"\n", "two-lines": b"a\nb\n", "bytes": b"\xff", "huge": b"a" * 70000}


@pytest.mark.parametrize("contents", CONTENTS.values(), ids=CONTENTS)
def test_what_is_no_secret_is_refused(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "secret").write_bytes(contents)
    refused(tmp_path / "secret")


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "secret"
    if kind == "directory":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    refused(place)


def refused(file: Path) -> None:
    application = Application()
    outcome = call(*GET_TOKEN, f"--oidc-client-secret-file={file}", application=application)
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    assert outcome.err.startswith(f"error: get-token: --oidc-client-secret-file: {file}")


def test_it_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    file = client_secret.file_of("https://id.example.com", "kubernetes", {"HOME": str(tmp_path)})
    assert file.parent == tmp_path / ".config" / "kubelogin"
    for secret in ("hunter2", "hunter3"):
        client_secret.keep(file, Secret(secret))
        assert client_secret.from_file(str(file)) == Secret(secret)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_each_client_has_its_own() -> None:
    home = {"HOME": "/home/me"}
    clients = [("https://a", "b"), ("https://a", "c"), ("https://b", "b"), ("https://a\x00b", "")]
    assert len({client_secret.file_of(*client, home) for client in clients}) == len(clients)
    assert client_secret.file_of("a", "b", {"XDG_CONFIG_HOME": "/x"}).parent == Path("/x/kubelogin")
    with pytest.raises(SettingsError):
        client_secret.file_of("a", "b", {})


def test_it_can_not_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="can't write"):
        client_secret.keep(tmp_path / "file" / "secret", Secret("x"))


def test_an_empty_name_leaves_the_other_option() -> None:
    assert client_secret.from_file("") is UNCHANGED
