// rescue-image: an initramfs that repairs the system, with the kit inside.
#include "lib/archive/codec.h"
#include "lib/base/applet.h"
#include "lib/base/kit.h"
#include "lib/boot/grub.h"
#include "lib/boot/image.h"
#include "lib/fs/new_file.h"

namespace rescue {
namespace {

struct Options {
  std::string output;
  std::string kernel;
  std::vector<std::string> bundles;
  std::string root = "/";
  std::string compress;
  std::string grub;
  bool remove = false;
  bool all_modules = false;
  bool no_modules = false;
};

constexpr Opt<Options> options[] = {
    {'o', "output", &Options::output, "write the image to FILE", "FILE"},
    {'k', "kernel", &Options::kernel, "for this kernel (default: the newest of ROOT's /boot)", "VMLINUZ"},
    {'b', "bundle", &Options::bundles, "put this bundle in, beside those of the kit; may be given again", "FILE"},
    {0, "root", &Options::root, "take kernel and modules of the system in DIR (default: /)", "DIR"},
    {0, "all-modules", &Options::all_modules, "every module of the kernel, not only those for disks"},
    {0, "no-modules", &Options::no_modules, "none: for a kernel that has its drivers built in"},
    {0, "compress", &Options::compress, "zstd, gzip or none (default: zstd from Linux 5.9 on, else gzip)", "HOW"},
    {0, "grub", &Options::grub, "put the image into ROOT's /boot, with an entry in the boot menu", "ROOT"},
    {0, "remove", &Options::remove, "with --grub: take both away again"},
};

// The kernel's config says what it unpacks; by default zstd is among it since 5.9 wherever a distribution makes it.
bool reads_zstd(std::string_view version) {
  const auto parts = split(version.substr(0, version.find('-')), '.');
  const unsigned major = to_number<unsigned>(parts[0]).value_or(0);
  const unsigned minor = parts.size() > 1 ? to_number<unsigned>(parts[1]).value_or(0) : 0;
  return major > 5 || (major == 5 && minor >= 9);
}

Result<ImageReport> compressed(const ImageRequest& request, const std::string& how, int fd, const std::string& path) {
  FdSink file(fd, path);
  if (how == "none")
    return write_image(request, file);
  if (how != "zstd" && how != "gzip")
    return usage_error("--compress takes zstd, gzip or none, not '", Printable(how), "'");
  const auto encoder =
      TRY(encode(file, how == "zstd" ? Codec::zstd : Codec::gzip, {.level = how == "zstd" ? 12 : 6}, path));
  ImageReport report = TRY(write_image(request, *encoder));
  TRY(encoder->finish());
  return report;
}

Result<ImageReport> make(const Options& opt, const KernelFile& kernel, const Root& root, NewFile& file,
                         const std::string& path) {
  const ImageRequest request{.kit = kit_path(""),
                             .bundles = opt.bundles,
                             .modules = opt.no_modules ? "" : root.shown(str("lib/modules/", kernel.version)),
                             .all_modules = opt.all_modules,
                             .version = kernel.version};
  const std::string how = !opt.compress.empty() ? opt.compress : reads_zstd(kernel.version) ? "zstd" : "gzip";
  return compressed(request, how, file.fd(), path);
}

void print(Io& io, const std::string& path, const KernelFile& kernel, const ImageReport& report) {
  io.out.put(Printable(path), ": for Linux ", kernel.version, ", ", count_of(report.modules, "module"), ", ",
             count_of(report.bundles.size(), "bundle"), ", ", human_size(report.size), " when unpacked\n");
  if (report.bundles.empty())
    io.out.put("Note: it holds no bundle; --bundle FILE puts one in.\n");
}

Result<int> install(const Options& opt, Io& io) {
  const Root root = TRY(Root::open(opt.grub));
  const KernelFile kernel = TRY(find_kernel(root, opt.kernel));
  const std::string path = str("boot/", rescue_image_name);
  NewFile file = TRY(NewFile::create(root, path, 0600));
  const ImageReport report = TRY(make(opt, kernel, root, file, root.shown(path)));
  TRY(file.commit());
  print(io, root.shown(path), kernel, report);
  for (const std::string& changed : TRY(add_boot_entry(root, kernel.version)))
    io.out.put(Printable(changed), ": has the entry \"", rescue_title, "\" now\n");
  return io.status();
}

Result<int> take_away(const Options& opt, Io& io) {
  const Root root = TRY(Root::open(opt.grub));
  const auto changed = TRY(remove_boot_entry(root));
  if (changed.empty())
    io.out.put(Printable(root.path()), ": nothing to do, there is no entry of ours\n");
  for (const std::string& path : changed)
    io.out.put(Printable(path), ": ", root.exists(path) ? "the entry is gone" : "removed", '\n');
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  if (opt.remove && opt.grub.empty())
    return usage_error("--remove needs --grub ROOT");
  if (opt.output.empty() == opt.grub.empty())
    return usage_error("give either -o FILE or --grub ROOT");
  if (!opt.grub.empty())
    return opt.remove ? take_away(opt, io) : install(opt, io);
  const Root root = TRY(Root::open(opt.root));
  const KernelFile kernel = TRY(find_kernel(root, opt.kernel));
  NewFile file = TRY(NewFile::create(opt.output, 0600));
  const ImageReport report = TRY(make(opt, kernel, root, file, opt.output));
  TRY(file.commit());
  print(io, opt.output, kernel, report);
  return io.status();
}

}  // namespace

extern const Applet rescue_image_applet;
const Applet rescue_image_applet = {
    .name = "rescue-image",
    .summary = "make an initramfs that repairs the system",
    .usage = "[OPTION]... -o FILE\n[OPTION]... --grub ROOT\n--grub ROOT --remove",
    .section = 8,
    .notes = dense<"Example: rescue-image --bundle /opt/rescue/bundles/glibc.tzst --grub /">,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
