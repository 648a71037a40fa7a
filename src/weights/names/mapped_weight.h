// Says which of a model's weights a stored tensor is, or several of its rows are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zimage {

struct MappedWeight {
  std::string name;    ///< the name that the model asks for
  std::string stored;  ///< the name in the file
  std::int64_t first_row = 0;
  std::int64_t rows = 0;              ///< 0: all
  std::vector<std::int64_t> shape{};  ///< what it is to the model; empty: as it is stored
};

}  // namespace zimage
