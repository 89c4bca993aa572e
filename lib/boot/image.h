// Making the rescue image: an initramfs with the kit, bundles, and the modules that disks need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/archive/sink.h"
#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue {

struct ImageRequest {
  std::string kit;                   // the folder of the kit: "/opt/rescue"
  std::vector<std::string> bundles;  // files that are added to those of the kit
  std::string modules;               // "/lib/modules/VERSION" as this process sees it; "" for none
  bool all_modules = false;
  std::string version;  // of the kernel
};

struct ImageReport {
  uint64_t size = 0;  // before compression
  size_t files = 0;
  size_t modules = 0;
  std::vector<std::string> bundles;
};

// Writes it, uncompressed, as cpio. The same input gives the same bytes.
Result<ImageReport> write_image(const ImageRequest& request, Sink& sink);

// A kernel of a root, with its modules.
struct KernelFile {
  std::string path;     // as this process sees it
  std::string version;  // "6.1.0-50-cloud-amd64"
};

// The version that is written in an x86 kernel's image; empty where it is none.
std::string version_in_kernel(std::string_view start, std::string_view path);

// `file`, or the newest /boot/vmlinuz-* of the root that has modules.
Result<KernelFile> find_kernel(const Root& root, const std::string& file);

}  // namespace rescue
