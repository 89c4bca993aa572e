# shellcheck shell=bash
# The trees that the rows of the tables run in; differential.py calls tree_NAME in an empty directory.

# A few files, a directory, links.
tree_plain() {
  printf 'one\ntwo\nthree\n' >a
  printf 'no newline at the end' >b
  printf 'tab\there\n\n\n\nafter blanks\n\001\177\200\377 odd\r\nlone\rcr\r' >odd
  : >empty
  seq 1 20000 >numbers
  mkdir -p dir/sub
  echo inner >dir/file
  echo deepest >dir/sub/deep
  ln -s a link
  ln -s nowhere dangling
  ln -s dir dirlink
  age
}

# With a word for rows that start processes in the background: `up NAME` waits until all of them run what they are to.
tree_processes() {
  tree_plain
  cat >lib <<'END'
up() {
  local pid
  for pid in $(jobs -p); do
    until grep -q "^$1" "/proc/$pid/comm" 2>/dev/null; do command sleep 0.01; done
  done
}
END
}

# Gives everything one old time.
age() {
  find . -depth -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +
}

# The same with times of whole seconds: bzip2 keeps no others.
tree_packing() {
  tree_plain
  find . -depth -exec touch -h -d '2021-03-04 05:06:07' {} +
}

# Every type of file and mode bit, sizes, dates, and names of all kinds.
tree_listing() {
  local i
  mkdir types dates sizes names versions many empty nested quotes
  (cd types && listing_types)
  for i in '2009-02-13 23:31:30' '2021-12-31 23:59:59.999999999' '1969-12-31 12:00' '2038-01-19 03:14:08' \
    '10 days ago' '170 days ago' '200 days ago' '2100-01-01'; do
    touch -d "$i" "dates/${i// /_}"
  done
  for i in 0 1 9 10 999 1000 1023 1024 1025 9999 10239 10240 10241 99999 1048575 1048576 1500000 9999999 10480000; do
    truncate -s "$i" "sizes/$i"
  done
  head -c 5000 /dev/zero >sizes/real
  (cd names && listing_names)
  (cd quotes && touch "it's" 'two words' plain 'dollar$' 'a"b' "both'and\"" $'new\nline' 'back\slash' '~home' '#hash')
  (cd versions && touch lib-1.so lib-1.10.so lib-1.9.so lib-1.9.1.so lib.so lib-10.so lib-2.so 'a~' a a.tar.gz a1 a01 \
    a001 a1.b a1~ .hid1 .hid10 .hid2 b.1.c b.10.c b.9 file-0.9.tgz file-0.10.tgz file-0.9.1.tgz foo.2.bar foo.11 x~~ x~ x)
  for i in $(seq 1 137); do : >"many/$(printf 'n%.*d' $((i % 17 + 1)) "$i")"; done
  mkdir -p nested/a/b/c nested/d
  touch nested/a/x nested/a/b/y nested/d/z
  ln -s ../a nested/d/back
  find many names versions sizes nested quotes empty -depth -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +
  touch -d '2021-03-04 05:06:07' . dates
}

listing_types() {
  touch file exec setuid setgid both sticky none .hidden backup~ 'name.TXT' archive.tar
  chmod 755 exec && chmod 4755 setuid && chmod 2644 setgid && chmod 6755 both && chmod 1644 sticky && chmod 0 none
  mkdir dir dirsticky dirwritable dirboth dirnone .hiddendir
  chmod 1755 dirsticky && chmod 777 dirwritable && chmod 1777 dirboth && chmod 0 dirnone
  ln -s file link && ln -s dir linkdir && ln -s nowhere dangling && ln -s loop loop
  ln exec hard
  mkfifo fifo
  mknod char c 1 3
  mknod block b 253 4
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
  chown 12345:54321 archive.tar
  chown daemon:mail file
  python3 - <<'END'
import os, struct
entry = lambda tag, perm, who=0xffffffff: struct.pack("<HHI", tag, perm, who)
acl = struct.pack("<I", 2) + entry(1, 6) + entry(2, 4, 1) + entry(4, 4) + entry(16, 4) + entry(32, 4)
os.setxattr("exec", "system.posix_acl_access", acl)
os.setxattr("dir", "system.posix_acl_default", acl)
os.setxattr("name.TXT", "user.note", b"value")
END
  age
}

# shellcheck disable=SC2016  # a dollar sign is one of the characters to try
listing_names() {
  touch -- plain 'with space' $'new\nline' $'tab\there' "quote's" 'double"quote' "both'\"" 'back\slash' 'star*' 'query?' \
    'equals=' 'at@' 'pipe|' 'hash#' '#hash' '~tilde' 'tilde~' '{' '{}' 'a{b}' $'\001ctl' $'esc\033[31m' 'bang!' '$dollar' \
    'semi;colon' 'colon:' '[set]' '^caret' 'é' '日本語' $'bad\377utf8' $'cut\342\202' $'c1\302\205' 'zero​width' 'e´́' \
    "it's a b" "it's #1" "it's {" 'percent%' '-dash' '+plus' ',comma' '_under' ' leading' 'trailing '
}

# What a copy may lose: links, holes, attributes, modes, dates; and targets of all kinds to run into.
tree_copying() {
  tree_plain
  mkdir -p from/deep/deeper target/dir special modes full/dir
  echo 'hard' >from/hard1
  ln from/hard1 from/hard2
  ln from/hard1 from/deep/hard3
  ln -s ../a from/link && ln -s deep from/dirlink && ln -s /nonexistent from/absolute
  ln from/link from/link2 2>/dev/null || true
  echo deep >from/deep/deeper/file
  copying_sparse
  (cd special && mkfifo fifo && mknod null c 1 3 && mknod block b 253 9 &&
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")')
  (cd modes && touch setuid setgid plain none readonly && mkdir closed sticky shared && chmod 4755 setuid &&
    chmod 2755 setgid && chmod 0 none && chmod 444 readonly && echo in >closed/file && chmod 500 closed &&
    chmod 1777 sticky && chmod 2775 shared && chown 12345:23456 plain shared setuid && chmod 4755 setuid)
  copying_attributes
  echo old >target/a && echo older >full/a && echo 1 >full/b && echo 2 >full/dir/file
  ln full/b full/b2
  ln -s b full/tob && ln -s nowhere full/dangling && ln -s ../dir full/linkdir
  echo new >new && echo older >old
  age
  touch -d '2022-01-01' new from/deep
  touch -d '2020-01-01' old target/a full/a
}

# zip archives, by the zip command.
tree_zipped() {
  tree_packing
  chmod 750 a && chmod 1777 dir && chown 1234:5678 b
  zip -qry t.zip a b dir numbers link empty
  zip -qr plain.zip a dir numbers
  zip -qr modes.zip a dir
  zip -qr owned.zip a b && zip -qr big.zip -fz a
  zip -qZ bzip2 bzip.zip numbers
  zip -q stdin.zip - <numbers
  { head -c 5000 numbers && cat t.zip; } >prefixed.zip
  head -c 20000 t.zip >cut.zip
  zip -qP secret secret.zip a
  age
}

# Archives of all that makes archives hard, by GNU tar, and what is in them.
tree_archives() {
  tree_copying
  mkdir odd-names long times
  (cd odd-names && touch -- 'with space' $'new\nline' $'tab\there' 'back\slash' 'é' $'bad\377utf8' '*' "it's" $'\001ctl' '-dash')
  (cd long && mkdir "$(printf 'd%.0s' {1..90})" && : >"$(printf 'x%.0s' {1..100})" && : >"$(printf 'y%.0s' {1..101})" &&
    : >"$(printf 'z%.0s' {1..250})" && echo in >"$(printf 'd%.0s' {1..90})/$(printf 'f%.0s' {1..150})" &&
    ln -s "$(printf 'z%.0s' {1..250})" longlink && ln "$(printf 'z%.0s' {1..250})" zz)
  (cd times && touch -d '1901-01-01' before && touch -d '1969-12-31 23:59:59' almost && touch -d '2106-02-08' unsigned &&
    touch -d '2300-01-01' late && touch -d '2038-01-20' y2038 && : >owner && chown 3000000:2500000 owner)
  truncate -s 2M many && for i in $(seq 0 60 1800); do printf x | dd of=many bs=1024 seek="$i" conv=notrunc status=none; done
  echo dash >-dash
  find long odd-names -depth -exec touch -h -d '2021-03-04 05:06:07.123456789' {} +
  touch -d '2021-03-04 05:06:07' times ./-dash many times/owner
  /usr/bin/tar --sort=name -cf whole.tar a b empty dir link dangling dirlink from modes special times
  /usr/bin/tar --sort=name --format=pax -cf pax.tar a b dir from times long
  /usr/bin/tar --sort=name --format=ustar -cf ustar.tar a b dir from
  /usr/bin/tar -Scf sparse.tar sparse allhole zeros many
  /usr/bin/tar --posix -Scf pax-sparse.tar sparse allhole many
  /usr/bin/tar --posix --sparse-version=0.0 -Scf pax-sparse0.tar sparse allhole many
  /usr/bin/tar --posix --sparse-version=0.1 -Scf pax-sparse1.tar sparse allhole many
  /usr/bin/tar --sort=name -cf names.tar odd-names long
  /usr/bin/tar --sort=name --xattrs --acls -cf attributes.tar listed labelled capable inherits dir
  for i in gzip xz zstd bzip2; do /usr/bin/tar --sort=name "--$i" -cf packed.$i a b from/deep; done
  mv packed.gzip packed.tar.gz && mv packed.xz packed.tar.xz && mv packed.zstd packed.tar.zst && mv packed.bzip2 packed.tar.bz2
  touch -d '2022-02-02' -- *.tar packed.*
}

copying_sparse() {
  truncate -s 1M sparse
  printf 'data' | dd of=sparse bs=1 seek=300000 conv=notrunc status=none
  head -c 8192 /dev/urandom | dd of=sparse bs=1 seek=700000 conv=notrunc status=none
  truncate -s 500000 allhole
  { head -c 100000 /dev/zero && echo x && head -c 200000 /dev/zero; } >zeros
}

copying_attributes() {
  python3 - <<'END'
import os, struct
entry = lambda tag, perm, who=0xffffffff: struct.pack("<HHI", tag, perm, who)
acl = struct.pack("<I", 2) + entry(1, 6) + entry(2, 4, 1) + entry(4, 4) + entry(16, 4) + entry(32, 4)
for name in ("listed", "labelled", "capable"):
    open(name, "w").write(name)
os.mkdir("inherits")
os.setxattr("listed", "system.posix_acl_access", acl)
os.setxattr("inherits", "system.posix_acl_default", acl)
os.setxattr("labelled", "user.note", b"value")
os.setxattr("labelled", "trusted.note", b"secret")
os.setxattr("dir", "user.dir", b"value")
os.chmod("capable", 0o755)
os.setxattr("capable", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
END
}

# Texts for the commands over lines: sorted and not, fields, blanks, UTF-8, bytes of all kinds.
tree_text() {
  tree_plain
  printf 'a 1\nb 2\nb 3\nd 4\n' >one
  printf 'b x\nc y\nd z\nd w\n' >two
  printf 'c\na\nb\n' >unsorted
  printf 'x:y:z\nno fields\n:b:\n::\na:b:c:d\n' >colons
  printf 'a\na\nA\nb\n b\nb  c\n\n\nc x\nd x\nd y\ne\ne' >repeats
  printf '\ta\tb\n        c       d  e\n  \t x \t\ty\nfoo\bbar\tq\n    i   j       k\n' >'tabs'
  printf 'gr\303\274n \342\202\254 \346\227\245\346\234\254\nbad \377\376 \342\202\nno\302\240break\342\200\203em\n' >utf8
  printf 'a\0b\0\0c\nd' >zeros
  head -c 20000 /dev/zero | tr '\0' x >longline
  python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 3)' >bytes
  seq -f '%.0f word and more text here' 1 3000 >words
  age
}

# Text to look for things in: logs, words, UTF-8, binary files, a small source tree with names of all kinds.
# shellcheck disable=SC2016  # a dollar sign is one of the characters to look for
tree_search() {
  printf '%s\n' 'The quick brown fox' 'jumps over the lazy dog' '' 'foo foobar barfoo foo_bar' 'FOO Foo' 'a.b a+b a*b a\b' \
    'aa bb abab abcabc' '  indented' $'tab\there' '[section]' 'key = value' 'path/to/file' '(group) {brace} $dollar ^hat' \
    'x' 'one two three' 'end of text' >text
  printf '%s\n' 'Jan  1 host sshd[42]: Accepted' 'Jan  2 host kernel: error -5' 'Feb 10 host sshd[7]: Failed' 'ERROR at 10' \
    'warning: low' 'error again' 'ok' 'ok' 'ok' 'ok' 'ok' 'ok' 'ok' 'error last' 'ok' >log
  printf 'über Ärger\nÄRGER\nstraße\n日本語 text\n→foo foo→\nnaïve café\n' >utf8
  printf 'bad \377 byte foo\ngood foo\n' >latin
  printf 'foo\0bar\nfoo text\n' >binary
  printf 'foo\nbar\n\0zero foo\nfoo\n' >late
  printf 'one\0two foo\0three\nfoo\0' >zeros
  printf 'foo\r\nbar foo\r\n' >dos
  printf 'foo\nno end foo' >noend
  : >empty
  printf '%s\n' foo '^The' >patterns
  printf '\n' >emptyline
  seq 1 3000 >numbers
  mkdir -p src/lib src/.hidden src/doc
  printf 'int main() { return foo(); }\n' >src/main.c
  printf '#define foo 1\n' >src/lib/lib.h
  printf 'int foo(void);\n' >src/lib/lib.c
  printf 'foo is a word\n' >src/doc/readme.txt
  printf 'foo\n' >src/.hidden/secret
  printf 'foo\n' >'src/with space'
  ln -s ../text src/link
  ln -s lib src/dirlink
  ln -s nowhere src/dangling
  printf '*.h\n# comment\nreadme*\n' >excludes
  age
}

# The same, with a script that drives what follows files: ./follow COMMAND WORD ACTION... LAST-WORD waits for each word
# in the output of COMMAND before the action behind it, so that nothing depends on who is faster.
tree_following() {
  tree_text
  cat >follow <<'END'
#!/bin/bash
# The file is there before it is looked into.
: >../seen
$1 >../seen 2>&1 <&0 &
pid=$!
shift
await() {
  for ((i = 0; i < 1000; ++i)); do
    grep -qa -- "$1" ../seen && return
    sleep 0.02
  done
  echo "never came: $1"
}
while (($# > 1)); do
  await "$1"
  # GNU's says that a file has gone before it is ready to see it come: on a machine that is busy it misses that.
  sleep 0.1
  eval "$2"
  shift 2
done
await "$1"
kill "$pid" 2>/dev/null
wait "$pid"
# What cannot be opened is said in words of our own.
sed 's/^tail: .*No such file.*/tail: no such file/; s/^tail: .*dir.*/tail: dir/' ../seen
END
  chmod 755 follow
  age
}

# Pairs of texts that differ in all kinds of ways, and of directories.
tree_diff() {
  local i
  seq 1 40 >a
  seq 1 40 | sed '3d;7s/$/ changed/;20a\
inserted' >b
  sed 's/30/thirty/' b >c
  printf 'one\ntwo' >chopped
  printf 'one\ntwo\n' >whole
  printf 'one\nTWO' >chopped2
  : >empty
  printf 'a\0b\n' >bin1
  printf 'a\0c\n' >bin2
  printf 'int main(void)\n{\n  int a;\n  int b;\n  int c;\n  int d;\n  return 0;\n}\n\nint other(void)\n{\n%s  return 1;\n}\n' \
    "$(for i in 1 2 3 4 5 6 7 8 9; do echo "  int x$i;"; done)" >code1
  sed 's/int d;/long d;/; s/x8/y8/' code1 >code2
  printf 'a b\tc\n  lead\ntrail  \n\nX\nsame\n' >space1
  printf 'a  b c\n lead\ntrail\nx\n\n\nsame\n' >space2
  printf 'x\r\ny\r\n' >dos
  printf 'x\ny\n' >unix
  printf '.\na\n.\n' >dots
  printf 'tab\there\nlong line that goes on and on and on and on and on and on and on and on and on\nüber\n' >wide1
  printf 'tab\tthere\nlong line that goes on and on and on and on and on and on and on and on, and on\nÜber\n' >wide2
  mkdir -p d1/sub d2/sub d1/only d2/kind
  echo same | tee d1/same >d2/same
  echo old >d1/file && echo new >d2/file
  echo gone >d1/gone && echo come >d2/come
  echo deep1 >d1/sub/deep && echo deep2 >d2/sub/deep
  echo x >d1/only/x && echo y >d1/kind
  ln -s file d1/link && ln -s same d2/link
  echo 1 >'d1/with space' && echo 2 >'d2/with space'
  echo 1 >d1/File.o && echo 2 >d2/File.o
  printf '*.o\nfile\n' >excludes
  age
  touch -d '2022-02-02 02:02:02' b d2/file
}

# Files, and patches for them of all forms: that fit, that fit elsewhere, and that do not.
tree_patch() {
  local form
  seq 1 60 >f
  sed '5s/$/ new/;20d;40a\
added' f >g
  cp f orig
  for form in u c n; do diff "-${form/n/-normal}" --label f --label f f g >"$form.patch" || true; done
  diff -U1 --label f --label f f g >u1.patch || true
  diff -U0 --label f --label f f g >u0.patch || true
  diff -e f g >ed.patch || true
  { echo 'Some words first.' && echo && cat u.patch && echo 'And some behind.'; } >mail.patch
  sed '1i\
top\
top2' f >moved
  sed '4s/$/ other/;21s/$/ other/' f >fuzzy
  sed '5s/.*/nothing like it/' f >broken
  sed 's/[0-9]*/none/' f >alien
  mkdir -p dir/sub
  cp f dir/sub/f
  sed 's,^\(---\|+++\) f,\1 dir/sub/f,' u.patch >path.patch
  sed 's,^--- f,--- a/dir/sub/f,;s,^+++ f,+++ b/dir/sub/f,' u.patch >git.patch
  sed 's,^\(---\|+++\) f,\1 ../f,' u.patch >dots.patch
  sed 's,^\(---\|+++\) f,\1 nowhere,' u.patch >lost.patch
  printf -- '--- /dev/null\n+++ made\n@@ -0,0 +1,2 @@\n+one\n+two\n' >create.patch
  printf -- '--- a/in/deep/made\t1970-01-01 00:00:00.000000000 +0000\n+++ b/in/deep/made\n@@ -0,0 +1 @@\n+one\n' >deep.patch
  printf 'one\ntwo\n' >gone
  printf -- '--- gone\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n' >delete.patch
  printf 'one\ntwo\nthree\n' >partial
  printf -- '--- partial\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n' >partial.patch
  printf 'one\ntwo' >chopped
  printf -- '--- chopped\n+++ chopped\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+two\n' >newline.patch
  printf -- '--- chopped\n+++ chopped\n@@ -1,2 +1,3 @@\n one\n two\n\\ No newline at end of file\n+three\n\\ No newline at end of file\n' >bad-newline.patch
  printf -- 'Index: f\n--- x\n+++ y\n@@ -1,3 +1,3 @@\n 1\n-2\n+2 index\n 3\n' >index.patch
  printf -- '--- f\n+++ f\n@@ -1,3 +1,3 @@\n 1\n-2\n' >short.patch
  printf -- '--- f\n+++ f\n@@ -1,3 +1,3 @@\n 1\n*2\n 3\n' >malformed.patch
  printf 'a  b\tc\nd\ne\n' >blanks
  printf -- '--- blanks\n+++ blanks\n@@ -1,3 +1,3 @@\n a b c\n-d\n+D\n e\n' >blanks.patch
  printf 'no patch at all\n' >garbage
  cat u.patch create.patch delete.patch >many.patch
  chmod 640 f
  age
}

# What a kernel tells of some disks, below m/: a RAID of two partitions with two logical volumes, of which one is
# mounted twice; a third of two disks more; swap; a disk of SCSI's with blanks and long words.
tree_sysfs() {
  mkdir -p m/sys/block m/sys/dev/block m/proc/self m/dev/mapper m/dev
  sysfs_disk sda 8:0 2097152 'ATA     ' 'A LONG NAME OF A DISK' 0:0:0:0
  sysfs_disk sdb 8:16 2097152 'ATA     ' 'OTHER           ' 1:0:0:0
  sysfs_disk sdc 8:32 20971520 'Maker' 'Stick' 2:0:0:0
  sysfs_disk sdd 8:48 4194304 'Maker' 'Small' 3:0:0:0
  echo 1 >m/sys/block/sdc/removable
  sysfs_partition sda sda1 8:1 2048 1048576
  sysfs_partition sda sda2 8:2 1050624 524288
  sysfs_partition sdb sdb1 8:17 2048 1048576
  sysfs_partition sdc sdc1 8:33 2048 20000000
  sysfs_above md0 9:0 2097152 sda1 sdb1
  mkdir m/sys/block/md0/md
  echo raid1 >m/sys/block/md0/md/level
  sysfs_above dm-0 253:0 1048576 md0
  sysfs_above dm-1 253:1 1000 md0
  sysfs_above dm-2 253:2 6291456 sdc1 sdd
  sysfs_mapped dm-0 data-root LVM-abc 0
  sysfs_mapped dm-1 data-a_volume_of_a_long_name_indeed LVM-def 1
  sysfs_mapped dm-2 joined '' 0
  printf '%s\n' '20 1 253:0 / / rw - ext4 /dev/mapper/data-root rw' '21 20 253:0 /sub /srv/sub rw - ext4 /dev/root rw' \
    '22 20 253:0 / /mnt/with\040blank rw - ext4 /dev/root rw' '23 20 253:2 / /d rw - xfs /dev/mapper/joined rw' \
    >m/proc/self/mountinfo
  printf 'Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/dev/sda2 partition 262140 0 -2\n' >m/proc/swaps
  printf '%s\n' 'DEVNAME=/dev/sda1' ID_FS_TYPE=linux_raid_member ID_FS_VERSION=1.2 'ID_FS_LABEL_ENC=host:0\x20x' \
    ID_FS_UUID_ENC=6962a03a-e6bf-4bfa-a29e-c2b2cf21fc97 ID_PART_ENTRY_NAME='first\x20part' ID_PART_TABLE_TYPE=gpt \
    ID_PART_TABLE_UUID=11111111-2222-3333-4444-555555555555 ID_PART_ENTRY_UUID=21111111-2222-3333-4444-555555555555 \
    OWNER=root GROUP=disk MODE=brw-rw---- >m/dev/sda1
  printf '%s\n' ID_MODEL=From_udev ID_SERIAL_SHORT=123456 ID_SERIAL=other MODE=brw------- OWNER= >m/dev/sda
  printf '%s\n' ID_FS_TYPE=ext4 'ID_FS_LABEL_ENC=the\x20root' nonsense >m/dev/mapper/data-root
}

# The same of disks that are joined, below m/: a RAID of two; a disk with two paths to it, in partitions; two logical
# volumes, each on the same two disks; a RAID of two RAIDs, which end in different places.
tree_joined() {
  local disk number=0
  mkdir -p m/sys/block m/sys/dev/block m/proc/self m/dev/mapper
  for disk in a b c d e f g h i j k; do
    sysfs_disk "sd$disk" "8:$number" 2097152 ATA "Disk $disk" "$number:0:0:0"
    number=$((number + 16))
  done
  sysfs_partition sda sda1 8:1 2048 1000000
  sysfs_partition sda sda2 8:2 1002048 1000000
  sysfs_partition sdb sdb1 8:17 2048 2000000
  sysfs_above md0 9:0 2000000 sda2 sdb1
  sysfs_above dm-0 253:0 2097152 sdc sde
  sysfs_mapped dm-0 path mpath-1 0
  sysfs_above dm-1 253:1 1000000 dm-0
  sysfs_mapped dm-1 path-part1 part1-mpath-1 0
  sysfs_above dm-2 253:2 1000000 dm-0
  sysfs_mapped dm-2 path-part2 part2-mpath-1 0
  sysfs_partition sdd sdd1 8:49 2048 2000000
  sysfs_above dm-3 253:3 4000000 sdd1 sdf
  sysfs_mapped dm-3 group-large LVM-1 0
  sysfs_above dm-4 253:4 2000 sdd1 sdf
  sysfs_mapped dm-4 group-small LVM-2 0
  sysfs_above dm-5 253:5 2000 dm-3
  sysfs_mapped dm-5 secret CRYPT-LUKS2-1 0
  sysfs_above md1 9:1 2097152 sdg sdi
  sysfs_above md2 9:2 2097152 sdh sdj
  sysfs_above md3 9:3 4194304 md1 md2
  sysfs_above dm-6 253:6 2000000 md3
  sysfs_mapped dm-6 top LVM-3 0
  for number in 0 1 2 3; do
    mkdir "m/sys/block/md$number/md"
    echo raid1 >"m/sys/block/md$number/md/level"
  done
  printf '%s\n' '20 1 253:6 / / rw - ext4 /dev/mapper/top rw' '21 20 253:6 /sub /srv/sub rw - ext4 /dev/root rw' \
    '22 20 8:1 / /boot rw - ext4 /dev/sda1 rw' '23 20 8:1 /efi /boot/efi rw - ext4 /dev/sda1 rw' \
    '24 20 253:3 / /a rw - xfs /dev/mapper/group-large rw' '25 20 253:3 /b /b rw - xfs /dev/mapper/group-large rw' \
    '26 20 8:17 / /c rw - xfs /dev/sdb1 rw' '27 20 8:17 /d /d rw - xfs /dev/sdb1 rw' \
    >m/proc/self/mountinfo
  : >m/proc/swaps
  # A mapped device without a node is none where no other root is looked at.
  touch m/dev/mapper/{path,path-part1,path-part2,group-large,group-small,secret,top}
  cat >inside <<'END'
#!/bin/bash
# COMMAND [WORD]...: runs it with m/ as its root, for what does not look at another one.
command=$(command -v "$1")
install -D "$command" "m/lib/$1"
for library in $(ldd "$command" 2>/dev/null | grep -o '/[^ ]*'); do
  install -D "$library" "m/$library"
done
chroot m "/lib/$1" "${@:2}"
status=$?
rm -rf m/lib m/lib64 m/usr
exit $status
END
  chmod 755 inside
}

sysfs_attributes() {  # FOLDER NUMBER SECTORS
  mkdir -p "$1/holders" "$1/slaves"
  echo "$2" >"$1/dev"
  echo "$3" >"$1/size"
  echo 0 >"$1/ro"
}

sysfs_link() {  # NAME NUMBER FOLDER-BELOW-DEVICES
  ln -s "../../devices/$3" "m/sys/dev/block/$2"
}

sysfs_queue() {  # FOLDER
  mkdir "$1/queue"
  echo 'none [mq-deadline]' >"$1/queue/scheduler"
  echo 512 >"$1/queue/logical_block_size"
  echo 4096 >"$1/queue/physical_block_size"
  echo 128 >"$1/queue/read_ahead_kb"
  echo 1 >"$1/queue/rotational"
  echo 65536 >"$1/queue/chunk_sectors"
  echo 0 >"$1/removable"
}

sysfs_disk() {  # NAME NUMBER SECTORS VENDOR MODEL ADDRESS
  local device=m/sys/devices/host/$6
  sysfs_attributes "$device/block/$1" "$2" "$3"
  sysfs_queue "$device/block/$1"
  echo "$4" >"$device/vendor"
  echo "$5" >"$device/model"
  echo '1.0 ' >"$device/rev"
  echo running >"$device/state"
  echo 0 >"$device/type"
  ln -s "../../../$6" "$device/block/$1/device"
  ln -s "../devices/host/$6/block/$1" "m/sys/block/$1"
  sysfs_link "$1" "$2" "host/$6/block/$1"
}

sysfs_partition() {  # DISK NAME NUMBER START SECTORS
  sysfs_attributes "m/sys/block/$1/$2" "$3" "$5"
  echo "$4" >"m/sys/block/$1/$2/start"
  echo "${2##*[a-z]}" >"m/sys/block/$1/$2/partition"
  sysfs_link "$2" "$3" "$(readlink -f "m/sys/block/$1" | sed 's,.*/sys/devices/,,')/$2"
}

sysfs_above() {  # NAME NUMBER SECTORS DEVICE...
  local below=m/sys/devices/virtual/block/$1 name=$1 device folder
  sysfs_attributes "$below" "$2" "$3"
  sysfs_queue "$below"
  ln -s "../devices/virtual/block/$1" "m/sys/block/$1"
  sysfs_link "$1" "$2" "virtual/block/$1"
  shift 3
  for device; do
    folder=$(find m/sys/devices -type d -name "$device" | head -n 1)
    ln -s "$(realpath --relative-to="$folder/holders" "$below")" "$folder/holders/$name"
    ln -s "$(realpath --relative-to="$below/slaves" "$folder")" "$below/slaves/$device"
  done
}

sysfs_mapped() {  # NAME MAPPED UUID SUSPENDED
  mkdir "m/sys/block/$1/dm"
  echo "$2" >"m/sys/block/$1/dm/name"
  echo "$3" >"m/sys/block/$1/dm/uuid"
  echo "$4" >"m/sys/block/$1/dm/suspended"
}
