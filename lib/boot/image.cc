#include "lib/boot/image.h"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/archive/cpio_writer.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/version_order.h"
#include "lib/boot/modules.h"

namespace rescue {

namespace {

// What a disk may hang on, and what may be on it. The rest of a kernel's modules is ten times as much.
constexpr std::string_view disk_modules[] = {
    "kernel/drivers/ata/",
    "kernel/drivers/scsi/",
    "kernel/drivers/nvme/",
    "kernel/drivers/block/",
    "kernel/drivers/virtio/",
    "kernel/drivers/md/",
    "kernel/drivers/mmc/",
    "kernel/drivers/usb/host/",
    "kernel/drivers/usb/core/",
    "kernel/drivers/usb/storage/",
    "kernel/drivers/usb/common/",
    "kernel/drivers/message/",
    "kernel/drivers/hv/",
    "kernel/drivers/xen/",
    "kernel/drivers/cdrom/",
    "kernel/drivers/firmware/",
    "kernel/drivers/pci/",
    "kernel/drivers/s390/",
    "kernel/drivers/ufs/",
    "kernel/drivers/hid/",
    "kernel/drivers/input/serio/",
    "kernel/drivers/input/keyboard/",
    "kernel/fs/ext4/",
    "kernel/fs/jbd2/",
    "kernel/fs/xfs/",
    "kernel/fs/btrfs/",
    "kernel/fs/fat/",
    "kernel/fs/nls/",
    "kernel/fs/isofs/",
    "kernel/fs/squashfs/",
    "kernel/fs/overlayfs/",
    "kernel/fs/f2fs/",
    "kernel/fs/mbcache",
    "kernel/crypto/",
    "kernel/lib/",
    "kernel/arch/x86/crypto/",
    "kernel/arch/arm64/crypto/",
    "kernel/fs/ext2/",
    "kernel/fs/ext3/",
};

constexpr std::string_view folders[] = {"bin",  "boot", "dev", "etc",  "lib", "lib/modules", "opt",
                                        "proc", "root", "run", "sbin", "sys", "sysroot",     "tmp"};

// Of the kit's folders those that are of use at a console.
constexpr std::string_view skipped[] = {"share/man", "share/licenses"};

class ImageWriter {
 public:
  ImageWriter(const ImageRequest& request, Sink& sink) : request_(request), cpio_(sink) {}

  Result<ImageReport> write() {
    TRY(frame());
    TRY(folder("opt/rescue"));
    TRY(tree(request_.kit, "", "opt/rescue"));
    for (const std::string& bundle : request_.bundles) {
      TRY(bundle_file(bundle));
    }
    if (!request_.modules.empty())
      TRY(modules());
    TRY(cpio_.finish());
    report_.size = cpio_.written();
    return std::move(report_);
  }

 private:
  Result<> folder(std::string_view path) {
    return cpio_.add(Entry{.path = std::string(path), .type = EntryType::directory, .mode = 0755}, "");
  }

  Result<> text(std::string_view path, std::string_view content) {
    ++report_.files;
    return cpio_.add(Entry{.path = std::string(path), .type = EntryType::file, .mode = 0644}, content);
  }

  Result<> link(std::string_view path, std::string_view target) {
    return cpio_.add(
        Entry{.path = std::string(path), .type = EntryType::symlink, .mode = 0777, .link = std::string(target)}, "");
  }

  // What the kernel starts, and what it calls.
  Result<> frame() {
    for (const std::string_view path : folders)
      TRY(folder(path));
    TRY(cpio_.add(
        Entry{.path = "dev/console", .type = EntryType::character, .mode = 0600, .device_major = 5, .device_minor = 1},
        ""));
    TRY(link("init", "opt/rescue/bin/init"));
    TRY(link("bin/sh", "../opt/rescue/bin/sh"));
    TRY(link("sbin/modprobe", "../opt/rescue/bin/modprobe"));
    TRY(text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"));
    return text("etc/group", "root:x:0:\n");
  }

  Result<> file(const std::string& from, std::string to, uint32_t mode) {
    const UniqueFd fd = TRY(open_file(from, O_RDONLY));
    struct stat info{};
    if (::fstat(fd.get(), &info) < 0)
      return fail("look at", from);
    Entry entry{.path = std::move(to), .type = EntryType::file, .mode = mode};
    entry.size = static_cast<uint64_t>(info.st_size);
    TRY(cpio_.add(entry));
    ++report_.files;
    char buffer[65536];
    uint64_t left = entry.size;
    while (left != 0) {
      const size_t count = TRY(read_some(fd.get(), std::span(buffer, std::min<uint64_t>(sizeof buffer, left)), from));
      if (count == 0)
        return fail("read", from, "has become shorter meanwhile");
      TRY(cpio_.write({buffer, count}));
      left -= count;
    }
    return {};
  }

  Result<> bundle_file(const std::string& path) {
    const std::string name(base_name(path));
    report_.bundles.push_back(name);
    TRY(file(path, str("opt/rescue/bundles/", name), 0644));
    const std::string signature = str(path, ".minisig");
    return ::access(signature.c_str(), F_OK) == 0 ? file(signature, str("opt/rescue/bundles/", name, ".minisig"), 0644)
                                                  : Result<>();
  }

  // Of a bundle that is given by name too, the one that is given counts.
  bool is_given(std::string_view relative) const {
    return relative.starts_with("bundles/") && std::ranges::any_of(request_.bundles, [&](const std::string& path) {
             return relative.substr(8) == base_name(path) || relative.substr(8) == str(base_name(path), ".minisig");
           });
  }

  Result<> tree(const std::string& from, const std::string& relative, const std::string& to) {
    const UniqueFd dir = TRY(open_file(from, O_RDONLY | O_DIRECTORY));
    for (const DirEntry& entry : TRY(list_dir(dir.get(), from))) {
      const std::string below = relative.empty() ? entry.name : str(relative, '/', entry.name);
      if (std::ranges::contains(skipped, below) || is_given(below))
        continue;
      TRY(member(dir.get(), entry.name, str(from, '/', entry.name), below, str(to, '/', entry.name)));
    }
    return {};
  }

  Result<> member(int dir, const std::string& name, const std::string& from, const std::string& relative,
                  const std::string& to) {
    struct stat info{};
    if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
      return fail("look at", from);
    if (S_ISLNK(info.st_mode))
      return link(to, TRY(read_link_at(dir, name, from)));
    if (S_ISREG(info.st_mode)) {
      if (relative.starts_with("bundles/") && relative.ends_with(".tzst"))
        report_.bundles.push_back(name);
      return file(from, to, info.st_mode & 07777);
    }
    if (!S_ISDIR(info.st_mode))
      return {};
    TRY(folder(to));
    return tree(from, relative, to);
  }

  // --- modules

  bool is_wanted(std::string_view path) const {
    return request_.all_modules ||
           std::ranges::any_of(disk_modules, [&](std::string_view start) { return path.starts_with(start); });
  }

  Result<> modules() {
    const Modules all = TRY(Modules::open(request_.modules));
    const std::string dep = TRY(table("modules.dep"));
    std::vector<std::string> files;
    for (const std::string_view line : split(dep, '\n')) {
      const std::string_view path = line.substr(0, line.find(':'));
      if (!path.empty() && is_wanted(path))
        for (std::string& file : TRY(all.files_of(module_name(path))))
          files.push_back(std::move(file));
    }
    rescue::sort(files);
    const auto last = std::ranges::unique(files);
    files.erase(last.begin(), last.end());
    report_.modules = files.size();
    const std::string to = str("lib/modules/", request_.version);
    TRY(folder(to));
    TRY(module_folders(files, to));
    for (const std::string& path : files)
      TRY(file(str(request_.modules, '/', path), str(to, '/', path), 0644));
    return module_tables(files, dep, to);
  }

  Result<std::string> table(std::string_view name) {
    const std::string path = str(request_.modules, '/', name);
    const UniqueFd fd = TRY(open_file(path, O_RDONLY));
    return read_all(fd.get(), 64 << 20, path);
  }

  Result<> module_folders(const std::vector<std::string>& files, const std::string& to) {
    std::vector<std::string> made;
    for (const std::string& path : files)
      for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        if (std::string part = path.substr(0, slash); !std::ranges::contains(made, part)) {
          TRY(folder(str(to, '/', part)));
          made.push_back(std::move(part));
        }
    return {};
  }

  // Only the lines of what is there: the tables are searched for each device at every start.
  Result<> module_tables(const std::vector<std::string>& files, std::string_view dep, const std::string& to) {
    std::vector<std::string> names;
    names.reserve(files.size());
    for (const std::string& path : files)
      names.push_back(module_name(path));
    rescue::sort(names);
    std::string kept;
    for (const std::string_view line : split(dep, '\n'))
      if (std::ranges::binary_search(names, module_name(line.substr(0, line.find(':')))) && !line.empty())
        kept += str(line, '\n');
    TRY(text(str(to, "/modules.dep"), kept));
    kept.clear();
    const std::string aliases = table("modules.alias").value_or("");
    for (const std::string_view line : split(aliases, '\n'))
      if (const size_t blank = line.rfind(' ');
          blank != std::string_view::npos && std::ranges::binary_search(names, module_name(line.substr(blank + 1))))
        kept += str(line, '\n');
    TRY(text(str(to, "/modules.alias"), kept));
    TRY(text(str(to, "/modules.softdep"), table("modules.softdep").value_or("")));
    return text(str(to, "/modules.builtin"), table("modules.builtin").value_or(""));
  }

  const ImageRequest& request_;
  CpioWriter cpio_;
  ImageReport report_;
};

bool has_modules(const Root& root, std::string_view version) {
  return root.exists(str("lib/modules/", version, "/modules.dep"));
}

Result<std::string> kernel_start(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  std::string start(65536, '\0');
  start.resize(TRY(read_full(fd.get(), start, path)));
  return start;
}

}  // namespace

Result<ImageReport> write_image(const ImageRequest& request, Sink& sink) {
  return ImageWriter(request, sink).write();
}

std::string version_in_kernel(std::string_view start, std::string_view path) {
  // Documentation/arch/x86/boot.rst: "HdrS" at 0x202, where the text is at 0x20e, counted from 0x200.
  const Bytes bytes(start, path);
  const auto magic = bytes.slice(0x202, 4, "kernel");
  const auto offset = bytes.read<uint16_t>(0x20e, "kernel");
  if (!magic || magic->text() != "HdrS" || !offset || *offset == 0)
    return {};
  const auto text = bytes.c_string(uint64_t{0x200} + *offset, "kernel");
  return text ? std::string(text->substr(0, text->find(' '))) : std::string();
}

Result<KernelFile> find_kernel(const Root& root, const std::string& file) {
  if (!file.empty()) {
    std::string version = version_in_kernel(TRY(kernel_start(file)), file);
    const std::string_view name = base_name(file);
    if (const size_t dash = name.find('-'); dash != std::string_view::npos && has_modules(root, name.substr(dash + 1)))
      version = name.substr(dash + 1);
    if (version.empty())
      return fail("find the kernel's version", file, "is in neither its name nor its header");
    return KernelFile{file, version};
  }
  KernelFile newest;
  const UniqueFd boot = TRY(root.open_dir("boot"));
  for (const DirEntry& entry : TRY(list_dir(boot.get(), root.shown("boot")))) {
    if (!entry.name.starts_with("vmlinuz-"))
      continue;
    const std::string version = entry.name.substr(8);
    if (has_modules(root, version) && (newest.version.empty() || compare_versions(version, newest.version) > 0))
      newest = {root.shown(str("boot/", entry.name)), version};
  }
  if (newest.version.empty())
    return fail("find a kernel", root.shown("boot"), "has no vmlinuz-VERSION with modules; --kernel names one");
  return newest;
}

}  // namespace rescue
