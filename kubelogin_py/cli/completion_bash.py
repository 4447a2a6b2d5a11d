"""The completion script for bash, 3.2 and later, without the bash-completion package."""

from collections.abc import Iterable, Sequence

from kubelogin_py.cli.completion import PROGRAMS, Entry, Flag

_SCRIPT = r"""# bash completion for kubelogin

_kubelogin_takes_value() {
    case $1 in @VALUE_FLAGS@) return 0 ;; esac
    return 1
}

_kubelogin() {
    local current=${COMP_WORDS[COMP_CWORD]} command= flag= prefix= word index=1 words=
    COMPREPLY=()

    # The command is the first word that is neither an option nor the value of one. Bash makes a word of "=".
    while [ "$index" -lt "$COMP_CWORD" ]; do
        word=${COMP_WORDS[index]}
        if [[ $word != -* ]]; then
            command=$word
            break
        elif [ "${COMP_WORDS[index + 1]}" = "=" ]; then
            index=$((index + 2))
        elif _kubelogin_takes_value "$word"; then
            index=$((index + 1))
        fi
        index=$((index + 1))
    done

    # The option whose value is being written: "--option value", "--option=value" and, where "=" ends no word, too.
    word=${COMP_WORDS[COMP_CWORD - 1]}
    if [ "$current" = "=" ]; then
        flag=$word current=
    elif [ "$word" = "=" ]; then
        flag=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $current == --*=* ]]; then
        flag=${current%%=*} prefix=$flag= current=${current#*=}
    elif _kubelogin_takes_value "$word"; then
        flag=$word
    fi

    case $command:$flag in
@VALUES@
        *:-*) return ;;
        *)
            case $command in
@WORDS@
            esac
            ;;
    esac

    case $words in
        :files)
            local IFS=$'\n'
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -f -- "$current"))
            ;;
        *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    esac
    COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
}

complete -F _kubelogin @PROGRAMS@
"""


def script(entries: Sequence[Entry]) -> str:
    """Return the script."""
    flags = [flag for entry in entries for flag in entry.flags if flag.takes_value]
    text = _SCRIPT.replace("@VALUE_FLAGS@", "|".join(dict.fromkeys(name for flag in flags for name in _names(flag))))
    text = text.replace(
        "@VALUES@", "\n".join(_values(entry, flag) for entry in entries for flag in entry.flags if _known(flag))
    )
    text = text.replace("@WORDS@", "\n".join(_words(entry) for entry in entries))
    return text.replace("@PROGRAMS@", " ".join(PROGRAMS))


def _known(flag: Flag) -> bool:
    return bool(flag.choices) or flag.names_file or bool(flag.listed_by)


def _values(entry: Entry, flag: Flag) -> str:
    listed = f"$({flag.listed_by} 2>/dev/null)" if flag.listed_by else ":files"
    return f'        "{entry.name}:{flag.name}") words="{" ".join(flag.choices) or listed}" ;;'


def _words(entry: Entry) -> str:
    names = [name for flag in entry.flags for name in _names(flag)]
    lines = [f'                "{entry.name}")', f'                    words="{" ".join(entry.words)}"']
    lines += [f'                    case $current in -*) words="{" ".join(names)}" ;; esac', "                    ;;"]
    return "\n".join(lines)


def _names(flag: Flag) -> Iterable[str]:
    return (name for name in (flag.name, flag.letter) if name)
