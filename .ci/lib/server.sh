# shellcheck shell=bash
# A server for a script of .ci to talk to, on a database of its own: to be sourced, and nothing is left behind.
#
#   start_server BINARY [OPTION...]   sets `work`, a folder that goes at the end, and `base`, the server's address
#   stop_server                       ends it, so that another may be started
#   make_key NAME SCOPES [OPTION...]  prints a key

work=$(mktemp -d "${TMPDIR:-/tmp}/chiso-ci-server.XXXXXX")
base='' server=''

# Ends the server, and takes its database away.
stop_server() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  fi
  server=''
  rm -f "$work"/chiso.db*
}

finish_server() {
  local status=$?
  trap - EXIT
  stop_server
  [[ $status -eq 0 ]] || tail -n 20 "$work/server.log" >&2 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap finish_server EXIT

start_server() {
  binary=$(realpath -- "$1")
  shift
  "$binary" serve --database-url "sqlite://$work/chiso.db" --bind 127.0.0.1:0 --log warn "$@" \
    >"$work/server.log" 2>&1 </dev/null &
  server=$! base=''
  for _ in $(seq 300); do
    base=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9]*\).*|\1|p' "$work/server.log" | head -n 1)
    [[ -z $base ]] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
  done
  echo 'the service does not start' >&2
  return 1
}

make_key() {
  "$binary" keys create --name "$1" --scopes "$2" "${@:3}" --database-url "sqlite://$work/chiso.db" | tail -n 1
}
