"""Timing a sign-in on another device: a person confirms while the command polls."""

import os
import re
import shutil
import subprocess
import time

from examples.demo.sign_in import Person, Wish
from tests.bench.scene import Distant
from tests.bench.timing import FailedError, Sample

# Page and code each stand alone in their line.
_SHOWN = re.compile(r"(?s)\n *(https://\S+)\n.*\n *([A-Z0-9]{4}-[A-Z0-9]{4})\n")


def device_sign_in(program: str, distant: Distant, environ: dict[str, str]) -> Sample:
    """Sign in once with a device code that is confirmed as soon as it is shown, from nothing.

    :raises FailedError: no credential came of it.
    """
    shutil.rmtree(distant.directory / "device", ignore_errors=True)
    arguments = distant.arguments("device", "--grant-type=device-code", "--skip-open-browser")
    started = time.perf_counter()
    process = subprocess.Popen(
        [program, *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    shown = ""
    while not (found := _SHOWN.search(shown)):
        line = process.stderr.readline()
        if not line:
            raise FailedError(f"no code was shown: {shown}")
        shown += line
    Person(Wish(user_code=found[2]), str(distant.certificates.ca)).sign_in(found[1])
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    process.stderr.close()
    if not printed.startswith('{"kind"'):
        raise FailedError(f"device sign-in: {shown}")
    return Sample(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000)
