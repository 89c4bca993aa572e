#include "lib/fs/mode.h"

#include <sys/stat.h>

namespace rescue {

char type_letter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return '-';
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFBLK: return 'b';
    case S_IFCHR: return 'c';
    case S_IFIFO: return 'p';
    case S_IFSOCK: return 's';
    default: return '?';
  }
}

std::string mode_text(mode_t mode) {
  std::string text(1, type_letter(mode));
  for (int i = 8; i >= 0; --i)
    text += (mode >> i & 1) != 0 ? "xwr"[i % 3] : '-';
  const auto mark = [&](mode_t bit, size_t place, char with, char without) {
    if ((mode & bit) != 0)
      text[place] = text[place] == 'x' ? with : without;
  };
  mark(S_ISUID, 3, 's', 'S');
  mark(S_ISGID, 6, 's', 'S');
  mark(S_ISVTX, 9, 't', 'T');
  return text;
}

}  // namespace rescue
