// The tags of a TIFF file's first page that aren't EXIF's (TIFF 6.0; GeoTIFF 1.1; GDAL). Everything here is safe on any
// bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "codecs/metadata/exif.h"
#include "codecs/metadata/exif_directory.h"

namespace zimage::codecs::tiff {

using exif::Block;
using File = std::span<const std::uint8_t>;

/// Returns a classic TIFF structure with the first page's entries of a BigTIFF file, as far as a classic one can have
/// them, and its Exif and GPS directories. Empty for other files.
Block as_classic(File file);

/// Returns whether a TIFF file's first page has a tag; false for BigTIFF.
bool has(File file, std::uint16_t tag);

/// Returns a TIFF structure with the tags that only a TIFF has a place for and that hold for the result: where on Earth
/// the picture lies (GeoTIFF), what its values mean (GDAL), and where on the page it lies. Empty if it has none.
Block own_tags(File file);
/// Returns the entries of own_tags() for a file of that byte order, to which it appends their values.
std::vector<exif::Entry> own_entries(const Block& tags, bool big_endian, Block& file);
/// Returns the tags without those that say where the picture lies, and names these; for a picture that was turned or
/// grown.
Block without_places(const Block& tags, std::vector<std::string>& names);
/// Names the tags, in groups.
std::vector<std::string> names_of(const Block& tags);

/// Names the entries of the first page that are neither about its pixels nor accepted by `kept`, nor among own_tags().
std::vector<std::string> names_of_others(File file, const std::function<bool(std::uint16_t)>& kept);

}  // namespace zimage::codecs::tiff
