# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who read this file
# Shared by the scripts: where the tree and the cache are, and how a step is reported.

# The top of the source tree.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# Where downloads and toolchains are kept, outside the tree.
cache_dir() {
  printf '%s\n' "${RESCUE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/rescue}"
}

# What was compiled once, in whatever directory, is not compiled again: the compilers' names lead to ccache where that
# is installed. RESCUE_COMPILE_ALL=1 does without.
use_compiler_cache() {
  [[ -z ${RESCUE_COMPILE_ALL-} && -d /usr/lib/ccache ]] || return 0
  export PATH=/usr/lib/ccache:$PATH CCACHE_DIR CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=4G
  CCACHE_DIR=$(cache_dir)/ccache
}

# Everything that is said goes to standard error, so that a script's standard output can be its result.
say() {
  printf '%s\n' "$*" >&2
}

die() {
  say "${0##*/}: $*"
  exit 1
}

# machine_arch: the machine's architecture, as the kit names it.
machine_arch() {
  uname -m
}

# check_arch ARCH: stop at a name that the kit does not know.
check_arch() {
  case $1 in
    x86_64 | aarch64) ;;
    *) die "unknown architecture '$1': it is x86_64 or aarch64" ;;
  esac
}

# debian_arch ARCH: Debian's name for it.
debian_arch() {
  case $1 in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "unknown architecture '$1'" ;;
  esac
}

# run_step LOG LABEL COMMAND...: one line with the seconds it took; where it fails, the log's path and its end.
# Never call it as a condition: bash would then ignore `set -e` inside COMMAND.
run_step() {
  local log=$1 label=$2 start=$SECONDS status
  shift 2
  mkdir -p "$(dirname "$log")"
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if ((status != 0)); then
    report_failure "$label" "$log" "$status"
    exit 1
  fi
  say "$(printf '%-44s %4d s' "$label" $((SECONDS - start)))"
}

report_failure() {
  say "FAILED: $1 (status $3). The last lines of its log:"
  tail -n 20 "$2" | cut -c1-300 | sed 's/^/    /' >&2
  say "The whole log: $2"
}
