// Reads the lines of a report, whichever run or version wrote them: what isn't there, or of another kind, is unknown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace zimage::app {

/// One line of --report or --json, or one of `compare --json`, which is a golden check of two files.
class ReportLine {
 public:
  /// Errors: kInput for text that isn't a report's line; the message goes on after "line N ".
  ReportLine(const std::string& text, std::size_t number);

  std::size_t number() const { return number_; }
  const std::string& status() const { return status_; }
  bool failed() const { return status_ == "error"; }
  bool differs() const { return status_ == "mismatch"; }
  bool is_comparison() const { return comparison_; }
  /// Its output is the drawing of --preview.
  bool is_preview() const { return status_ == "preview"; }
  /// Its output is the mask alone, of --save-mask without a prompt: a finished job that had no strategy.
  bool is_mask() const;
  /// Its output, if there is one, is an inpainted picture.
  bool is_result() const { return !is_preview() && !is_mask(); }

  /// Returns the value at a path of keys, as people read it; numbers as JSON has them.
  std::optional<std::string> text(std::initializer_list<const char*> keys) const;
  std::optional<double> number(std::initializer_list<const char*> keys) const;
  bool flag(std::initializer_list<const char*> keys) const;
  /// Returns the value itself; null if there is none.
  const nlohmann::ordered_json& value(std::initializer_list<const char*> keys) const;

  /// Returns a path of the run; empty if it isn't known, or the file was a stream ("-").
  std::filesystem::path path(std::initializer_list<const char*> keys) const;

  /// Returns a name for people: that of the result's file, or of the picture's.
  std::string name() const;

 private:
  nlohmann::ordered_json json_;
  std::size_t number_;
  std::string status_;
  bool comparison_ = false;
};

/// A report's text, and the jobs in it.
struct ReportText {
  struct Line {
    std::size_t number = 0;
    std::string text;
  };
  std::vector<Line> lines;
  bool truncated = false;  ///< the last line breaks off, as if the run was killed while it wrote it
};

/// Reads a report. Errors: kInput if it can't be read, holds no line, or has a bad line, which the message names. A bad
/// line at the end that lacks its newline counts as truncated and is left out.
ReportText read_report(const std::filesystem::path& path);

}  // namespace zimage::app
