"""The program's own path, as it stays when the program is installed anew."""

import os
from pathlib import Path

from kubelogin_py.cli.executable import NAME, own_command


def installed(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / NAME
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_the_link_of_pipx_is_preferred(tmp_path: Path) -> None:
    own = installed(tmp_path / "venvs" / "kubelogin" / "bin")
    link = tmp_path / "local" / NAME
    link.parent.mkdir()
    link.symlink_to(own)
    another = installed(tmp_path / "other")
    path = os.pathsep.join(["relative", "", str(another.parent), str(link.parent), str(own.parent)])
    assert own_command({"PATH": path}, beside=own.with_name("python")) == str(link)


def test_without_a_link_it_is_the_installed_one(tmp_path: Path) -> None:
    own = installed(tmp_path / "venv" / "bin")
    installed(tmp_path / "other")
    assert own_command({"PATH": str(tmp_path / "other")}, beside=own.with_name("python")) == str(own)
    assert own_command({}, beside=own.with_name("python")) == str(own)


def test_where_nothing_is_installed_it_is_the_name(tmp_path: Path) -> None:
    assert own_command({"PATH": "/nowhere"}, beside=tmp_path / "python") == NAME
