#include "lib/health/donor.h"

#include <algorithm>
#include <functional>

#include "lib/base/sort.h"
#include "lib/health/donor_search.h"

namespace rescue {

std::vector<std::vector<Donor>> DonorFinder::find(const std::vector<Wanted>& wanted) {
  DonorSearch search(root_, db_, options_, wanted, notes_);
  using Place = void (*)(DonorSearch&);
  for (const Place place : {search_root, search_processes, search_packages, search_initramfs, search_bundles})
    if (!search.done())
      place(search);
  std::vector<std::vector<Donor>> found;
  for (Request& request : search.requests()) {
    rescue::sort(request.donors, [](const Donor& a, const Donor& b) {
      return a.certainty != b.certainty ? a.certainty > b.certainty : a.kind < b.kind;
    });
    found.push_back(std::move(request.donors));
  }
  return found;
}

}  // namespace rescue
