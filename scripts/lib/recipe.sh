# shellcheck shell=bash
# Set by the caller and by the files it reads; and every caller runs these under `set -e`.
# shellcheck disable=SC2154,SC2164
# The recipe of the toolchain: how each part is configured and built. Needs common.sh and sources.sh.
#
# The bytes of this file, of the lock, and the compiler's version name the cached result: a change here builds anew.
# Variables that the caller sets: arch, final (where the toolchain will be), stage (where it is built), work (scratch).

# For code that is there for its work, and not in a hurry.
small_flags='-Oz'
# Digests and (de)compressors. -O3 buys them little over -O2, and costs size.
fast_flags='-O2'
# Every function and object in a section of its own, so that the kit takes only what it calls.
common_flags='-fPIE -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables'

triple() {
  printf '%s-linux-musl\n' "$arch"
}

compiler_version() {
  clang-19 --version | head -n 1
}

# recipe_hash: what the cached toolchain is named after.
recipe_hash() {
  { cat "$top/scripts/lib/recipe.sh" "$lock" && compiler_version; } | sha256sum | cut -c1-16
}

# --- the compiler as the recipe uses it

# One configuration file that makes clang a cross compiler for this sysroot; <CFGDIR> is where the file itself lies,
# so it works in the stage and in the cache alike. No path of either gets into what is compiled.
write_config() {
  mkdir -p "$stage/sysroot/usr/lib" "$stage/resource/lib"
  ln -sfn "$(clang-19 -print-resource-dir)/include" "$stage/resource/include"
  cat >"$stage/clang.cfg" <<END
--target=$(triple)
--sysroot=<CFGDIR>/sysroot
-resource-dir=<CFGDIR>/resource
-cxx-isystem <CFGDIR>/sysroot/usr/include/c++/v1
-nostdinc++
-ffile-prefix-map=<CFGDIR>/sysroot=/sysroot
--rtlib=compiler-rt
--unwindlib=none
-stdlib=libc++
-fuse-ld=lld
-static-pie
END
}

cc() {
  printf 'clang-19 --config=%s/clang.cfg' "$stage"
}

# flags SPEED: for a library built under $work.
flags() {
  printf '%s %s -fstack-protector -ffile-prefix-map=%s=/src' "$1" "$common_flags" "$work"
}

jobs() {
  nproc
}

# unpack PACKAGE: the Debian source with its patches, at $work/PACKAGE.
unpack() {
  collect_package "$work/dsc-$1" "$1"
  dpkg-source --no-check -x "$work/dsc-$1/"*.dsc "$work/$1"
}

# --- parts of LLVM

# Of LLVM's two gigabytes only what is built is unpacked, and of Debian's patches only what touches that.
llvm_parts=(cmake runtimes libcxx libcxxabi llvm/cmake llvm/utils compiler-rt/cmake compiler-rt/lib/builtins)

unpack_llvm() {
  local from=$work/dsc-llvm to=$work/llvm name
  collect_package "$from" llvm-toolchain-19
  name=$(cd "$from" && echo llvm-toolchain-19_*.orig.tar.xz)
  name=${name%.orig.tar.xz}
  mkdir -p "$to"
  tar -xJf "$from/$name.orig.tar.xz" -C "$to" --strip-components=1 --exclude='*/libcxx/test' \
    "${llvm_parts[@]/#/$name/}" "$name/compiler-rt/CMakeLists.txt"
  tar -xJf "$from"/*.debian.tar.xz -C "$to"
  patch_llvm "$to"
}

# git apply can leave out files by name, which patch cannot; outside of a repository it takes every path as it is.
patch_llvm() {
  local include=() patch
  for patch in "${llvm_parts[@]}"; do include+=("--include=$patch/*"); done
  cd "$1"
  export GIT_CEILING_DIRECTORIES=$work
  sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' debian/patches/series | while read -r patch _; do
    git apply --whitespace=nowarn --exclude='libcxx/test/*' "${include[@]}" "debian/patches/$patch"
  done
}

cmake_toolchain() {
  cat >"$work/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $arch)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_ASM_COMPILER clang-19)
set(CMAKE_AR /usr/bin/llvm-ar-19)
set(CMAKE_RANLIB /usr/bin/llvm-ranlib-19)
set(CMAKE_FIND_ROOT_PATH $stage/sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
END
}

# run_cmake SOURCE BUILD FLAGS OPTION...: configure, build and install into the sysroot.
run_cmake() {
  local source=$1 build=$2
  configure_cmake "$@"
  DESTDIR=$stage/sysroot ninja -C "$build" -j "$(jobs)" install
}

configure_cmake() {
  local source=$1 build=$2 cflags language
  cflags="--config=$stage/clang.cfg $3"
  shift 3
  for language in C CXX ASM; do
    set -- "$@" "-DCMAKE_${language}_FLAGS=$cflags" "-DCMAKE_${language}_FLAGS_RELEASE=-DNDEBUG"
  done
  cmake -G Ninja -S "$source" -B "$build" -DCMAKE_TOOLCHAIN_FILE="$work/toolchain.cmake" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib "$@"
}

# Both architectures get LLVM's own run-time routines and start files: no libgcc is needed for either.
build_builtins() {
  local build=$work/build-builtins lib
  lib=$stage/resource/lib/$arch-unknown-linux-musl  # the triple as clang completes it
  configure_cmake "$work/llvm/compiler-rt/lib/builtins" "$build" "$(flags $fast_flags) -fno-stack-protector" \
    -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DLLVM_CMAKE_DIR="$work/llvm/llvm" -DCOMPILER_RT_DEFAULT_TARGET_ONLY=ON \
    -DCMAKE_C_COMPILER_TARGET="$(triple)" -DCOMPILER_RT_BUILD_CRT=ON -DCOMPILER_RT_CRT_USE_EH_FRAME_REGISTRY=OFF \
    -DCOMPILER_RT_HAS_FUNWIND_TABLES_FLAG=OFF
  ninja -C "$build" -j "$(jobs)"
  mkdir -p "$lib"
  find "$build" -name "libclang_rt.builtins*.a" -exec cp {} "$lib/libclang_rt.builtins.a" \;
  find "$build" -name "*clang_rt.crtbegin*.o" -exec cp {} "$lib/clang_rt.crtbegin.o" \;
  find "$build" -name "*clang_rt.crtend*.o" -exec cp {} "$lib/clang_rt.crtend.o" \;
  ls -l "$lib/libclang_rt.builtins.a" "$lib/clang_rt.crtbegin.o" "$lib/clang_rt.crtend.o"
}

# No exceptions, no locale; hardened containers; a terminate that says nothing saves the demangler.
build_libcxx() {
  run_cmake "$work/llvm/runtimes" "$work/build-libcxx" "$(flags $small_flags)" \
    -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DLLVM_ENABLE_RUNTIMES='libcxxabi;libcxx' \
    -DLLVM_INCLUDE_TESTS=OFF -DLLVM_INCLUDE_DOCS=OFF -DLLVM_ENABLE_PER_TARGET_RUNTIME_DIR=OFF \
    -DLIBCXX_HAS_MUSL_LIBC=ON -DLIBCXX_ENABLE_SHARED=OFF -DLIBCXX_ENABLE_STATIC=ON \
    -DLIBCXX_ENABLE_EXCEPTIONS=OFF -DLIBCXX_ENABLE_LOCALIZATION=OFF -DLIBCXX_HARDENING_MODE=fast \
    -DLIBCXX_ENABLE_TIME_ZONE_DATABASE=OFF -DLIBCXX_INCLUDE_BENCHMARKS=OFF -DLIBCXX_INCLUDE_TESTS=OFF \
    -DLIBCXX_CXX_ABI=libcxxabi -DLIBCXX_ENABLE_STATIC_ABI_LIBRARY=ON -DLIBCXX_USE_COMPILER_RT=ON \
    -DLIBCXX_HAS_ATOMIC_LIB=OFF -DLIBCXX_INSTALL_MODULES=OFF \
    -DLIBCXXABI_ENABLE_SHARED=OFF -DLIBCXXABI_ENABLE_STATIC=ON -DLIBCXXABI_ENABLE_EXCEPTIONS=OFF \
    -DLIBCXXABI_USE_LLVM_UNWINDER=OFF -DLIBCXXABI_USE_COMPILER_RT=ON -DLIBCXXABI_SILENT_TERMINATE=ON \
    -DLIBCXXABI_INCLUDE_TESTS=OFF
}

# --- the C library

install_kernel_headers() {
  local other=$work/headers debian
  debian=$(debian_arch "$arch")
  collect_package "$work/deb-headers" "linux-libc-dev-$debian-cross"
  dpkg-deb -x "$work/deb-headers"/*.deb "$other"
  mkdir -p "$stage/sysroot/usr/include"
  cp -R "$other/usr/$arch-linux-gnu/include/"{linux,asm,asm-generic,mtd,scsi} "$stage/sysroot/usr/include/" 2>/dev/null ||
    cp -R "$other/usr/$arch-linux-gnu/include/"{linux,asm,asm-generic} "$stage/sysroot/usr/include/"
}

# musl's own configure keeps string/ and malloc/ at -O3 and the rest at -Os.
build_musl() {
  unpack musl
  cd "$work/musl"
  quicken_relocation ldso/dlstart.c
  CC="$(cc)" AR=llvm-ar-19 RANLIB=llvm-ranlib-19 LIBCC=' ' \
    CFLAGS="$common_flags $small_flags -ffile-prefix-map=$work=/src" \
    ./configure --target="$(triple)" --prefix=/usr --syslibdir=/lib --disable-shared --disable-wrapper \
    --enable-optimize=malloc,string
  # What relocates at every start: with -Oz it takes half as long again.
  make obj/crt/rcrt1.o CFLAGS="$common_flags $fast_flags -ffile-prefix-map=$work=/src"
  make -j "$(jobs)"
  make install DESTDIR="$stage/sysroot"
}

# A static-pie relocates itself at every start. musl looks at each bit of the packed relocations, of which most are
# not set: it is made to go from one that is set to the next, which takes a third of the time.
quicken_relocation() {
  sed -i -e 's/for (size_t i=0, bitmap=rel\[0\]; bitmap>>=1; i++)/for (size_t bitmap=rel[0]; bitmap\&=bitmap-1; )/' \
    -e '/if (bitmap&1)/d' -e 's/relr_addr\[i\] += base/relr_addr[__builtin_ctzl(bitmap)-1] += base/' "$1"
  [[ $(grep -c 'bitmap&=bitmap-1\|ctzl(bitmap)-1\] += base' "$1") == 2 ]]
}

# --- the libraries

# package_version PACKAGE: upstream's part of the version that is pinned.
package_version() {
  sed -n "s/^source $1 \\([0-9]*:\\)\\?\\([0-9.]*[0-9]\\).*/\\2/p" "$lock" | head -n 1
}

# write_pc NAME LIBS [PACKAGE]
write_pc() {
  local name=$1 libs=$2 version
  version=$(package_version "${3:-$name}")
  mkdir -p "$stage/sysroot/usr/lib/pkgconfig"
  cat >"$stage/sysroot/usr/lib/pkgconfig/$name.pc" <<END
prefix=/usr
libdir=\${prefix}/lib

Name: $name
Description: $name, static, for the rescue kit
Version: $version
Libs: -L\${libdir} $libs
END
}

# Its tables of CRCs are made when they are first asked for, and not kept in the executable (9 kB).
build_zlib() {
  unpack zlib
  cd "$work/zlib"
  CC="$(cc)" AR=llvm-ar-19 RANLIB=llvm-ranlib-19 CFLAGS="$(flags $fast_flags) -DDYNAMIC_CRC_TABLE" \
    ./configure --static --prefix=/usr
  make -j "$(jobs)" libz.a
  make install DESTDIR="$stage/sysroot"
}

build_bzip2() {
  unpack bzip2
  cd "$work/bzip2"
  # Most of what packs is one loop, unrolled by hand and then again by the compiler. For size, unpacking takes a tenth
  # more time with -Os, a third more with -Oz.
  make compress.o bzlib.o CC="$(cc)" CFLAGS="$(flags $small_flags) -D_FILE_OFFSET_BITS=64"
  make decompress.o huffman.o CC="$(cc)" CFLAGS="$(flags -Os) -D_FILE_OFFSET_BITS=64"
  make -j "$(jobs)" libbz2.a CC="$(cc)" AR=llvm-ar-19 RANLIB=llvm-ranlib-19 \
    CFLAGS="$(flags $fast_flags) -D_FILE_OFFSET_BITS=64"
  install -m 644 bzlib.h "$stage/sysroot/usr/include/"
  install -m 644 libbz2.a "$stage/sysroot/usr/lib/"
  write_pc bzip2 -lbz2
}

# Every decoder, and the encoders of .xz and .lzma that people write; with threads, for a large .xz takes minutes. What
# lies around the coders is for size. The encoders compute the slot of a distance from its bits, as quick as looking it
# up, and go without its table (8 kB): that is all that HAVE_SMALL changes in them.
build_xz() {
  unpack xz-utils
  cd "$work/xz-utils"
  CC="$(cc)" AR=llvm-ar-19 RANLIB=llvm-ranlib-19 CFLAGS="$(flags $fast_flags)" \
    ./configure --host="$(triple)" --prefix=/usr --disable-shared --enable-static --disable-xz --disable-xzdec \
    --disable-lzmadec --disable-lzmainfo --disable-lzma-links --disable-scripts --disable-doc --disable-nls \
    --disable-microlzma --disable-lzip-decoder --enable-threads=posix --enable-encoders=lzma1,lzma2,x86,delta \
    --disable-dependency-tracking
  make -j "$(jobs)" -C src/liblzma CFLAGS="$(flags $small_flags)" \
    liblzma_la-{file_info,index,outqueue,sha256,stream_{decoder,encoder}{,_mt}}.lo
  make -j "$(jobs)" -C src/liblzma CFLAGS="$(flags $fast_flags) -DHAVE_SMALL" \
    liblzma_la-lzma{2_encoder,_encoder{,_optimum_{fast,normal}}}.lo
  make -j "$(jobs)" -C src/liblzma
  make -C src/liblzma install DESTDIR="$stage/sysroot"
}

# With threads, for level 19 takes a while; no training of dictionaries, no formats from before 0.8. The compressor
# without forced inlining is a quarter of a megabyte smaller: levels 1 to 4 and 16 up lose nothing by it, those between
# a fifth of their speed. The decompressor with one way to read literals and one to run sequences is 48 kB smaller and
# no slower. What goes over no bytes of its own is for size.
build_zstd() {
  local cold=(zstd_compress zstd_compress_sequences zstd_compress_superblock zstdmt_compress zstd_ldm fse_compress)
  unpack libzstd
  cd "$work/libzstd/lib"
  make -j "$(jobs)" -f - CC="$(cc)" <<END
CFLAGS = $(flags $fast_flags) -DZSTD_MULTITHREAD -DXXH_NAMESPACE=ZSTD_ -DDEBUGLEVEL=0
compress/%.o: CFLAGS += -DZSTD_NO_INLINE
$(printf 'compress/%s.o ' "${cold[@]}"): CFLAGS += $small_flags
decompress/%.o: CFLAGS += -DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT
libzstd.a: $(printf '%s\n' common/*.c compress/*.c decompress/*.c decompress/*.S | sed 's/[cS]$/o/' | tr '\n' ' ')
	llvm-ar-19 qcs \$@ \$^
END
  install -m 644 zstd.h zstd_errors.h "$stage/sysroot/usr/include/"
  install -m 644 libzstd.a "$stage/sysroot/usr/lib/"
  write_pc libzstd -lzstd
}

# Of libxcrypt only what musl's crypt() lacks: yescrypt, which Debian's and Fedora's passwords are hashed with. These
# files are under BSD licences; they want a configuration, and names that the library's other files would share.
build_yescrypt() {
  local name objects=()
  unpack libxcrypt
  mkdir -p "$work/build-yescrypt"
  cd "$work/build-yescrypt"
  printf '#define %s 1\n' ENDIANNESS_IS_LITTLE HAVE_SYS_TYPES_H HAVE_ENDIAN_H HAVE_SYS_PARAM_H HAVE_UNISTD_H \
    HAVE_EXPLICIT_BZERO HAVE_STATIC_ASSERT_IN_ASSERT_H HAVE_MAX_ALIGN_T HAVE_SYS_MMAN_H >config.h
  echo '#define INCLUDE_yescrypt 1' >crypt-hashes.h
  : >crypt-symbol-vers.h
  for name in alg-yescrypt-opt alg-yescrypt-common alg-sha256 util-base64; do
    # shellcheck disable=SC2046  # words are meant
    $(cc) $(flags $small_flags) -DHAVE_CONFIG_H -D_GNU_SOURCE -I. -I"$work/libxcrypt/lib" \
      -c "$work/libxcrypt/lib/$name.c" -o "$name.o"
    objects+=("$name.o")
  done
  llvm-ar-19 qcs "$stage/sysroot/usr/lib/libyescrypt.a" "${objects[@]}"
  {
    printf '#define %s _crypt_%s\n' yescrypt_init_local{,} yescrypt_free_local{,} yescrypt_r{,}
    sed '/^#include "crypt-port.h"/d' "$work/libxcrypt/lib/alg-yescrypt.h"
  } >"$stage/sysroot/usr/include/yescrypt.h"
  write_pc yescrypt -lyescrypt libxcrypt
}

# Compiled as it is: the source package has no configure script, and making one takes longer than the whole library.
# What is not defined here falls back to portable C. A build with --enable-minimal, which upstream offers, would lack
# scryptsalsa208sha256, with which minisign protects its secret keys; the linker leaves out what is not called. Small,
# but for what sees a whole bundle (BLAKE2b) or a whole second's work (scrypt). sodium_init() takes in ciphers that no
# one calls: those go without their vector code.
build_sodium() {
  unpack libsodium
  local define=(CONFIGURED=1 _GNU_SOURCE=1 NATIVE_LITTLE_ENDIAN=1 HAVE_TI_MODE=1 HAVE_WEAK_SYMBOLS=1
    HAVE_INLINE_ASM=1 HAVE_ATOMIC_OPS=1 CPU_UNALIGNED_ACCESS=1 HAVE_PTHREAD=1 HAVE_SYS_MMAN_H=1 HAVE_MMAP=1
    HAVE_MLOCK=1 HAVE_MADVISE=1 HAVE_MPROTECT=1 HAVE_POSIX_MEMALIGN=1 HAVE_GETPID=1 HAVE_NANOSLEEP=1
    HAVE_EXPLICIT_BZERO=1)
  # Part of the architecture itself, so that nothing has to be probed.
  [[ $arch != x86_64 ]] || define+=(HAVE_MMINTRIN_H=1 HAVE_EMMINTRIN_H=1)
  cd "$work/libsodium/src/libsodium"
  sodium_version_header
  drop_base_table crypto_core/ed25519/ref10/ed25519_ref10.c
  make -j "$(jobs)" -f - CC="$(cc)" CPPFLAGS='-Iinclude -Iinclude/sodium' <<END
CFLAGS = $(flags $small_flags) ${define[*]/#/-D} -Wno-unknown-pragmas
./crypto_generichash/%.o ./crypto_pwhash/%.o: CFLAGS += $fast_flags
./crypto_onetimeauth/%.o ./crypto_stream/%.o: CFLAGS += -UHAVE_EMMINTRIN_H
libsodium.a: $(find . -name '*.c' | LC_ALL=C sort | sed 's/c$/o/' | tr '\n' ' ')
	llvm-ar-19 qcs \$@ \$^
END
  install -m 644 libsodium.a "$stage/sysroot/usr/lib/"
  cp -R include/sodium include/sodium.h "$stage/sysroot/usr/include/"
  write_pc libsodium -lsodium
}

# To sign a bundle or make a key takes a multiple of Ed25519's base point. It is multiplied here as any other point is,
# in the same time whatever the number is, which takes 50 microseconds instead of 12 and does without a table of 30 kB.
# Checking a signature never used that table.
drop_base_table() {
  sed -i 's/^ge25519_scalarmult_base(/ge25519_scalarmult_base_by_table(/' "$1"
  cat >>"$1" <<'END'

void
ge25519_scalarmult_base(ge25519_p3 *h, const unsigned char *a)
{
    unsigned char bytes[32];
    ge25519_p3    base;

    memset(bytes, 0x66, sizeof bytes); /* the y of the base point, 4/5, and an x that is even */
    bytes[0] = 0x58;
    ge25519_frombytes(&base, bytes);
    ge25519_scalarmult(h, a, &base);
}
END
  [[ $(grep -c '^ge25519_scalarmult_base(\|^ge25519_scalarmult_base_by_table(' "$1") == 2 ]]
}

sodium_version_header() {
  local major minor
  major=$(sed -n 's/^SODIUM_LIBRARY_VERSION_MAJOR=//p' ../../configure.ac)
  minor=$(sed -n 's/^SODIUM_LIBRARY_VERSION_MINOR=//p' ../../configure.ac)
  sed -e "s/@VERSION@/$(package_version libsodium)/" -e "s/@SODIUM_LIBRARY_VERSION_MAJOR@/$major/" \
    -e "s/@SODIUM_LIBRARY_VERSION_MINOR@/$minor/" -e '/@SODIUM_LIBRARY_MINIMAL_DEF@/d' \
    include/sodium/version.h.in >include/sodium/version.h
}

# No iconv, no crypto library, no xml: the kit has its own digests and manifest.
build_archive() {
  local off=() feature build=$work/build-libarchive
  for feature in OPENSSL NETTLE MBEDTLS CNG LZ4 LZO LIBB2 LIBXML2 EXPAT PCREPOSIX ICONV ACL TAR CPIO CAT TEST \
    UNZIP WERROR LIBGCC WIN32_XMLLITE; do
    off+=("-DENABLE_$feature=OFF")
  done
  unpack libarchive
  configure_cmake "$work/libarchive" "$build" "$(flags $small_flags)" "${off[@]}" \
    -DENABLE_XATTR=ON -DENABLE_ZLIB=ON -DENABLE_BZip2=ON -DENABLE_LZMA=ON -DENABLE_ZSTD=ON -DPOSIX_REGEX_LIB=LIBC
  ninja -C "$build" -j "$(jobs)" archive_static
  install -m 644 "$work/libarchive/libarchive/archive.h" "$work/libarchive/libarchive/archive_entry.h" \
    "$stage/sysroot/usr/include/"
  install -m 644 "$build/libarchive/libarchive.a" "$stage/sysroot/usr/lib/"
  write_pc libarchive '-larchive -lzstd -llzma -lbz2 -lz'
}

# The kit's `sh`, linked as the kit itself. MKSH_BUILDMEAT is how Debian's own rules say that they mean it.
build_mksh() {
  unpack mksh
  mkdir -p "$work/build-mksh" "$stage/bin"
  cd "$work/build-mksh"
  CC="$(cc)" TARGET_OS=Linux CPPFLAGS=-DMKSH_BUILDMEAT CFLAGS="$(flags $small_flags)" \
    LDFLAGS="-static-pie $link_flags" bash "$work/mksh/Build.sh" -r
  install -m 755 mksh "$stage/bin/sh"
  llvm-strip-19 "$stage/bin/sh"
}

link_flags='-Wl,--gc-sections,--icf=all,-z,relro,-z,now,-z,noexecstack,--build-id=none,--pack-dyn-relocs=relr'

# --- what the kit's build needs to know

collect_licences() {
  local to=$stage/licenses
  mkdir -p "$to"
  cp "$work/musl/COPYRIGHT" "$to/musl"
  cp "$work/llvm/libcxx/LICENSE.TXT" "$to/llvm"
  sed -n '/Copyright (C)/,/jloup@gzip.org/p' "$work/zlib/zlib.h" >"$to/zlib"
  cp "$work/bzip2/LICENSE" "$to/bzip2"
  cp "$work/xz-utils/COPYING" "$to/xz"
  cp "$work/libzstd/LICENSE" "$to/zstd"
  cp "$work/libsodium/LICENSE" "$to/libsodium"
  sed '/\*\//q' "$work/libxcrypt/lib/alg-sha256.c" >"$to/yescrypt"
  cp "$work/libarchive/COPYING" "$to/libarchive"
  sed -n '/^The MirBSD Korn Shell (mksh) is/,/^strlcpy.c is/p' "$work/mksh/debian/copyright" |
    sed '$d' >"$to/mksh"
  find "$to" -type f -empty -print | { ! grep .; }
}

write_cross_file() {
  local wrapper='' native=false
  [[ $(machine_arch) == "$arch" ]] || wrapper="exe_wrapper = 'qemu-$arch-static'"
  [[ -z $wrapper ]] || native=true
  cat >"$stage/cross.ini" <<END
[constants]
config = '--config=$final/clang.cfg'

[binaries]
c = ['clang-19', config]
cpp = ['clang++-19', config]
ar = 'llvm-ar-19'
strip = 'llvm-strip-19'
pkgconfig = 'pkg-config'
$wrapper

[properties]
sys_root = '$final/sysroot'
pkg_config_libdir = '$final/sysroot/usr/lib/pkgconfig'
needs_exe_wrapper = $native

[host_machine]
system = 'linux'
cpu_family = '$arch'
cpu = '$arch'
endian = 'little'
END
}
