// Touching memory for the first time is much of what handling a large picture costs, and less of it in large pages.
#pragma once

#include <cstddef>
#include <vector>

namespace zimage {

/// Asks for large pages where `size` bytes from `memory` on will be touched. Only asks: where the system has none to
/// give, and for less than one, small pages do.
void prefer_large_pages(void* memory, std::size_t size);

/// Room for `size` elements in all, at once, for what is going to be appended.
template <class T>
void reserve_in_large_pages(std::vector<T>& elements, std::size_t size) {
  elements.reserve(size);
  prefer_large_pages(elements.data(), elements.capacity() * sizeof(T));
}

}  // namespace zimage
