"""The drivers of the real components do what the tests rely on."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.support import command, components, processes
from tests.support.certificates import Certificates
from tests.support.environment import clean, cleared
from tests.support.providers import EMBEDDED, Provider, sign_in_script, start_provider
from tests.support.relying_party import RelyingParty
from tests.support.tcp_proxy import Fault, TcpProxy

PYTHON = Path(sys.executable)


def test_a_test_sees_nothing_of_the_environment_around_it(tmp_path: Path) -> None:
    assert cleared(os.environ) == ["HOME"]
    assert os.environ["HOME"].startswith(str(tmp_path))


def test_variables_that_could_steer_the_product_are_cleared() -> None:
    steering = ["KUBECACHEDIR", "KUBERNETES_EXEC_INFO", "https_proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "NO_PROXY"]
    assert cleared([*steering, "PATH", "LANG", "CI"]) == steering


def test_a_command_runs_in_a_clean_environment(tmp_path: Path) -> None:
    program = (
        "import os,sys,json; json.dump(dict(os.environ), sys.stdout); sys.stderr.write(sys.stdin.read()); sys.exit(3)"
    )
    result = command.run("-c", program, home=tmp_path / "h", command=PYTHON, stdin="typed", env={"MORE": "1"})
    assert (result.code, result.stderr) == (3, "typed")
    expected = {**clean(tmp_path / "h"), "MORE": "1"}
    assert {name: value for name, value in json.loads(result.stdout).items() if name in expected} == expected


def test_a_command_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "late"
    program = f"import subprocess; subprocess.run(['sh', '-c', 'sleep 1; touch {marker}'])"
    with pytest.raises(subprocess.TimeoutExpired):
        command.run("-c", program, home=tmp_path / "h", command=PYTHON, deadline=0.5)
    time.sleep(1)
    assert not marker.exists()


ASKER = """
import getpass, os, sys
print("is a tty:", os.isatty(0), os.isatty(1), os.isatty(2), file=sys.stderr)
secret = getpass.getpass("Paste: ")
print("answer", len(secret))
"""


def test_a_terminal_shows_takes_and_keeps_stdout_apart(tmp_path: Path) -> None:
    with command.Terminal(PYTHON, "-c", ASKER, home=tmp_path / "h") as terminal:
        terminal.read_until("is a tty: True False True")
        terminal.read_until("Paste: ")
        terminal.send("secret\n")
        result = terminal.wait()
    assert (result.code, result.stdout) == (0, "answer 6\n")
    assert "secret" not in result.stderr


def test_a_terminal_can_be_standard_output_too(tmp_path: Path) -> None:
    with command.Terminal(PYTHON, "-c", "print('seen')", home=tmp_path / "h", stdout_too=True) as terminal:
        result = terminal.wait()
    assert (result.stdout, result.stderr) == ("", "seen\n")


WAITER = """
import time
try:
    print("waiting", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    raise SystemExit(130)
"""


def test_control_c_on_a_terminal_reaches_the_command(tmp_path: Path) -> None:
    with command.Terminal(PYTHON, "-c", WAITER, home=tmp_path / "h", stdout_too=True) as terminal:
        terminal.read_until("waiting")
        terminal.interrupt()
        assert terminal.wait(deadline=5).code == 130


def test_hanging_up_ends_the_command(tmp_path: Path) -> None:
    program = "import time; print('waiting', flush=True); time.sleep(30)"
    with command.Terminal(PYTHON, "-c", program, home=tmp_path / "h", stdout_too=True) as terminal:
        terminal.read_until("waiting")
        terminal.hang_up()
        assert terminal.wait(deadline=5).code == -signal.SIGHUP


def test_a_component_that_is_not_ready_says_why(tmp_path: Path) -> None:
    with pytest.raises(processes.NotReadyError, match="no such flag"):
        processes.start([PYTHON, "-c", "raise SystemExit('no such flag')"], log=tmp_path / "log")


def test_a_component_is_stopped_by_its_own_process_id(tmp_path: Path) -> None:
    program = "import time; print('READY here', flush=True); time.sleep(60)"
    with processes.start([PYTHON, "-c", program], log=tmp_path / "log") as component:
        assert component.address == "here"
    with pytest.raises(ProcessLookupError):
        os.kill(component.pid, 0)


@pytest.mark.parametrize("which", ["wrong_host", "expired"])
def test_bad_certificates_are_refused_by_a_client_that_trusts_the_authority(
    certificates: Certificates, tmp_path: Path, which: str
) -> None:
    command_line = [PYTHON, components.ROOT / "examples/demo/provider.py"]
    leaf = getattr(certificates, which)
    command_line += ["--tls-cert", leaf.certificate, "--tls-key", leaf.key]
    with (
        processes.start(command_line, log=tmp_path / "log", env=clean(tmp_path / "h")) as component,
        pytest.raises(requests.exceptions.SSLError),
    ):
        requests.get(f"{component.address}/jwks", verify=str(certificates.ca), timeout=10)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_the_good_certificate_passes_strict_verification(
    started_provider: Callable[..., Provider], certificates: Certificates, host: str
) -> None:
    provider = started_provider(EMBEDDED, issuer_host=host)
    context = ssl.create_default_context(cafile=certificates.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    authority = ssl.create_default_context(cafile=certificates.other_ca)
    port = int(provider.issuer.rpartition(":")[2])
    import socket

    address = "127.0.0.1" if host == "localhost" else host
    with socket.create_connection((address, port)) as raw, context.wrap_socket(raw, server_hostname=host) as connection:
        assert connection.version()
    with socket.create_connection((address, port)) as raw, pytest.raises(ssl.SSLCertVerificationError):
        authority.wrap_socket(raw, server_hostname=host)


def test_a_provider_can_stand_behind_a_proxy(certificates: Certificates, tmp_path: Path) -> None:
    with TcpProxy() as proxy:
        port = processes.free_port()
        provider = start_provider(
            EMBEDDED, tmp_path, leaf=certificates.server, ca=certificates.ca, port=proxy.port, listen_port=port
        )
        proxy.target = port
        try:
            provider.load_metadata()
            assert RelyingParty(provider).sign_in()["id_token"]
            # Not before the handshake: Python 3.11 leaves a TLS socket open that was reset before it was wrapped.
            proxy.fault = Fault(reset_down=0)
            with pytest.raises(requests.exceptions.ConnectionError):
                provider.fetch(provider.metadata["jwks_uri"])
        finally:
            provider.stop()


def test_the_sign_in_program_talks_on_stdout_and_succeeds(provider: Provider, tmp_path: Path) -> None:
    device = RelyingParty(provider).device_authorization()
    script = sign_in_script(tmp_path / "sign-in", ca=provider.ca, wrong_password_first=True)
    result = command.run(device["verification_uri_complete"], home=tmp_path / "h", command=script)
    assert (result.code, result.stdout, result.stderr) == (0, "sign-in: last page: 200 Device connected\n", "")


def test_the_sign_in_program_fails_when_the_password_is_wrong(provider: Provider, tmp_path: Path) -> None:
    script = sign_in_script(tmp_path / "sign-in", ca=provider.ca, password="no")
    result = command.run(RelyingParty(provider).authorization_url(), home=tmp_path / "h", command=script)
    assert result.code == 1
    assert "did not take alice's password" in result.stderr


def test_what_is_installed_is_found(required: Callable[[str], Path]) -> None:
    assert required("kubectl").exists()
    assert set(components.COMPONENTS) >= {
        "node",
        "oidc-provider",
        "chromium",
        "kubectl",
        "old-kubectl",
        "strace",
        "root",
    }


def test_free_ports_are_free() -> None:
    port = processes.free_port()
    assert 0 < port < 65536
