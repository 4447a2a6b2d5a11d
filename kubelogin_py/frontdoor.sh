#!/bin/sh
# The installed commands kubelogin and kubectl-oidc_login.
#
# kubectl starts this for every command, and starting Python takes longer than everything else together. So the shell
# itself prints a finished answer, with builtins only: no other program, no second process, no lock. Whatever is
# unusual or in doubt is a miss, and Python takes over.
#
# The rules by which an answer is found are those of fastpath.py and explained there; both must be changed together.
# The answer's file is data, never code. What is printed is put together from our own words and from characters that
# mean nothing to JSON or to a shell.
#
# -O, -nt and /dev/fd are not in every POSIX shell; a test that a shell does not know fails, which is a miss.
# The names begin with our_ because a variable that came from the environment would go on to Python with our value.

# bash takes options and functions from the environment. Nothing may be traced or exported: among the words are secrets.
set +ax -f
unset -f command echo read

# Prints the answer to the command line and ends the process, or returns.
answer() {
  [ "${1-}" = get-token ] || return 0
  shift
  # bash can be told by the environment to take no notice of case.
  # shellcheck disable=SC2194 # constant, unless it was told
  case a in A) return 0 ;; esac

  # The version that client-go wants. Only the very beginning is trusted: later the kubeconfig's author has his say.
  our_info=${KUBERNETES_EXEC_INFO-}
  our_info=${our_info%'
'}
  our_start='{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/'
  case $our_info in
    '') our_version=v1beta1 ;;
    "$our_start"'v1","spec":{'*'}}') our_version=v1 ;;
    "$our_start"'v1beta1","spec":{'*'}}') our_version=v1beta1 ;;
    *) return 0 ;;
  esac
  case ${our_info#*apiVersion} in *apiVersion*) return 0 ;; esac

  # Set but empty, KUBECACHEDIR means a path relative to nothing.
  case ${HOME-} in /*) ;; *) return 0 ;; esac
  case ${KUBECACHEDIR+set}${KUBECACHEDIR-} in
    '') our_directory=$HOME/.kube/cache/oidc-login ;;
    set) our_directory='' ;;
    *) our_directory=$KUBECACHEDIR/oidc-login ;;
  esac

  # The key of the answer, and the values for its file's name. Secrets are in neither.
  our_key=$our_version our_values='' our_flag='' our_due=''
  for our_word; do
    if [ "$our_flag" ]; then
      case $our_word in -*) return 0 ;; esac
      our_value=$our_word
    else
      case $our_word in
        --skip-open-browser | --tls-renegotiation-once | --tls-renegotiation-freely | --no-refresh-ahead)
          our_flag=$our_word our_value=true
          ;;
        --*=*) our_flag=${our_word%%=*} our_value=${our_word#*=} ;;
        --*) our_flag=$our_word && continue ;;
        *) return 0 ;;
      esac
    fi
    case $our_flag in
      --oidc-issuer-url | --oidc-client-id | --oidc-redirect-url | --oidc-extra-scope | --oidc-pkce-method) ;;
      --grant-type | --listen-address | --browser-command | --username | --authentication-timeout-sec) ;;
      --certificate-authority-data | --open-url-after-authentication | --provider | --account) ;;
      --skip-open-browser | --tls-renegotiation-once | --tls-renegotiation-freely | --no-refresh-ahead) ;;
      --oidc-client-secret | --password) our_value='' ;;
      --token-cache-storage) [ "$our_value" = disk ] || return 0 ;;
      --oidc-auth-request-extra-params)
        case $our_value in *secret* | *password* | *assertion* | *token*) return 0 ;; esac
        ;;
      --token-cache-dir | --certificate-authority | --local-server-cert | --local-server-key | --oidc-client-secret-file)
        case $our_value in \~/*) our_value=$HOME${our_value#'~'} ;; esac
        case $our_value in /*) ;; *) return 0 ;; esac
        ;;
      *) return 0 ;;
    esac
    if [ "$our_flag" = --token-cache-dir ]; then
      our_directory=$our_value
    else
      case $our_value in *[!A-Za-z0-9_:/.,=@%+~\ -]*) return 0 ;; esac
      our_key="$our_key|$our_flag=$our_value" our_values="$our_values,$our_value"
    fi
    our_flag=''
  done
  [ "$our_flag" ] && return 0
  case $our_directory in /*) ;; *) return 0 ;; esac

  # The name has the first and the last hundred characters of long values, and commas for slashes and colons.
  if [ ${#our_values} -gt 200 ]; then
    our_ten='??????????'
    our_hundred=$our_ten$our_ten$our_ten$our_ten$our_ten$our_ten$our_ten$our_ten$our_ten$our_ten
    # shellcheck disable=SC2295 # a pattern
    our_rest=${our_values#$our_hundred} our_most=${our_values%$our_hundred}
    # Doubled, because these fit only once, and near the end from which the doubled ones search.
    our_values=${our_values%%"$our_rest"}${our_values##"$our_most"}
  fi
  # shellcheck disable=SC2086 # to be split
  IFS=/: && set -- $our_values.txt
  IFS=, && our_tail="1-${#our_key}$*"
  unset IFS
  our_file=$our_directory/answer$our_tail our_ahead=$our_directory/ahead$our_tail

  # Ours, a plain file, and its time has not come: a here-document was made just now, if it is not empty. To some
  # shells every file is newer than one that does not exist. Three lines are read.
  # shellcheck disable=SC3013 # where there is no -nt it is a miss
  {
    [ -f "$our_file" ] && [ ! -h "$our_file" ] && [ -O "$our_file" ] && [ -O "$our_directory" ] &&
      [ -e /dev/fd/0 ] && [ "$our_file" -nt /dev/fd/0 ] &&
      { [ ! -f "$our_ahead" ] || [ "$our_ahead" -nt /dev/fd/0 ] || our_due=1; } &&
      { IFS= read -r our_first && IFS= read -r our_body && IFS= read -r our_origin; } <"$our_file"
  } 2>/dev/null <<END || return 0
now
END

  # The whole key is compared: two keys may share a name.
  [ "$our_first" = "$our_key" ] || return 0
  our_time=${our_body%% *} our_token=${our_body#* }
  case $our_time:$our_token in *[!A-Za-z0-9_.:-]* | *:) return 0 ;; esac
  [ ${#our_time} = 20 ] && [ "$our_time $our_token" = "$our_body" ] || return 0
  [ $((${#our_key} + ${#our_body})) -lt 1048502 ] && [ ${#our_origin} = 72 ] || return 0
  # Whoever removed its session has signed out.
  our_origin=$our_directory/session-${our_origin#session }.json
  [ -f "$our_origin" ] && [ ! -h "$our_origin" ] || return 0
  # Not printf, which is a program of its own in mksh; there is no backslash for echo to stumble over.
  our_start=$our_start$our_version'","spec":{"interactive":false},"status":{"expirationTimestamp":"'
  echo "$our_start$our_time\",\"token\":\"$our_token\"}}" || exit
  # Due to be refreshed ahead, by who can make this file.
  [ "$our_due" ] && [ ! "${KUBELOGIN_NO_REFRESH_AHEAD+set}" ] || exit 0
  set -C
  { echo >"$our_ahead.taken"; } 2>/dev/null && our_room=ahead || exit 0
}

# Python takes our place, or after an answer goes on alone.
run() {
  [ $our_room = ahead ] || exec "$@"
  "$@" </dev/null >/dev/null 2>&1 &
  exit 0
}
our_room=__main__

# Lengths and ranges of characters must not depend on the language.
our_locale=${LC_ALL+set}${LC_ALL-}
LC_ALL=C
answer "$@"
{ [ "$our_locale" ] && LC_ALL=${our_locale#set}; } 2>/dev/null

# Not answered. pipx and uv put links to us into a directory of PATH; the interpreter is beside the file itself.
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
# Isolated (-I): no variable of the environment and nothing in the working directory can bring code in.
[ -x "$our_bin/python" ] && run "$our_bin/python" -I -c "from kubelogin_py.$our_room import main; main()" "$@"

# Installed for a user or under a prefix, there may be none: take the version whose packages we are among.
set +f
for our_site in "$our_bin"/../lib/python3*/*-packages; do
  our_python=${our_site%/*} && our_python=${our_python##*/}
  [ -d "$our_site/kubelogin_py" ] && command -v "$our_python" >/dev/null && run "$our_python" -I -c \
    "import site, sys; site.addsitedir(sys.argv.pop(1)); from kubelogin_py.$our_room import main; main()" "$our_site" "$@"
done
[ $our_room = ahead ] && exit
echo "kubelogin: there is no Python beside $our_self; install kubelogin-py again" >&2
exit 1
