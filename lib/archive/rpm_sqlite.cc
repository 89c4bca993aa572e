// rpm's SQLite database: the table Packages has a number and a header a row.
#include "lib/archive/rpm_database.h"
#include "lib/archive/sqlite.h"

namespace rescue::rpm {

namespace {

class Sqlite final : public Database {
 public:
  Sqlite(SqliteFile file, uint32_t tree, int fd, uint64_t size, std::string_view path)
      : Database(fd, size, path), file_(std::move(file)), tree_(tree) {}

  std::vector<uint64_t> headers() override {
    std::vector<uint64_t> found;
    for (const SqliteFile::Row row : file_.rows(tree_, faults_))
      found.push_back(uint64_t{row.page} << 16 | row.cell);
    return found;
  }

  Result<std::string> read(uint64_t header) override {
    const SqliteFile::Row row{static_cast<uint32_t>(header >> 16), static_cast<uint16_t>(header)};
    const std::string record = TRY(file_.record(row));
    return std::string(TRY(file_.column(record, 1)).bytes);
  }

 private:
  SqliteFile file_;
  uint32_t tree_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(int fd, uint64_t size, std::string_view path, int log) {
  SqliteFile file = TRY(SqliteFile::open(fd, size, path, log));
  const auto tree = TRY(file.find_table("Packages"));
  if (!tree)
    return with_status(corrupt("read package database", path, "has no table of packages").error(), Status::bad_data);
  return std::make_unique<Sqlite>(std::move(file), *tree, fd, size, path);
}

}  // namespace rescue::rpm
