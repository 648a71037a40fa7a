// The source of a model's weights. Models ask by diffusers name and know no file format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "weights/stored_weight.h"

namespace zimage {

/// What is known about a weight before its bytes are touched.
struct WeightInfo {
  std::vector<std::int64_t> shape;  ///< what it stands for, not what holds its bytes
  Encoding encoding = Encoding::kF32;
  std::uint64_t bytes = 0;    ///< what it takes in the file, scales included
  std::string file;           ///< the file that holds it, for messages
  std::string block_scale{};  ///< the name of the tensor that holds its blocks' scales; empty: it has none
  /// Why it can't be read, as the end of a sentence that starts with its name: "is stored as I64". Empty: it can.
  std::string problem{};
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// Returns every weight's name, sorted. Scales that belong to a weight have no name of their own here.
  virtual std::vector<std::string> names() const = 0;
  /// Returns what is known about a weight, or null if there is no such weight. Never throws: what can't be read has a
  /// `problem`. The pointer lives as long as the source.
  virtual const WeightInfo* find(const std::string& name) const = 0;
  /// Returns the weight as it is in the file: on the CPU, read-only (a view of mapped bytes, which it keeps mapped).
  /// Errors: kModel if there is no such weight, or it has a problem.
  virtual StoredWeight stored(const std::string& name) const = 0;
  /// Returns where in mapped files the weight's bytes are; nothing if there is no such weight, or it is in no file.
  virtual std::vector<ByteRange> ranges(const std::string& /*name*/) const { return {}; }
  /// Reports that the weight's bytes aren't needed for now: a mapped file's pages may leave memory.
  virtual void release(const std::string& name) const = 0;
  /// Brings the weight's bytes into memory, and returns when they are there. It may run beside everything else but
  /// release() of the same weight. Sources that need no such thing do nothing. Errors: kModel if the disk fails.
  virtual void read_ahead(const std::string& name) const { static_cast<void>(name); }
  /// Returns what messages call the source: the file, or the index of a sharded one.
  virtual std::string description() const = 0;
  /// Returns the files behind the source, for hashes and reports.
  virtual std::vector<std::filesystem::path> files() const = 0;
};

}  // namespace zimage
