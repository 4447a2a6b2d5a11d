"""The order of what happens on the disk, as the kernel sees it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from kubelogin_py.storage.directories import opened
with opened(Path(sys.argv[1]), warn=print, create=True) as folder:
    folder.write("file", b"contents", modified=4_000_000_000)
"""


@pytest.mark.required("strace")
def test_b97_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path) -> None:
    """Contents, then time, then name, then directory: a crash in between leaves the old file, or the new one whole."""
    trace = tmp_path / "trace"
    calls = "trace=flock,fsync,write,utimensat,rename,renameat,renameat2,fchmod"
    command = ["strace", "-e", calls, "-o", str(trace), sys.executable, "-c", PROGRAM, str(tmp_path / "cache")]
    subprocess.run(command, check=True, cwd=ROOT)
    seen = re.findall(r"^(\w+)\(", trace.read_text(), re.MULTILINE)
    assert [re.sub("renameat2?", "rename", name) for name in seen][-6:] == [
        # Until it has its name nobody may sweep it away.
        "flock",
        "write",
        "fsync",
        "utimensat",
        "rename",
        "fsync",
    ]
