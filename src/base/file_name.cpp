#include "base/file_name.h"

#include <utf8proc.h>

#include <cstdlib>
#include <system_error>

#include "base/utf8.h"

namespace zimage {
namespace fs = std::filesystem;
namespace {

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0x80U) != 0) return false;
  }
  return true;
}

/// Returns the one entry of a folder that has the name in another form.
std::optional<fs::path> entry_of(const fs::path& folder, const std::string& name) {
  const std::string wanted = composed_name(name);
  std::optional<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? fs::path(".") : folder, error), end; !error && it != end;
       it.increment(error)) {
    const fs::path entry = it->path().filename();
    if (composed_name(entry.native()) != wanted) continue;
    if (found) return std::nullopt;
    found = entry;
  }
  return found;
}

}  // namespace

std::string composed_name(std::string_view name) {
  if (is_ascii(name) || !utf8::is_valid(name)) return std::string(name);
  utf8proc_uint8_t* composed = nullptr;
  const auto flags = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                                             static_cast<utf8proc_ssize_t>(name.size()), &composed, flags);
  if (size < 0) return std::string(name);
  std::string out(reinterpret_cast<const char*>(composed), static_cast<std::size_t>(size));
  std::free(composed);  // NOLINT: the library allocates it with malloc()
  return out;
}

std::optional<fs::path> in_other_form(const fs::path& path) {
  std::error_code ignored;
  if (path.empty() || is_ascii(path.native()) || fs::exists(path, ignored)) return std::nullopt;
  fs::path known;
  for (const fs::path& part : path) {
    if (fs::exists(known / part, ignored)) {
      known /= part;
      continue;
    }
    const std::optional<fs::path> entry = entry_of(known, part.native());
    if (!entry) return std::nullopt;
    known /= *entry;
  }
  return known;
}

}  // namespace zimage
