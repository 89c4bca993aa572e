// Boot loader configurations as the distributions write them.
#pragma once

#include <string_view>

namespace rescue {

constexpr std::string_view debian_grub =
    "set default=\"0\"\n"
    "menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1' {\n"
    "\tload_video\n"
    "\tinsmod gzio\n"
    "\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n"
    "\tinsmod part_gpt\n"
    "\tinsmod ext2\n"
    "\tsearch --no-floppy --fs-uuid --set=root 1111-2222\n"
    "\techo\t'Loading Linux 6.1.0-50-amd64 ...'\n"
    "\tlinux\t/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1111-2222 ro console=ttyS0,115200 quiet splash\n"
    "\techo\t'Loading initial ramdisk ...'\n"
    "\tinitrd\t/boot/initrd.img-6.1.0-50-amd64\n"
    "}\n"
    "submenu 'Advanced options' {\n"
    "\tmenuentry 'Debian, with Linux 6.1.0-49-amd64' {\n"
    "\t\tinsmod ext2\n"
    "\t\tlinux\t/boot/vmlinuz-6.1.0-49-amd64 root=UUID=1111-2222 rw \n"
    "\t\tinitrd\t/boot/initrd.img-6.1.0-49-amd64\n"
    "\t}\n"
    "}\n"
    "if [ -f  ${config_directory}/custom.cfg ]; then\n"
    "  source ${config_directory}/custom.cfg\n"
    "fi\n";

constexpr std::string_view loader_entry =
    "title Rocky Linux (5.14.0-1.el9.x86_64) 9\n"
    "version 5.14.0-1.el9.x86_64\n"
    "linux /vmlinuz-5.14.0-1.el9.x86_64\n"
    "initrd /initramfs-5.14.0-1.el9.x86_64.img $tuned_initrd\n"
    "options root=/dev/mapper/rl-root ro crashkernel=1G $tuned_params\n";

}  // namespace rescue
