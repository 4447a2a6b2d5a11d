"""Environment variables, row by row."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kubelogin_py.adapters.proxies import proxy_for
from kubelogin_py.cli.home import home_directory
from tests.cli.calls import Application, call
from tests.compat.plugin import PASSWORD_GRANT, Plugin, failed, token
from tests.compat.test_contract_parsing import MANDATORY
from tests.support.certificates import Certificates

DIRECTORIES = {
    "1.5 KUBECACHEDIR unset": ({}, [], Path("/home/me/.kube/cache/oidc-login")),
    "1.5 KUBECACHEDIR set": ({"KUBECACHEDIR": "/var/c"}, [], Path("/var/c/oidc-login")),
    "1.5 KUBECACHEDIR set but empty": ({"KUBECACHEDIR": ""}, [], Path("oidc-login")),
    "1.5 KUBECACHEDIR and the flag": ({"KUBECACHEDIR": "/var/c"}, ["--token-cache-dir=/x"], Path("/x")),
    "1.5 no $VAR in a flag": ({"KUBE": "/y"}, ["--token-cache-dir=$KUBE/x"], Path("$KUBE/x")),
    "1.5 HOME": ({"HOME": "/home/you"}, [], Path("/home/you/.kube/cache/oidc-login")),
}


@pytest.mark.parametrize("name", ["get-token", "clean"])
@pytest.mark.parametrize(("environment", "words", "directory"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_token_cache(name: str, environment: dict[str, str], words: list[str], directory: Path) -> None:
    application = Application()
    first = MANDATORY if name == "get-token" else ["clean"]
    outcome = call(*first, *words, application=application, environment=environment)
    assert outcome.code == 0, outcome.err
    found = application.asked[0][0]
    assert (found if name == "clean" else found.cache.directory) == directory


EXEC_INFOS: dict[str, tuple[dict[str, str], str]] = {
    "1.5 KUBERNETES_EXEC_INFO unset": ({}, "v1beta1"),
    "1.5 KUBERNETES_EXEC_INFO empty": ({"KUBERNETES_EXEC_INFO": ""}, "v1beta1"),
    "1.5 KUBERNETES_EXEC_INFO of v1": (
        {"KUBERNETES_EXEC_INFO": '{"apiVersion":"client.authentication.k8s.io/v1"}'},
        "v1",
    ),
    "1.5 KUBERNETES_EXEC_INFO of v1beta1": (
        {"KUBERNETES_EXEC_INFO": '{"apiVersion":"client.authentication.k8s.io/v1beta1"}'},
        "v1beta1",
    ),
    "1.5 KUBERNETES_EXEC_INFO of no version": ({"KUBERNETES_EXEC_INFO": "{}"}, "v1beta1"),
}  # fmt: skip


@pytest.mark.parametrize(("environment", "version"), EXEC_INFOS.values(), ids=EXEC_INFOS)
def test_exec_info(environment: dict[str, str], version: str) -> None:
    outcome = call(*MANDATORY, environment=environment)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(
        f'{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/{version}","spec":{{"interactive":false}},'
    )


BAD_EXEC_INFOS = {
    "1.5 KUBERNETES_EXEC_INFO that is no JSON": ("{", "error: get-token: invalid KUBERNETES_EXEC_INFO"),
    "1.5 KUBERNETES_EXEC_INFO of v1alpha1": (
        '{"apiVersion":"client.authentication.k8s.io/v1alpha1"}',
        "unknown apiVersion: client.authentication.k8s.io/v1alpha1",
    ),
}


@pytest.mark.parametrize(("info", "line"), BAD_EXEC_INFOS.values(), ids=BAD_EXEC_INFOS)
def test_a_bad_exec_info(info: str, line: str) -> None:
    """Before anybody signs in, where theirs notices the version only afterwards."""
    application = Application()
    outcome = call(*MANDATORY, application=application, environment={"KUBERNETES_EXEC_INFO": info})
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    assert outcome.err.startswith("error: get-token: ")
    assert line in outcome.err


def test_home_on_windows(tmp_path: Path) -> None:
    """The first of HOME, HOMEDRIVE with HOMEPATH, and USERPROFILE that holds ``.kube/config``."""
    (tmp_path / "profile/.kube").mkdir(parents=True)
    (tmp_path / "profile/.kube/config").touch()
    (tmp_path / "home").mkdir(exist_ok=True)
    environment = {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "profile")}
    assert home_directory(environment, windows=True) == str(tmp_path / "profile")
    (tmp_path / "profile/.kube/config").unlink()
    assert home_directory(environment, windows=True) == str(tmp_path / "home")


PROXY = "http://proxy.example.com:3128"
PROXIES: dict[str, tuple[str, dict[str, str], str | None]] = {
    "HTTPS_PROXY": ("https://id.example.com", {"HTTPS_PROXY": PROXY}, PROXY),
    "https_proxy": ("https://id.example.com", {"https_proxy": PROXY}, PROXY),
    "upper case before lower case": (
        "https://id.example.com",
        {"HTTPS_PROXY": PROXY, "https_proxy": "http://other:1"},
        PROXY,
    ),
    "HTTP_PROXY is not for https": ("https://id.example.com", {"HTTP_PROXY": PROXY}, None),
    "NO_PROXY: the host": ("https://id.example.com", {"HTTPS_PROXY": PROXY, "NO_PROXY": "id.example.com"}, None),
    "NO_PROXY: a domain": ("https://id.example.com", {"HTTPS_PROXY": PROXY, "NO_PROXY": "example.com"}, None),
    "NO_PROXY: a suffix": ("https://id.example.com", {"HTTPS_PROXY": PROXY, "no_proxy": ".example.com"}, None),
    "NO_PROXY: a range": ("https://10.1.2.3", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, None),
    "NO_PROXY: another range": ("https://10.1.2.3", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.2.0.0/16"}, PROXY),
    "NO_PROXY: everything": ("https://id.example.com", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
    "loopback": ("https://127.0.0.2", {"HTTPS_PROXY": PROXY}, None),
    "localhost": ("https://localhost:8443", {"HTTPS_PROXY": PROXY}, None),
    "socks5": ("https://id.example.com", {"HTTPS_PROXY": "socks5://s:1080"}, "socks5://s:1080"),
}


@pytest.mark.parametrize(
    ("url", "environment", "proxy"), PROXIES.values(), ids=[f"1.5 proxy: {row}" for row in PROXIES]
)
def test_proxy(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, environment) == proxy


def test_ssl_cert_file(plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:
    plugin = plugin_at(https=True)
    assert token(plugin.run(*PASSWORD_GRANT, env={"SSL_CERT_FILE": str(certificates.ca)}))


def test_ssl_cert_dir(plugin_at: Callable[..., Plugin], certificates: Certificates, tmp_path: Path) -> None:
    directory = tmp_path / "authorities"
    directory.mkdir()
    # Go reads whatever is in it; no name is needed that OpenSSL would look for.
    (directory / "authority.pem").write_bytes(certificates.ca.read_bytes())
    plugin = plugin_at(https=True)
    assert token(plugin.run(*PASSWORD_GRANT, env={"SSL_CERT_DIR": str(directory)}))


def test_ssl_cert_file_without_the_authority(plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:
    plugin = plugin_at(https=True)
    done = plugin.run(*PASSWORD_GRANT, env={"SSL_CERT_FILE": str(certificates.other_ca)})
    failed(done, "error: get-token: ", "unknown authority")


IGNORED = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.mark.parametrize("name", IGNORED)
def test_what_go_programs_do_not_read(name: str, plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:
    plugin = plugin_at(https=True)
    failed(plugin.run(*PASSWORD_GRANT, env={name: str(certificates.ca)}), "unknown authority")


def test_browser(plugin_at: Callable[..., Plugin]) -> None:
    """Theirs does not read ``BROWSER`` itself. Ours does, where no ``--browser-command`` is given."""
    plugin = plugin_at()
    assert token(plugin.run(browser=False, env={"BROWSER": str(plugin.browser)}))
    assert plugin.was_opened
