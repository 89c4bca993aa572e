#!/usr/bin/env bash
# signature: keys and signatures are minisign's, both ways; what is not signed
# as asked for is refused with 4, and nothing is changed.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

prepare() {
  small_root bookworm
  rescue_bundle create --level 3 -o "$files/plain.tzst" --root "$ROOT" --recipe glibc
  cd "$files"
  minisign -G -W -p theirs.pub -s theirs.key >/dev/null
  minisign -G -W -p stranger.pub -s stranger.key >/dev/null
  rescue_bundle keygen -W -p ours.pub -s ours.key
  local name
  for name in by-minisign by-minisign-legacy by-stranger by-rescue tampered cut-signature; do
    cp plain.tzst "$name.tzst"
  done
  minisign -S -s theirs.key -m by-minisign.tzst >/dev/null
  minisign -S -l -s theirs.key -m by-minisign-legacy.tzst >/dev/null
  minisign -S -s stranger.key -m by-stranger.tzst >/dev/null
  minisign -S -s theirs.key -m tampered.tzst -t good >/dev/null
  sed -i 's/^trusted comment: good/trusted comment: evil/' tampered.tzst.minisig
  minisign -S -s theirs.key -m cut-signature.tzst >/dev/null
  truncate -s 90 cut-signature.tzst.minisig
  cp by-minisign.tzst swapped.tzst
  cp by-minisign.tzst.minisig swapped.tzst.minisig
  echo /evil >"$ROOT/etc/ld.so.conf.d/evil.conf"
  rescue_bundle create --level 3 -o evil.tzst --root "$ROOT" --recipe glibc
  rescue_bundle sign -s ours.key by-rescue.tzst
}

minisign_verifies_ours() {
  cd "$files"
  minisign -V -p ours.pub -m by-rescue.tzst
  # A key that minisign made signs here, and one made here signs there.
  cp plain.tzst crossed.tzst
  rescue_bundle sign -s theirs.key crossed.tzst
  minisign -V -p theirs.pub -m crossed.tzst
  rm crossed.tzst.minisig
  minisign -S -s ours.key -m crossed.tzst >/dev/null
  rescue_bundle verify --require-signature -p ours.pub crossed.tzst
}

check() {  # STATUS BUNDLE [OPTION]...
  local expected=$1 bundle=$2
  shift 2
  small_root bookworm
  : >"$ROOT/$LIBC"
  snapshot "$case_dir/before"
  extract "$expected" '' "$files/$bundle.tzst" "$@"
  if ((expected)); then
    snapshot "$case_dir/after"
    expect_same "$case_dir/before" "$case_dir/after"
    grep -qi 'sign' "$case_dir/said" || fail "does not speak of the signature: $(cat "$case_dir/said")"
  else
    assert_healthy
  fi
}

# A kit with a key of its own takes nothing that this key did not sign.
kit_with_key() {
  cp -a "$kit" "$case_dir/kit"
  mkdir -p "$case_dir/kit/etc"
  cp "$files/theirs.pub" "$case_dir/kit/etc/trusted.pub"
  kit=$case_dir/kit
  check "$@"
}

# The file becomes another between the check of its signature and its use: it
# was read once, and what was checked is what is taken.
swapped() {
  local tracer pid=
  small_root bookworm
  : >"$ROOT/$LIBC"
  # The signature is opened after the bundle was read, and that takes a while.
  strace -qq -f -o "$case_dir/trace" -P "$files/swapped.tzst.minisig" -e trace=openat \
    -e inject=openat:delay_exit=5000000 "$kit/bin/rescue-extract" "${require[@]}" "$files/swapped.tzst" "$ROOT" \
    </dev/null >"$case_dir/said" 2>&1 &
  tracer=$!
  until pid=$(pgrep -P "$tracer" rescue) && has_read "$pid" "$(stat -c %s "$files/swapped.tzst")"; do
    kill -0 "$tracer" || fail "it ended before the bundle was exchanged: $(cat "$case_dir/said")"
    sleep 0.05
  done
  cat "$files/evil.tzst" >"$files/swapped.tzst"
  grep -q . "$case_dir/said" && fail "it was done before the bundle was exchanged"
  wait "$tracer" || fail "the restore failed: $(cat "$case_dir/said")"
  assert_healthy
  [[ ! -e $ROOT/etc/ld.so.conf.d/evil.conf ]] || fail "the other bundle was taken"
}

has_read() {  # PID BYTES
  local bytes
  bytes=$(sed -n 's/^rchar: //p' "/proc/$1/io" 2>/dev/null) && ((${bytes:-0} >= $2))
}

main() {
  start_test "$@"
  need_kit
  files=$work/files
  mkdir "$files"
  local require=(--require-signature --pubkey "$files/theirs.pub")
  run_case prepare prepare
  run_case minisign_verifies_ours minisign_verifies_ours
  run_case plain/accepted check 0 plain
  run_case plain/required check 4 plain "${require[@]}"
  run_case minisign/accepted check 0 by-minisign "${require[@]}"
  run_case minisign_legacy/accepted check 0 by-minisign-legacy "${require[@]}"
  run_case ours/accepted check 0 by-rescue --require-signature --pubkey "$files/ours.pub"
  run_case ours/wrong_key check 4 by-rescue "${require[@]}"
  run_case stranger/refused check 4 by-stranger "${require[@]}"
  run_case tampered/refused check 4 tampered "${require[@]}"
  run_case cut_signature/refused check 4 cut-signature "${require[@]}"
  run_case swapped/signed_is_taken swapped
  run_case kit_with_key/plain kit_with_key 4 plain
  run_case kit_with_key/stranger kit_with_key 4 by-stranger
  run_case kit_with_key/signed kit_with_key 0 by-minisign
  finish
}

main "$@"
