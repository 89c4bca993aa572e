#!/usr/bin/env bash
# rpms: RPM packages for the tests, made by rpmbuild. Source it after report.sh.
#
#   zoo_rpm COMPRESSION DIGEST   a package with all kinds of files; prints its path
#   tree_rpm NAME VERSION RELEASE TREE DIR PATH...   a package of files of a tree
# shellcheck disable=SC2154  # set by report.sh

# rpm's names of the payload's compression, by ours.
declare -A payload_flags=([none]=w.ufdio [gzip]=w9.gzdio [bzip2]=w9.bzdio [xz]=w6.xzdio [xz-threads]=w6T2.xzdio
  [lzma]=w6.lzdio [zstd]=w19.zstdio [zstd-threads]=w3T2.zstdio)

run_rpmbuild() {  # DIR -bX SPEC [OPTION]...: as little of Debian's as can be
  local dir=$1
  shift
  rpmbuild --quiet --define "_topdir $dir" --define '_build_id_links none' --define 'debug_package %{nil}' \
    --define '__os_install_post %{nil}' --define '_buildhost builder.example.org' --define 'vendor Tests' \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'source_date_epoch_from_changelog 1' \
    --define 'clamp_mtime_to_source_date_epoch 0' --define "_tmppath $dir/tmp" "$@" >"$dir/log" 2>&1 ||
    { cat "$dir/log" >&2; return 1; }
}

zoo_spec() {
  cat <<'END_OF_SPEC'
Name: zoo
Epoch: 2
Version: 1.5
Release: 3.el8
Summary: All kinds of files
License: MIT and more
Group: System Environment/Libraries
URL: https://example.org/zoo
Packager: Somebody <somebody@example.org>
Requires: bash >= 4.4, /bin/sh, other < 9, plain
Requires(post): coreutils
Provides: animals = 7, plain
AutoReqProv: no
%description
Several lines
of text, with "quotes" and 100 %.
%prep
%build
%install
rm -rf %{buildroot}
mkdir -p %{buildroot}/usr/lib64/zoo/empty %{buildroot}/etc/zoo.d %{buildroot}/usr/bin %{buildroot}/var/lib/zoo
cd %{buildroot}
seq 1 200000 >usr/lib64/zoo/big
head -c 300000 /dev/urandom >usr/lib64/zoo/noise
: >usr/lib64/zoo/nothing
echo content >usr/lib64/libzoo-1.5.so
chmod 755 usr/lib64/libzoo-1.5.so
ln -s libzoo-1.5.so usr/lib64/libzoo.so.1
ln -s /usr/lib64/zoo/absent usr/lib64/zoo/dangling
echo hard >usr/lib64/zoo/one
ln usr/lib64/zoo/one usr/lib64/zoo/two
ln usr/lib64/zoo/one usr/bin/three
printf x >'usr/lib64/zoo/a name with blanks'
printf y >"usr/lib64/zoo/$(printf 'ünïcödé')"
echo setting=1 >etc/zoo.conf
echo setting=2 >etc/zoo.d/keep.conf
echo run >usr/bin/zoo-ping
echo run >usr/bin/zoo-su
echo log >var/lib/zoo/state
find . -exec touch -h -d '2021-03-04 05:06:07 UTC' {} +
touch -d '2033-01-01 UTC' usr/lib64/zoo/one
%pre
echo before
%post -p /sbin/ldconfig
%postun
echo after
exit 0
%files
%dir /usr/lib64/zoo
%dir %attr(0700,root,adm) /usr/lib64/zoo/empty
/usr/lib64/zoo/big
/usr/lib64/zoo/noise
/usr/lib64/zoo/nothing
/usr/lib64/libzoo-1.5.so
/usr/lib64/libzoo.so.1
/usr/lib64/zoo/dangling
/usr/lib64/zoo/one
/usr/lib64/zoo/two
/usr/bin/three
"/usr/lib64/zoo/a name with blanks"
/usr/lib64/zoo/ünïcödé
%config /etc/zoo.conf
%config(noreplace) %attr(0640,daemon,mail) /etc/zoo.d/keep.conf
%caps(cap_net_raw,cap_net_admin=ep) /usr/bin/zoo-ping
%attr(4755,root,root) /usr/bin/zoo-su
%ghost /var/lib/zoo/state
%changelog
* Thu Mar 04 2021 Somebody <somebody@example.org> - 1.5-3
- Fixed what was broken
- and more

* Wed Mar 03 2021 Else <else@example.org> - 1.5-2
- First
END_OF_SPEC
}

zoo_rpm() {  # COMPRESSION DIGEST-NUMBER
  local dir=$case_dir/build-$1-$2
  mkdir -p "$dir/tmp"
  zoo_spec >"$dir/zoo.spec"
  run_rpmbuild "$dir" -bb --target x86_64-linux --define "_binary_payload ${payload_flags[$1]}" \
    --define "_binary_filedigest_algorithm $2" "$dir/zoo.spec"
  echo "$dir/RPMS/x86_64/zoo-1.5-3.el8.x86_64.rpm"
}

# A package of files of a tree, each PATH with all that is below it.
tree_rpm() {  # NAME VERSION RELEASE TREE DIR PATH...
  local name=$1 version=$2 release=$3 tree=$4 dir=$5
  shift 5
  mkdir -p "$dir/tmp"
  {
    printf '%s\n' "Name: $name" "Version: $version" "Release: $release" 'Summary: test' 'License: MIT' \
      'AutoReqProv: no' '%description' 'Test.' '%install' "mkdir -p %{buildroot}" \
      "cd '$tree' && tar -cf - $* | tar -xpf - -C %{buildroot}" '%files' '%defattr(-,root,root)'
    (cd "$tree" && find "$@" ! -type d -printf '"/%p"\n')
    printf '%s\n' '%changelog' '* Thu Mar 04 2021 Somebody <somebody@example.org> - 1' '- Made'
  } >"$dir/$name.spec"
  run_rpmbuild "$dir" -bb --target x86_64-linux --define "_binary_payload ${payload_flags[${RPM_COMPRESSION:-zstd-threads}]}" "$dir/$name.spec"
  echo "$dir/RPMS/x86_64/$name-$version-$release.x86_64.rpm"
}
