#!/bin/sh
# The installed command talos-cred.
#
# talosctl has no plugin hook, so `talos-cred run -- talosctl ...` stands in front of every call of it, and starting
# Python takes longer than everything else together. So the shell itself sees whether there is a pass for the call and
# becomes the command, with builtins only: no other program, no second process, no lock. Whatever is unusual or in
# doubt is left to Python, which leaves the passes.
#
# What a pass is, and why it can be believed, is explained in passes.py; what run's words mean is in fastrun.py. What
# is here must be changed together with them. A pass is data, never code, and the command's words are not touched. Nor
# are its variables, but that dash and others drop those whose names are not a shell's.
#
# -O, -nt, -ot and /dev/fd are not in every POSIX shell; a test that a shell does not know fails, and Python is asked.
# The names begin with our_ because a variable that came from the environment would go on with our value.

# bash takes options and functions from the environment. Nothing may be traced or exported: among the words are secrets.
set +ax
unset -f command read

# Becomes the command of run if there is a pass for it, or returns.
our_command() {
  [ "${1-}" = run ] || return 0
  shift
  # bash can be told by the environment to take no notice of case.
  # shellcheck disable=SC2194 # constant, unless it was told
  case a in A) return 0 ;; esac

  our_file=${TALOS_CRED_TALOSCONFIG-} our_context=''
  while [ "${1-}" != -- ]; do
    case ${1-} in
      --*=*) our_flag=${1%%=*} our_value=${1#*=} ;;
      --*) our_flag=$1 our_value=${2-} && shift ;;
      *) return 0 ;;
    esac
    [ "$our_value" ] || return 0
    case $our_flag in
      --context-name | --context) our_context=$our_value ;;
      --talosconfig) our_file=$our_value ;;
      *) return 0 ;;
    esac
    shift
  done
  shift
  case ${1-} in '' | -*) return 0 ;; esac

  # The context that talosctl is told goes before ours.
  our_told='' our_next='' our_talosctl=''
  case ${1##*/} in talosctl | talosctl.exe) our_talosctl=1 ;; esac
  for our_word; do
    [ "$our_talosctl" ] || break
    [ "$our_next" ] && our_told=$our_word && break
    case $our_word in
      --) break ;;
      --context) our_next=1 ;;
      --context=*) our_next=1 our_told=${our_word#*=} && break ;;
    esac
  done
  [ "$our_next" ] && [ ! "$our_told" ] && return 0
  # Without a name it is the current one. All letters, since ranges depend on the language.
  our_asked=${our_told:-${our_context:-${TALOS_CRED_CONTEXT_NAME-}}}
  case $our_asked in
    *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-]*) return 0 ;;
  esac

  # The talosconfig, as talosctl finds it.
  if [ "$our_file" ]; then
    our_config=$our_file
  elif [ "${TALOSCONFIG-}" ] && [ -e "$TALOSCONFIG" ]; then
    our_config=$TALOSCONFIG
  else
    [ "${HOME-}" ] || return 0
    case ${TALOS_HOME-} in
      /*) our_config=$TALOS_HOME/config ;;
      *) our_config=$HOME/.talos/config ;;
    esac
  fi
  case $our_config in
    *//* | */./* | */../* | */. | */.. | */) return 0 ;;
    /*) ;;
    *) return 0 ;;
  esac

  # Plain files and ours. A pass serves until its own time; a here-document was made just now, if it is not empty. And
  # the talosconfig must be the one that was looked at, by its time, which can't lie in the future.
  our_folder=$our_config.talos-cred
  our_pass=$our_folder/pass-$our_asked our_seen=$our_folder/seen-$our_asked
  # shellcheck disable=SC3013 # where there is no -nt or -ot it is a miss
  {
    [ -f "$our_config" ] && [ -O "$our_folder" ] &&
      [ -f "$our_pass" ] && [ ! -h "$our_pass" ] && [ -O "$our_pass" ] &&
      [ -f "$our_seen" ] && [ ! -h "$our_seen" ] && [ -O "$our_seen" ] &&
      [ -e /dev/fd/0 ] && [ "$our_pass" -nt /dev/fd/0 ] && [ ! "$our_config" -nt /dev/fd/0 ] &&
      [ ! "$our_seen" -nt "$our_config" ] && [ ! "$our_seen" -ot "$our_config" ] &&
      IFS= read -r our_first <"$our_pass" && IFS= read -r our_second <"$our_seen"
  } 2>/dev/null <<END || return 0
now
END
  # One was left for the other, and both for this call.
  [ "$our_first" = "$our_second" ] || return 0
  case $our_first in "talos-cred 1 $our_asked "*) ;; *) return 0 ;; esac

  # Python says it better where there is no such command; and mksh runs what it has itself, even so.
  command -v "$1" >/dev/null 2>&1 || return 0
  [ "${KSH_VERSION+set}" ] && PATH=/nowhere command -v "$1" >/dev/null 2>&1 && return 0
  if [ "$our_talosctl" ] && [ ! "$our_told" ] && [ "$our_context" ]; then
    our_word=$1
    shift
    set -- "$our_word" --context "$our_context" "$@"
  fi
  [ "$our_file" ] && TALOSCONFIG=$our_file && export TALOSCONFIG
  exec "$@"
}
our_command "$@"

# Python takes our place. pipx and uv put links to us into a directory of PATH; the interpreter is beside the file
# itself.
our_self=$0
case $our_self in /*) ;; *) our_self=./$our_self ;; esac
while [ -h "$our_self" ]; do
  our_link=$(command -p readlink "$our_self" 2>/dev/null || command readlink "$our_self") || break
  case $our_link in
    /*) our_self=$our_link ;;
    *) our_self=${our_self%/*}/$our_link ;;
  esac
done
our_bin=${our_self%/*}
# Isolated (-I): no variable of the environment and nothing in the working directory can bring code in. It is told by
# what name it was called, for the service that it installs.
our_main='from talos_cred.__main__ import main; main()'
[ -x "$our_bin/python" ] && exec "$our_bin/python" -I -c "import sys; del sys.argv[0]; $our_main" "$0" "$@"

# Installed for a user or under a prefix, there may be none: take the version whose packages we are among.
set +f
for our_site in "$our_bin"/../lib/python3*/*-packages; do
  our_python=${our_site%/*} && our_python=${our_python##*/}
  [ -d "$our_site/talos_cred" ] && command -v "$our_python" >/dev/null && exec "$our_python" -I -c \
    "import site, sys; site.addsitedir(sys.argv.pop(1)); del sys.argv[0]; $our_main" "$our_site" "$0" "$@"
done
echo "talos-cred: there is no Python beside $our_self; install kubelogin-py again" >&2
exit 1
