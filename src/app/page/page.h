// `zimage-inpaint report`: one HTML file that shows every job of a report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "app/options/settings.h"
#include "app/report/progress.h"

namespace zimage::app {

/// The report, and where its page goes.
struct PageJob {
  std::filesystem::path report{};
  std::filesystem::path page{};  ///< empty: stdout
  bool overwrite = false;
};

/// What the page shows.
struct PageSummary {
  std::size_t jobs = 0;
  std::size_t failed = 0;
  std::size_t mismatched = 0;  ///< differ from their golden pictures
  std::size_t skipped = 0;
  std::uint64_t bytes = 0;  ///< of the page
  bool truncated = false;   ///< the report's last line breaks off
};

/// The bytes that the page of up to 1,000 jobs stays below, unless its text alone is larger.
inline constexpr std::size_t kPageBytes = 19'500'000;

/// Returns the job of a command line. Without a name for it, the page is REPORT.html beside REPORT.jsonl.
PageJob page_job(const Settings& settings);

/// Makes the page and hands it to `write` a piece at a time, or, without one, writes the file, whole or not at all.
/// Pictures that are missing or damaged are said to be so on the page. Holds a few pictures at a time.
/// Errors: kInput for a report that can't be read or has a bad line; kUsage, before anything is read, if the page can't
/// be written there; kRuntime if writing fails; kInterrupted.
PageSummary make_page(const PageJob& job, Progress& progress, const std::function<void(std::string_view)>& write = {});

}  // namespace zimage::app
