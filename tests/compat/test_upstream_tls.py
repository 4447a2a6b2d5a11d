"""int128/kubelogin's unit tests of TLS options and the CA loader, as black-box rows by their names."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compat.plugin import PASSWORD_GRANT, Plugin, failed, token
from tests.support.certificates import Certificates


def data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


OPTIONS: dict[str, Callable[[Certificates], list[str]]] = {
    "skip verify": lambda _: ["--insecure-skip-tls-verify"],
    "one CA file": lambda made: [f"--certificate-authority={made.ca}"],
    "two CA files": lambda made: [f"--certificate-authority={path}" for path in (made.other_ca, made.ca)],
    "one CA data": lambda made: [f"--certificate-authority-data={data(made.ca)}"],
    "two CA data": lambda made: [f"--certificate-authority-data={data(path)}" for path in (made.other_ca, made.ca)],
    "renegotiation once": lambda made: ["--tls-renegotiation-once", f"--certificate-authority={made.ca}"],
    "renegotiation freely": lambda made: ["--tls-renegotiation-freely", f"--certificate-authority={made.ca}"],
}


@pytest.mark.parametrize("flags", OPTIONS.values(), ids=OPTIONS)
def test_tls_options(
    flags: Callable[[Certificates], list[str]], plugin_at: Callable[..., Plugin], certificates: Certificates
) -> None:
    assert token(plugin_at(https=True).run(*flags(certificates), *PASSWORD_GRANT))


def test_skip_verify_is_said_each_time(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at(https=True)
    for _ in range(2):
        done = plugin.run("--insecure-skip-tls-verify", *PASSWORD_GRANT)
        assert "warning: the provider's certificate is not verified" in done.stderr


REFUSED: dict[str, tuple[Callable[[Certificates], list[str]], str]] = {
    "none is the system's": (lambda _: [], "is signed by an unknown authority"),
    "another": (lambda made: [f"--certificate-authority={made.other_ca}"], "is signed by an unknown authority"),
    "a file that is no certificate": (lambda made: [f"--certificate-authority={made.server.key}"], "server.key"),
    "a missing file": (lambda _: ["--certificate-authority=/does/not/exist"], "/does/not/exist"),
    "data that is no base64": (lambda _: ["--certificate-authority-data=?"], "--certificate-authority-data"),
    "data that is no certificate": (lambda _: ["--certificate-authority-data=aGVsbG8="], "no PEM certificate"),
}


@pytest.mark.parametrize(("flags", "message"), REFUSED.values(), ids=REFUSED)
def test_ca_loader(
    flags: Callable[[Certificates], list[str]],
    message: str,
    plugin_at: Callable[..., Plugin],
    certificates: Certificates,
) -> None:
    plugin = plugin_at(https=True)
    failed(plugin.run(*flags(certificates), *PASSWORD_GRANT), "error: get-token: ", message)
    assert plugin.provider.seen == []
