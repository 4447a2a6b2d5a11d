#!/bin/sh
# The rules of kubelogin_py/fastpath.py in shell builtins: the test that a shell finds the same answers as Python.
# Prints the answer, or "miss: " with the file's name and the key when there is one.
LC_ALL=C

miss() {
  printf 'miss: %s\n' "$1"
  exit 3
}

[ "${1-}" = get-token ] || miss
shift

info=${KUBERNETES_EXEC_INFO-}
info=${info%'
'}
start='{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/'
case $info in
  '') version=v1beta1 ;;
  "$start"'v1","spec":{'*'}}') version=v1 ;;
  "$start"'v1beta1","spec":{'*'}}') version=v1beta1 ;;
  *) miss ;;
esac
case ${info#*apiVersion} in *apiVersion*) miss ;; esac

home=${HOME-}
case $home in /*) ;; *) miss ;; esac
case ${KUBECACHEDIR+set}${KUBECACHEDIR-} in
  '') dir=$home/.kube/cache/oidc-login ;;
  set) dir= ;;
  *) dir=$KUBECACHEDIR/oidc-login ;;
esac

key=$version flag= values=
for word; do
  if [ "$flag" ]; then
    case $word in -*) miss ;; esac
    value=$word
  else
    case $word in
      --skip-open-browser | --tls-renegotiation-once | --tls-renegotiation-freely) flag=$word value=true ;;
      --*=*) flag=${word%%=*} value=${word#*=} ;;
      --*) flag=$word; continue ;;
      *) miss ;;
    esac
  fi
  case $flag in
    --oidc-client-secret | --password) value= ;;
    --token-cache-storage) [ "$value" = disk ] || miss ;;
    --token-cache-dir | --certificate-authority | --local-server-cert | --local-server-key)
      case $value in '~/'*) value=$home${value#'~'} ;; esac
      case $value in /*) ;; *) miss ;; esac
      if [ "$flag" = --token-cache-dir ]; then dir=$value flag=; continue; fi
      ;;
    --oidc-auth-request-extra-params)
      case $value in *secret* | *password* | *assertion* | *token*) miss ;; esac
      ;;
    --oidc-issuer-url | --oidc-client-id | --oidc-redirect-url | --oidc-extra-scope | --oidc-pkce-method) ;;
    --grant-type | --listen-address | --browser-command | --authentication-timeout-sec) ;;
    --certificate-authority-data | --open-url-after-authentication | --username) ;;
    --skip-open-browser | --tls-renegotiation-once | --tls-renegotiation-freely) ;;
    *) miss ;;
  esac
  case $value in *[!A-Za-z0-9_:/.,=@%+~\ -]*) miss ;; esac
  key="$key|$flag=$value" values="$values,$value" flag=
done
[ "$flag" ] && miss
case $dir in /*) ;; *) miss ;; esac

if [ ${#values} -gt 200 ]; then
  ten='??????????'
  hundred=$ten$ten$ten$ten$ten$ten$ten$ten$ten$ten
  rest=${values#$hundred}
  values=${values%"$rest"}${values#"${values%$hundred}"}
fi
set -f
IFS=/:
set -- ${values}.txt
IFS=,
name="answer1-${#key}$*"
unset IFS

file=$dir/$name
{ [ -f "$file" ] && [ ! -h "$file" ] && [ -O "$file" ] && [ -O "$dir" ] && [ -e /dev/fd/0 ] && [ "$file" -nt /dev/fd/0 ]; } <<X ||
now
X
  miss "$name $key"
{ IFS= read -r first && IFS= read -r body && IFS= read -r last; } <"$file" || miss "$name $key"
[ "$first" = "$key" ] || miss "$name $key"
case $last in 'session '*) ;; *) miss "$name $key" ;; esac
case $body in
  "$start$version"'"'*'"}}') printf '%s\n' "$body" ;;
  *) miss "$name $key" ;;
esac
