// Making the logical volumes of this machine's disks usable, for a system whose root file system lies on one.
#pragma once

#include <string>
#include <vector>

#include "lib/boot/listener.h"
#include "lib/boot/lvm.h"
#include "lib/boot/mapper.h"
#include "lib/boot/modules.h"
#include "lib/sys/block.h"

namespace rescue {

class LogicalVolumes {
 public:
  // Those whose disks are all there, save what was tried before; `say` is told what cannot be used. True if there are
  // new ones.
  bool activate(const std::vector<BlockDevice>& devices, Modules* modules, Listener say);

  // Takes away those that nobody uses, so that the system sets them up itself; what it needs to know about the others
  // is left for its udev.
  void hand_over();

 private:
  struct Member {
    std::string id;
    std::string number;  // "8:2"
  };
  struct Active {
    std::string name;
    std::string link;  // "/dev/GROUP/VOLUME"
    dev_t number = 0;
  };

  bool read_members(const std::vector<BlockDevice>& devices, Listener say);
  std::vector<MapperRow> table_of(const LvmVolume& volume) const;
  bool activate_group(const LvmGroup& group, const std::vector<BlockDevice>& devices, Modules* modules, Listener say);
  static void leave_note(const Active& volume);

  std::vector<std::string> seen_;  // names of the disks that were looked at
  std::vector<Member> members_;    // physical volumes
  std::vector<LvmGroup> groups_;   // the newest metadata of each
  std::vector<std::string> settled_;
  std::vector<Active> active_;
};

}  // namespace rescue
