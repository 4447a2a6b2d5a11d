"""What is built, and that every installer makes working commands of it."""

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import pytest

from tests.frontdoor.command_lines import MINIMAL
from tests.frontdoor.place import Place
from tests.frontdoor.shells import SOURCE, TALOS
from tests.storage.surroundings import credential
from tests.support.environment import BIN
from tests.talos_cred.door import Talos

ROOT = Path(__file__).parents[2]
COMMANDS = ["kubectl-oidc_login", "kubelogin"]
TALOS_CRED = "talos-cred"
ENTRY_POINTS = {f"{name} = kubelogin_py.__main__:main" for name in COMMANDS} | {
    f"{TALOS_CRED} = talos_cred.__main__:main"
}


def build(directory: Path, *arguments: str, source: Path = ROOT, platform: str | None = None) -> Path:
    """Build a distribution without a network, and return its path."""
    environ = {name: value for name, value in os.environ.items() if name != "KUBELOGIN_PY_WHEEL"}
    if platform:
        environ["KUBELOGIN_PY_WHEEL"] = platform
    # Isolated, so that the sources of this checkout are not what is found.
    command = [
        sys.executable,
        "-I",
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(directory),
        *arguments,
        str(source),
    ]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = directory.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "--wheel")


def scripts(wheel: Path) -> dict[str, tuple[bytes, int]]:
    """Return contents and modes of the files that become commands."""
    with zipfile.ZipFile(wheel) as archive:
        found = [entry for entry in archive.infolist() if ".data/scripts/" in entry.filename]
        return {
            entry.filename.rpartition("/")[2]: (archive.read(entry), stat.S_IMODE(entry.external_attr >> 16))
            for entry in found
        }


def text_of(wheel: Path, name: str) -> str | None:
    with zipfile.ZipFile(wheel) as archive:
        [*found] = [entry for entry in archive.namelist() if entry.endswith(f".dist-info/{name}")]
        return archive.read(found[0]).decode() if found else None


def entry_points(wheel: Path) -> set[str]:
    return set((text_of(wheel, "entry_points.txt") or "").splitlines())


# What is built


def test_the_wheel_for_everybody_has_the_scripts_under_their_names(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    sources = {**dict.fromkeys(COMMANDS, SOURCE), TALOS_CRED: TALOS}
    assert scripts(wheel) == {name: (source.read_bytes(), 0o755) for name, source in sources.items()}
    assert not ENTRY_POINTS & entry_points(wheel)
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith("frontdoor.sh")]


def test_the_wheel_has_talos_cred(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert {"talos_cred/__main__.py", "talos_cred/cli/app.py"} <= set(archive.namelist())


@pytest.mark.parametrize("platform", ["win_amd64", "win_arm64", "win32"])
def test_the_wheel_for_windows_has_entry_points(platform: str, tmp_path: Path) -> None:
    wheel = build(tmp_path / "made", "--wheel", platform=platform)
    assert wheel.name.endswith(f"-py3-none-{platform}.whl")
    assert scripts(wheel) == {}
    assert entry_points(wheel) >= ENTRY_POINTS
    metadata = Parser().parsestr(text_of(wheel, "WHEEL") or "")
    assert (metadata["Tag"], metadata["Root-Is-Purelib"]) == (f"py3-none-{platform}", "true")


def test_another_platform_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="KUBELOGIN_PY_WHEEL is 'beos' instead of one of any, win_amd64"):
        build(tmp_path / "made", "--wheel", platform="beos")


def test_wheels_differ_in_commands_only(wheel: Path, tmp_path: Path) -> None:
    other = build(tmp_path / "made", "--wheel", platform="win_amd64")
    names = []
    for one in (wheel, other):
        with zipfile.ZipFile(one) as archive:
            names.append({name for name in archive.namelist() if ".dist-info/" not in name and ".data/" not in name})
    assert names[0] == names[1]
    assert text_of(wheel, "METADATA") == text_of(other, "METADATA")


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Though unpacked without modes and with the line ends of Windows."""
    made = build(tmp_path / "made", "--sdist")
    with tarfile.open(made) as archive:
        # Debian 12's Python has no filters yet; it is our own archive.
        archive.extractall(tmp_path / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    [source] = (tmp_path / "unpacked").iterdir()
    for script in source.glob("*/frontdoor.sh"):
        script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
        script.chmod(0o600)
    again = build(tmp_path / "again", "--wheel", source=source)
    assert again.name == wheel.name
    assert scripts(again) == scripts(wheel)
    assert text_of(again, "RECORD") == text_of(wheel, "RECORD")


# Every installer


@pytest.fixture(scope="session")
def index(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory to install from without a network: our wheel, and empty ones under the names of what it needs."""
    made = tmp_path_factory.mktemp("index")
    shutil.copy(wheel, made)
    metadata = Parser().parsestr(text_of(wheel, "METADATA") or "")
    for requirement in metadata.get_all("Requires-Dist", []):
        name = requirement.partition(">")[0].partition(";")[0].strip().replace("-", "_")
        folder = f"{name}-9999.dist-info"
        with zipfile.ZipFile(made / f"{name}-9999-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 9999\n")
            archive.writestr(
                f"{folder}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{folder}/RECORD", f"{folder}/METADATA,,\n{folder}/WHEEL,,\n{folder}/RECORD,,\n")
    return made


class Installing:
    """One way to install, into a directory of its own without the developer's settings.

    :param find: returns where a component is.
    """

    def __init__(self, directory: Path, index: Path, find: Callable[[str], Path]) -> None:
        self.directory = directory
        self.bin = directory / "venv/bin"
        self._index = index
        self._find = find
        self._environ = {
            "HOME": str(directory / "home"),
            "PATH": "/usr/bin:/bin",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_FIND_LINKS": str(index),
            "PIP_NO_INDEX": "1",
            "UV_CACHE_DIR": str(directory / "uv-cache"),
            "UV_FIND_LINKS": str(index),
            "UV_NO_INDEX": "1",
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_TOOL_DIR": str(directory / "tools"),
            "UV_TOOL_BIN_DIR": str(directory / "bin"),
            "PIPX_HOME": str(directory / "pipx"),
            "PIPX_BIN_DIR": str(directory / "bin"),
            "PIPX_MAN_DIR": str(directory / "man"),
            "PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1",
        }
        (directory / "home").mkdir(parents=True)

    def pip(self, *arguments: str) -> Path:
        self._venv()
        self._run(BIN / "python", "-m", "pip", "--python", self.bin / "python", "install", *arguments, "kubelogin-py")
        return self.bin

    def old_pip(self) -> Path:
        self._venv()
        self._run(self.bin / "python", f"{self._find('old-pip')}/pip", "install", "kubelogin-py")
        return self.bin

    def pip_editable(self) -> Path:
        """As the Makefile does."""
        self._venv()
        # What builds it is in our own packages.
        [site] = self.directory.glob("venv/lib/python*/site-packages")
        (site / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        self._run(
            *(BIN / "python", "-m", "pip", "--python", self.bin / "python"),
            *("install", "--no-build-isolation", "--no-deps", "--editable", ROOT),
        )
        return self.bin

    def pip_prefix(self) -> Path:
        """No interpreter comes to stand beside the script."""
        prefix = self.directory / "prefix"
        self._environ["PATH"] = f"{Path(sys._base_executable).parent}:/usr/bin:/bin"
        self._run(BIN / "python", "-m", "pip", "install", "--prefix", prefix, "--ignore-installed", "kubelogin-py")
        return prefix / "bin"

    def uv_pip(self) -> Path:
        self._venv()
        self._run(self._find("uv"), "pip", "install", "--python", self.bin / "python", "kubelogin-py")
        return self.bin

    def uv_tool(self) -> Path:
        self._run(self._find("uv"), "tool", "install", "--python", sys._base_executable, "kubelogin-py")
        return self.directory / "bin"

    def pipx(self) -> Path:
        self._run(self._find("pipx"), "install", "--python", sys._base_executable, "kubelogin-py")
        return self.directory / "bin"

    def run(self, command: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
        """Run what was installed."""
        return subprocess.run([command, *arguments], env={**self._environ, **environ}, capture_output=True, check=False)

    def _venv(self) -> None:
        self._run(sys._base_executable, "-I", "-m", "venv", "--without-pip", self.directory / "venv")

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            list(map(str, command)), env=self._environ, cwd=self.directory, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


INSTALLERS: dict[str, Callable[[Installing], Path]] = {
    "pip": Installing.pip,
    "pip-23.0.1": Installing.old_pip,
    "pip-editable": Installing.pip_editable,
    "pip-prefix": Installing.pip_prefix,
    "uv-pip": Installing.uv_pip,
    "uv-tool": Installing.uv_tool,
    "pipx": Installing.pipx,
}
_LINKED = ("uv-tool", "pipx")


@pytest.mark.parametrize("how", INSTALLERS)
def test_installed_commands_work(how: str, index: Path, tmp_path: Path, required: Callable[[str], Path]) -> None:
    """The shebang survives, the file can be executed, answers are printed, and Python is found for the rest."""
    installing = Installing(tmp_path / how, index, required)
    directory = INSTALLERS[how](installing)
    place = Place(tmp_path / how / "home")
    for name in COMMANDS:
        command = directory / name
        assert command.is_symlink() == (how in _LINKED)
        assert command.read_bytes() == SOURCE.read_bytes()
        assert stat.S_IMODE(command.stat().st_mode) == 0o755
        # A PATH that leads nowhere: no interpreter and no other program can have answered.
        done = installing.run(command, *MINIMAL, PATH="/nowhere")
        assert (done.returncode, done.stdout, done.stderr) == (0, credential(), b"")
        done = installing.run(command, "--version")
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(b"kubelogin version ")
    assert place.file.exists()
    _check_talos_cred(installing, directory / TALOS_CRED, how)


def _check_talos_cred(installing: Installing, command: Path, how: str) -> None:
    """What Python decides at first, and leaves a pass for, the script decides from then on."""
    assert command.is_symlink() == (how in _LINKED)
    assert command.read_bytes() == TALOS.read_bytes()
    talos = Talos(installing.directory / "home")
    script = command.resolve()
    for _ in range(2):
        done = installing.run(command, "run", "--", "sh", "-c", 'echo "$@"', "sh", "a  b", "*")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"a  b *\n", b"")
        assert talos.files() == ["pass-", "seen-"]
        # A script that stands alone has nobody else to ask.
        alone = installing.directory / "alone"
        alone.mkdir(exist_ok=True)
        command = Path(shutil.copy(script, alone))
