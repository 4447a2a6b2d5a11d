"""The completion script for PowerShell, 5.1 and later."""

from collections.abc import Iterator, Sequence

from kubelogin_py.cli.completion import PROGRAMS, Entry, Flag

_SCRIPT = """# PowerShell completion for kubelogin

Register-ArgumentCompleter -Native -CommandName @PROGRAMS@ -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @{
@WORDS@
    }
    $flags = @{
@FLAGS@
    }
    $values = @{
@VALUES@
    }

    # The command is the first word that is neither an option nor the value of one.
    $command = ''
    $flag = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        $text = $element.ToString()
        if ($flag) { $flag = '' }
        elseif ($text -match '^-') { if ($values.ContainsKey($text)) { $flag = $text } }
        elseif (-not $command) { $command = $text }
    }

    $prefix = ''
    $typed = $wordToComplete
    if (-not $flag -and $typed -match '^(--[^=]+)=(.*)$') {
        $flag = $Matches[1]
        $typed = $Matches[2]
        $prefix = "$flag="
    }

    $found = @()
    if ($flag) {
        if ($values.ContainsKey("$command $flag")) { $found = $values["$command $flag"] }
        if ($found -is [scriptblock]) { $found = @(& $found) }
    }
    elseif ($typed -match '^-') { if ($flags.ContainsKey($command)) { $found = $flags[$command] } }
    elseif ($words.ContainsKey($command)) { $found = $words[$command] }

    foreach ($one in $found) {
        $name, $summary = $one -split "`t", 2
        if (-not $summary) { $summary = $name }
        if ($name.StartsWith($typed, [StringComparison]::Ordinal)) {
            [System.Management.Automation.CompletionResult]::new("$prefix$name", $name, 'ParameterValue', $summary)
        }
    }
}
"""


def script(entries: Sequence[Entry]) -> str:
    """Return the script."""
    summaries = {entry.name: entry.summary for entry in entries}
    text = _SCRIPT.replace("@PROGRAMS@", ", ".join(_quoted(program) for program in PROGRAMS))
    text = text.replace("@WORDS@", "\n".join(_words(entry, summaries) for entry in entries if entry.words))
    text = text.replace("@FLAGS@", "\n".join(_flags(entry) for entry in entries))
    return text.replace("@VALUES@", "\n".join(_values(entries)))


def _words(entry: Entry, summaries: dict[str, str]) -> str:
    return _row(entry.name, [_described(word, summaries.get(word, "")) for word in entry.words])


def _flags(entry: Entry) -> str:
    names = [(name, flag.summary) for flag in entry.flags for name in (flag.name, flag.letter) if name]
    return _row(entry.name, [_described(name, summary) for name, summary in names])


def _values(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a row for every option that takes a value, and one for each command where the values are known."""
    flags: dict[str, Flag] = {flag.name: flag for entry in entries for flag in entry.flags if flag.takes_value}
    for flag in flags.values():
        yield from (_row(name, []) for name in (flag.name, flag.letter) if name)
    for entry in entries:
        yield from (_choices(entry, flag) for flag in entry.flags if flag.choices or flag.listed_by)


def _choices(entry: Entry, flag: Flag) -> str:
    key = f"{entry.name} {flag.name}"
    if flag.choices:
        return _row(key, [_described(*choice) for choice in flag.described_choices])
    return f"        {_quoted(key)} = {{ {flag.listed_by} 2>$null }}"


def _row(key: str, values: Sequence[str]) -> str:
    return f"        {_quoted(key)} = @({', '.join(_quoted(value) for value in values)})"


def _described(name: str, summary: str) -> str:
    return f"{name}\t{summary}" if summary else name


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
