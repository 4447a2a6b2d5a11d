"""The completion script for fish."""

from collections.abc import Iterator, Sequence

from kubelogin_py.cli.completion import PROGRAMS, Entry, Flag


def script(entries: Sequence[Entry]) -> str:
    """Return the script."""
    root, *others = entries
    none_yet = _quoted(f"not __fish_seen_subcommand_from {' '.join(entry.name for entry in others)}")
    lines = [
        "# fish completion for kubelogin",
        "",
        f"for program in {' '.join(PROGRAMS)}",
        "    complete -c $program -f",
    ]
    lines += [f"    complete -c $program -n {none_yet} {_flag(flag)}" for flag in root.flags]
    for entry in others:
        described = f" -d {_quoted(entry.summary)}" if entry.summary else ""
        lines.append(f"    complete -c $program -n {none_yet} -a {entry.name}{described}")
        condition = _quoted(f"__fish_seen_subcommand_from {entry.name}")
        lines += [f"    complete -c $program -n {condition} {rest}" for rest in _entry(entry)]
    return "\n".join([*lines, "end"]) + "\n"


def _entry(entry: Entry) -> Iterator[str]:
    if entry.words:
        yield f"-a {_quoted(' '.join(entry.words))}"
    for flag in entry.flags:
        yield _flag(flag)


def _flag(flag: Flag) -> str:
    words = [f"-l {flag.name.removeprefix('--')}"]
    if flag.letter:
        words.append(f"-s {flag.letter.removeprefix('-')}")
    if flag.takes_value:
        words.append("-r -F" if flag.names_file else "-x")
    if flag.choices:
        words.append(f"-a {_quoted(' '.join(_choice(*described) for described in flag.described_choices))}")
    elif flag.listed_by:
        words.append(f"-a {_quoted(f'({flag.listed_by} 2>/dev/null)')}")
    if flag.summary:
        words.append(f"-d {_quoted(flag.summary)}")
    return " ".join(words)


def _choice(name: str, meaning: str) -> str:
    return f'{name}\\t"{meaning}"' if meaning else name


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
