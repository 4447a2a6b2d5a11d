"""The audit log."""

import json
import os
import re
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from examples.exchange_server.audit import _OUTCOMES, AuditLog
from examples.exchange_server.settings import ConfigError
from tests.exchange_server.world import Clock


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


@pytest.mark.parametrize("kind", _OUTCOMES)
def test_each_kind_of_event_is_a_line_of_json(tmp_path: Path, kind: str) -> None:
    path, clock = tmp_path / "audit.log", Clock()
    clock.time = 1_800_000_000.25
    log = AuditLog(str(path), clock)
    log.write(kind, request__id="1", client_ip="192.0.2.1", subject="", roles=(), error=None)
    log.close()
    (event,) = lines(path)
    assert event["timestamp"] == "2027-01-15T08:00:00.250Z"
    assert (event["type"], event["request.id"], event["client_ip"]) == (kind, "1", "192.0.2.1")
    assert {"event.category", "event.action", "event.outcome", "severity"} <= set(event)
    assert not {"subject", "roles", "error"} & set(event), "what is not known is left out"


def test_texts_from_outside_stay_on_their_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = AuditLog(str(path), Clock())
    log.write("auth_failure", subject='a"\n{"type": "cert_issued"}\x1b\u2028', detail="x" * 10_000)
    log.close()
    (event,) = lines(path)
    assert event["subject"] == 'a"\n{"type": "cert_issued"}\x1b\u2028'
    assert len(event["detail"]) == 300
    assert re.fullmatch(rb"[\x20-\x7e]+\n", path.read_bytes())


def test_the_file_is_the_operators_alone_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    for _ in range(2):
        log = AuditLog(str(path), Clock())
        log.write("cert_issued")
        log.close()
    assert len(lines(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_moved_away_is_begun_anew_when_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = AuditLog(str(path), Clock())
    log.write("cert_issued")
    path.rename(tmp_path / "audit.log.1")
    log.reopen()
    log.write("auth_failure")
    log.close()
    assert [one["type"] for one in lines(path)] == ["auth_failure"]
    assert [one["type"] for one in lines(tmp_path / "audit.log.1")] == ["cert_issued"]


def test_the_old_file_is_kept_when_there_can_be_no_new_one(tmp_path: Path) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    path = directory / "audit.log"
    log = AuditLog(str(path), Clock())
    moved = tmp_path / "moved.log"
    path.rename(moved)
    directory.rmdir()
    log.reopen()
    log.write("cert_issued")
    log.close()
    assert len(lines(moved)) == 1


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = AuditLog(str(path), Clock())

    def write() -> None:
        for _ in range(50):
            log.write("cert_issued", detail="x" * 300)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert len(lines(path)) == 400


def test_standard_output_is_the_default(capfd: pytest.CaptureFixture[str]) -> None:
    log = AuditLog("-", Clock())
    log.write("cert_issued", subject="alice")
    log.reopen()
    log.close()
    assert json.loads(capfd.readouterr().out)["subject"] == "alice"
    os.fstat(1)


def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't write audit_log"):
        AuditLog(str(tmp_path / "missing/audit.log"), Clock())
