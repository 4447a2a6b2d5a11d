"""A refresh at real providers."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import certifi
import pytest

from tests.end_to_end.test_concurrency import get_token
from tests.support import command
from tests.support.providers import Provider, sign_in_script


def test_a_refresh_is_one_request(provider: Provider, tmp_path: Path) -> None:
    """Metadata and key set were kept by the sign-in."""
    home = tmp_path / "home"
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    provider.forget()
    second = command.run(*words, "--force-refresh", home=home)
    assert second.code == 0, second.stderr
    assert provider.count("token_endpoint") == provider.count() == 1


@pytest.mark.required("strace")
@pytest.mark.parametrize("source", ["SSL_CERT_FILE", "--certificate-authority"])
def test_a_refresh_reads_no_bundle_where_a_root_is_remembered(
    started_provider: Callable[..., Provider], tmp_path: Path, required: Callable[[str], Path], source: str
) -> None:
    """An authority that is taken out of it is not trusted from then on; ``clean`` and ``logout`` forget the root."""
    provider, home = started_provider("embedded"), tmp_path / "home"
    bundle, trace = tmp_path / "bundle.pem", tmp_path / "trace"
    public, private = Path(certifi.where()).read_bytes(), provider.ca.read_bytes()
    bundle.write_bytes(public + private)
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    words.remove(f"--certificate-authority={provider.ca}")
    env = {source: str(bundle)} if source.isupper() else {}
    words += [] if env else [f"{source}={bundle}"]
    strace = ["-f", "-qq", "-e", "trace=openat", "-o", str(trace), str(command.KUBELOGIN)]

    def refreshed() -> int:
        """Refresh, and return how often the bundle was opened."""
        provider.forget()
        done = command.run(*strace, *words, "--force-refresh", home=home, env=env, command=required("strace"))
        assert done.code == 0, done.stderr
        assert provider.count("token_endpoint") == provider.count() == 1
        return trace.read_text().count(str(bundle))

    # A file that was just written may change once more within one tick of the clock.
    time.sleep(2.1)
    first = command.run(*words, home=home, env=env)
    assert first.code == 0, first.stderr
    (roots,) = (home / ".kube/cache/oidc-login").glob("roots-*")
    roots.unlink()
    assert [refreshed(), refreshed()] == [1, 0]
    provider.forget()
    bundle.write_bytes(public)
    refused = command.run(*words, "--force-refresh", home=home, env=env)
    assert (refused.code, refused.stdout, provider.count()) == (1, "", 0)
    assert "is signed by an unknown authority" in refused.stderr
    bundle.write_bytes(public + private)
    assert roots.exists()
    if env:
        assert command.run("logout", *words[1:], home=home, env=env).code == 0
    else:
        assert command.run("clean", home=home, env=env).code == 0
    assert not roots.exists()


SLOW = {"typer", "click", "rich", "keyring", "yaml", "requests", "urllib3", "filelock", "certifi", "idna"} | {
    *(
        "logging",
        "asyncio",
        "subprocess",
        "importlib.metadata",
        "html",
        "platform",
        "traceback",
        "webbrowser",
    ),
    *("kubelogin_py.grants.device", "kubelogin_py.grants.authorization_code", "kubelogin_py.adapters.callback_server"),
    *("kubelogin_py.adapters.browser", "kubelogin_py.adapters.system_keyring", "kubelogin_py.compat.upstream_sessions"),
    *("kubelogin_py.setup", "kubelogin_py.doctor", "kubelogin_py.kubernetes.kubeconfig_yaml"),
}
"""What a refresh has no use for, and what takes long to import."""

FOR_A_PROVIDER = {"ssl", "http.client", "socket", "cryptography", "jwt"} | {
    "kubelogin_py.adapters.http_client",
    "kubelogin_py.adapters.http_direct",
}
"""What only those need who ask one."""


def imported(words: list[str], home: Path) -> set[str]:
    """Return every module that a call imports, in all its processes, and their packages."""
    start = ["-I", "-X", "importtime", "-c", "from kubelogin_py.__main__ import main; main()"]
    done = command.run(*start, *words, home=home, command=Path(sys.executable))
    assert done.code == 0, done.stderr[-2000:]
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return names | {name.partition(".")[0] for name in names}


def test_what_a_miss_and_a_refresh_import_is_counted(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """Importing is nearly all that either costs: each module more is a little time of every refresh."""
    provider, home = started_provider("embedded"), tmp_path / "home"
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    assert command.run(*words, home=home).code == 0
    # Verbosity is no part of an answer's key, so that none is found.
    miss, refresh = imported([*words, "-v=0"], home), imported([*words, "--force-refresh"], home)
    assert "kubelogin_py.login" in miss
    assert refresh > FOR_A_PROVIDER
    assert not (miss & (SLOW | FOR_A_PROVIDER)), miss & (SLOW | FOR_A_PROVIDER)
    assert not (refresh & SLOW), refresh & SLOW
    assert ours_among(miss) <= 104
    assert ours_among(refresh) <= 114


def ours_among(names: set[str]) -> int:
    return len([name for name in names if name.startswith("kubelogin_py.")])
