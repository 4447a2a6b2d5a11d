"""Help holds the whole table, and nothing beside it."""

import re

import pytest

from kubelogin_py.cli.commands import COMMANDS, Command
from kubelogin_py.cli.help import VARIABLES, help_text
from kubelogin_py.cli.option import Topic
from kubelogin_py.cli.options import OPTIONS, options_of

FLAG = re.compile(r"^  (?:-(.), |    )--([\w-]+)(?: (\w+))?$", re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.path)
def test_every_option_that_is_not_hidden_is_listed_once(command: Command) -> None:
    text = help_text(command, {})
    shown = [(letter, name, word) for letter, name, word in FLAG.findall(text)]
    rows = [row for row in options_of(command.name, {}) if not row.hidden]
    assert sorted(shown) == sorted((row.shorthand, row.name, row.kind.word) for row in rows)
    flat = " ".join(text.split())
    for row in rows:
        assert row.help in flat, row.name


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.path)
def test_options_stand_under_their_topics(command: Command) -> None:
    text = help_text(command, {})
    rows = [row for row in options_of(command.name, {}) if not row.hidden]
    headings = [topic for topic in Topic if f"\n{topic}:\n" in text]
    assert headings == [topic for topic in Topic if any(row.topic is topic for row in rows)]
    for row in rows:
        before = text[: re.search(rf"^  (?:-., |    )--{re.escape(row.name)}\b(?!-)", text, re.MULTILINE).start()]
        assert [topic for topic in Topic if f"\n{topic}:\n" in before][-1] is row.topic


def test_deprecated_options_are_hidden() -> None:
    text = help_text(COMMANDS[1], {})
    for row in OPTIONS:
        if row.deprecated:
            assert f"--{row.name}" not in text


def test_defaults_are_those_that_hold_here() -> None:
    text = " ".join(help_text(COMMANDS[1], {"KUBECACHEDIR": "/var/c"}).split())
    assert '(default "/var/c/oidc-login")' in text
    assert "(default [127.0.0.1:8000,127.0.0.1:18000])" in text
    assert "(default 180)" in text
    assert "(default true)" in text
    assert "One of (auto|no|S256)" in text


def test_root_lists_the_commands() -> None:
    text = help_text(COMMANDS[0], {})
    for command in COMMANDS[1:]:
        assert re.search(rf"^  {command.name} +{re.escape(command.summary)}$", text, re.MULTILINE)


def test_every_variable_of_the_table_is_explained() -> None:
    named = {row.environment.name for row in OPTIONS if row.environment}
    assert named <= set(VARIABLES)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.path)
def test_help_fits_any_terminal(command: Command) -> None:
    text = help_text(command, {})
    assert text.isascii()
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 110
