// Finds the elements of an XML text, so that parts of it can be cut out and others put in while every other byte stays.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zimage::codecs::xml {

struct Attribute {
  std::string_view prefix;  ///< "" if it has none
  std::string_view local;
  std::string_view space;  ///< its namespace; "" if it has none
  std::string_view value;  ///< as it is written, with its entities
  std::size_t begin = 0;   ///< with the white space before it
  std::size_t end = 0;
};

struct Element {
  std::string_view prefix;
  std::string_view local;
  std::string_view space;
  std::vector<Attribute> attributes;  ///< with the namespaces that it declares
  std::size_t begin = 0;
  std::size_t name_end = 0;
  std::size_t open_end = 0;     ///< behind its start tag
  std::size_t close_begin = 0;  ///< where its end tag begins; open_end if it is empty
  std::size_t end = 0;
  std::ptrdiff_t parent = -1;
};

/// Returns the elements in the order of their start tags. Views are into the text. Empty if the text isn't well-formed,
/// has a document type, or is unreasonable (100,000 elements, 1,000 levels).
std::optional<std::vector<Element>> parse(std::string_view text);

/// A piece of text that is replaced; one that is only put in has begin == end.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string with{};
};

/// Returns the text with the edits. One that lies in another, larger one is done with that.
std::string edited(std::string_view text, std::vector<Edit> edits);

/// Returns the text with its special characters as entities, and without those that XML can't hold.
std::string escaped(std::string_view text);
/// Does the reverse, with numbered characters too. What isn't a known entity stays as it is.
std::string unescaped(std::string_view text);

}  // namespace zimage::codecs::xml
