// The few things of an EXIF block that this program reads and changes (Exif 2.32, TIFF 6.0). A block is the TIFF
// structure, "II*…" or "MM…*", without the "Exif\0\0" of JPEG. All of it is safe on any bytes: what can't be made sense
// of counts as not there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace zimage::codecs::exif {

using Block = std::vector<std::uint8_t>;

/// 1…8; 1 if the block says nothing, or nonsense.
int orientation(const Block& block);

/// For a picture whose pixels were turned upright and changed: orientation 1, and no thumbnail of what it was. Every
/// other byte stays. What isn't EXIF comes back as it is.
Block as_upright(Block block);

/// The size that a block tells (PixelXDimension, PixelYDimension) brought to that of the result; not added where there
/// is none.
Block with_size(Block block, int width, int height);

/// The UserComment as UTF-8; empty if there is none, or in an encoding other than ASCII, UTF-16 or none stated.
std::optional<std::string> user_comment(const Block& block);

/// A block with that comment (UTF-8) in place of its own. What else it holds stays where it is, as offsets within maker
/// notes demand; new directories go to the end. A block that can't be parsed is replaced by a new one.
Block with_user_comment(Block block, const std::string& text);

/// A block without a comment; otherwise as it was.
Block without_user_comment(Block block);

/// An EXIF block from the descriptions that a TIFF file's first page holds: camera, author, date, and its Exif and GPS
/// directories. Empty if it holds none, and for BigTIFF.
Block from_tiff(std::span<const std::uint8_t> file);

/// The reverse: puts what from_tiff() would find in the block into the first page of a (classic) TIFF file, whose byte
/// order must be the block's. What isn't EXIF leaves the file as it is. Maker notes stay behind: offsets within them
/// would be wrong.
void into_tiff(const Block& block, Block& file);

/// Whether the block's numbers have their high byte first; no for what isn't EXIF.
bool is_big_endian(const Block& block);

}  // namespace zimage::codecs::exif
