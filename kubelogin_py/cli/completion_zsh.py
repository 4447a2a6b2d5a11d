"""The completion script for zsh: a file of ``$fpath``, or text to be sourced after ``compinit``."""

from collections.abc import Sequence

from kubelogin_py.cli.completion import PROGRAMS, Entry, Flag

_SCRIPT = """#compdef @PROGRAMS@

_kubelogin() {
    local curcontext="$curcontext" state line expl
    local -a commands
    commands=(
@COMMANDS@
    )
    _arguments -C \\
@ROOT@
        '(-): :->command' \\
        '(-)*:: :->arguments'
    case $state in
        command) _describe -t commands command commands ;;
        arguments)
            curcontext="${curcontext%:*}-$words[1]:"
            case $words[1] in
@CASES@
            esac
            ;;
    esac
}

if [[ $funcstack[1] == _kubelogin ]]; then
    _kubelogin "$@"
elif (( $+functions[compdef] )); then
    compdef _kubelogin @PROGRAMS@
fi
"""


def script(entries: Sequence[Entry]) -> str:
    """Return the script."""
    root, *others = entries
    text = _SCRIPT.replace("@PROGRAMS@", " ".join(PROGRAMS))
    text = text.replace("@COMMANDS@", "\n".join(f"        {_quoted(_command(entry))}" for entry in others))
    text = text.replace("@ROOT@", "\n".join(f"        {_specification(flag)} \\" for flag in root.flags))
    return text.replace("@CASES@", "\n".join(_case(entry) for entry in others))


def _command(entry: Entry) -> str:
    return f"{entry.name}:{entry.summary}" if entry.summary else entry.name


def _case(entry: Entry) -> str:
    specifications = [_specification(flag) for flag in entry.flags]
    if entry.words:
        specifications.append(_quoted(f"1: :({' '.join(entry.words)})"))
    lines = [f"                {entry.name})", "                    _arguments \\"]
    lines += [f"                        {one} \\" for one in specifications[:-1]]
    return "\n".join([*lines, f"                        {specifications[-1]}", "                    ;;"])


def _specification(flag: Flag) -> str:
    """Return an option as ``_arguments`` takes it; an equals sign allows both ways of giving a value."""
    equals = "=" if flag.takes_value else ""
    explanation = f"[{_escaped(flag.summary)}]" if flag.summary else ""
    action = f":value:{_action(flag)}" if flag.takes_value else ""
    long = _quoted(f"*{flag.name}{equals}{explanation}{action}")
    if not flag.letter:
        return long
    plus = "+" if flag.takes_value else ""
    return f"{long} {_quoted(f'*{flag.letter}{plus}{explanation}{action}')}"


def _action(flag: Flag) -> str:
    if flag.names_file:
        return "_files"
    if flag.meanings:
        return f"(({' '.join(_choice(*described) for described in flag.described_choices)}))"
    if flag.listed_by:
        return f'{{_wanted values expl value compadd - ${{(f)"$({flag.listed_by} 2>/dev/null)"}}}}'
    return f"({' '.join(flag.choices)})" if flag.choices else " "


def _choice(name: str, meaning: str) -> str:
    return f'{name}\\:"{meaning}"'


def _escaped(text: str) -> str:
    for character in "\\[]":
        text = text.replace(character, "\\" + character)
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
