// The images that the system boots with carry a loader and a libc of their own.
//
// initramfs-tools copies them as they are. dracut strips them, so that they are not what the package database says,
// and still the very same build: good enough to run, and said to be so.

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/archive/initramfs.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/health/donor_search.h"

namespace rescue {

namespace {

// "initrd.img-6.1.0-18-amd64", "initramfs-5.14.0.img", "initrd-6.4.0-default", "initramfs-linux.img".
bool is_image_name(std::string_view name) {
  return name.starts_with("initr") && !name.ends_with(".old-dkms") && !name.ends_with(".conf");
}

struct Image {
  std::string name;
  struct timespec mtime{};
};

// The newest first: it is the most likely to have the libraries of today.
std::vector<Image> find_images(const Root& root, std::string_view path) {
  std::vector<Image> images;
  const auto dir = root.open_dir(path);
  const auto entries = dir ? list_dir(dir->get(), root.shown(path)) : Result<std::vector<DirEntry>>();
  for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
    struct stat info{};
    if (is_image_name(entry.name) && ::fstatat(dir->get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode))
      images.push_back({entry.name, info.st_mtim});
  }
  rescue::sort(images, [](const Image& a, const Image& b) {
    return a.mtime.tv_sec != b.mtime.tv_sec ? a.mtime.tv_sec > b.mtime.tv_sec : a.mtime.tv_nsec > b.mtime.tv_nsec;
  });
  return images;
}

Result<> read_image(DonorSearch& search, const std::string& path) {
  std::vector<Request*> requests;
  for (Request& request : search.requests())
    if (search.is_open(request))
      requests.push_back(&request);
  const std::string shown = search.root().shown(path);
  const UniqueFd fd = TRY(search.root().open_file(path, O_RDONLY | O_NONBLOCK));
  const auto image = TRY(InitramfsReader::open(fd.get(), shown));
  Donor describe;
  describe.kind = DonorKind::initramfs;
  describe.where = str("the initramfs ", Printable(shown));
  return offer_entries(search, *image, requests, describe, Trust::usual, {});
}

}  // namespace

void search_initramfs(DonorSearch& search) {
  for (const Image& image : find_images(search.root(), "boot")) {
    if (search.done())
      return;
    if (const auto done = read_image(search, str("boot/", image.name)); !done)
      search.note(message(done.error()));
  }
}

}  // namespace rescue
