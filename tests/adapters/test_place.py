"""Signs that nobody sees this machine's screen."""

from pathlib import Path

import pytest

from kubelogin_py.adapters.place import remoteness


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ""),
        ({"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}, "over SSH"),
        ({"SSH_TTY": "/dev/pts/0"}, "over SSH"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "in a pod"),
        ({"container": "podman"}, "in a container"),
        ({"CI": "true"}, "in a pipeline"),
    ],
)
def test_the_environment_tells(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    assert remoteness(environment, root=str(tmp_path)) == expected


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_has_its_mark(tmp_path: Path, mark: str) -> None:
    path = tmp_path / mark
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert remoteness({}, root=str(tmp_path)) == "in a container"
