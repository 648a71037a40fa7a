// Outputs appear whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

namespace zimage {

/// Writes `bytes` to `.NAME.HOST-PID.part` beside `path`, fsyncs it and renames it over `path`.
/// Several threads may write at once, to different paths.
/// With `replace` false an existing file is never overwritten, even one that appeared meanwhile.
/// Errors: kRuntime (naming the path and errno's text; hint for a full disk); the temporary file is removed.
void write_file_atomically(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes, bool replace);

/// Takes the next bytes of a file that is being written.
using ByteSink = std::function<void(std::span<const std::uint8_t>)>;

/// Writes a file that need not fit in memory: `produce` hands its bytes to the sink, a piece at a time. If it throws,
/// nothing is left of the file.
void write_pieces_atomically(const std::filesystem::path& path, const std::function<void(const ByteSink&)>& produce,
                             bool replace);

/// Throws kUsage if `path` can't be written: its folder is missing or not writable, it is a folder, or it exists and
/// `replace` is false. Leaves nothing behind.
void check_writable(const std::filesystem::path& path, bool replace);

/// Removes the temporary files in `folder` whose process on this host is gone.
void remove_stale_temporaries(const std::filesystem::path& folder);

/// Throws kUsage if no file can be made in `folder`. Leaves nothing behind.
void check_folder_writable(const std::filesystem::path& folder);

/// Removes the temporary files being written, if there are any. Safe in a signal handler.
void remove_current_temporaries() noexcept;

}  // namespace zimage
