// Reads and changes the few parts of an EXIF block that matter to this program (Exif 2.32, TIFF 6.0). A block is the
// TIFF structure, "II*…" or "MM…*", without JPEG's "Exif\0\0". Everything here is safe on any bytes: invalid parts
// count as missing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codecs/metadata/resolution.h"

namespace zimage::codecs::exif {

using Block = std::vector<std::uint8_t>;

/// Returns the orientation, 1…8; 1 if the block has none or an invalid one.
int orientation(const Block& block);

/// Returns the block for a picture whose pixels were rotated upright and changed: with orientation 1, and without
/// pictures. Every other byte stays. Bytes that aren't EXIF are returned as they are.
Block as_upright(Block block);

/// Returns the block without the pictures in it, which show the old one: thumbnails, and every JPEG wherever it lies,
/// as cameras write previews into their maker notes. Their bytes become zeros, or are cut off at the end.
Block without_pictures(Block block);

/// Returns whether the block says anything beside the resolution, the orientation and the picture's form.
bool says_anything(const Block& block);
/// Returns whether it has maker notes, which into_tiff() leaves out.
bool has_maker_notes(std::span<const std::uint8_t> block);

/// Returns the block with its size (PixelXDimension, PixelYDimension) set to that of the result; it is not added if the
/// block has none.
Block with_size(Block block, int width, int height);

/// Returns the UserComment as UTF-8; empty if there is none, or if it states an encoding other than ASCII or UTF-16.
std::optional<std::string> user_comment(const Block& block);

/// Returns the block with its comment replaced by `text`, which is ASCII. Everything else stays where it is, as offsets
/// within maker notes require; new directories go to the end. A block that can't be parsed is replaced by a new one.
Block with_user_comment(Block block, const std::string& text);

/// Returns the block without a comment, otherwise unchanged.
Block without_user_comment(Block block);

/// Makes an EXIF block from the descriptive entries of a TIFF file's first page: camera, author, date, and the Exif and
/// GPS directories. Empty if it has none, and for BigTIFF (tiff::as_classic()).
Block from_tiff(std::span<const std::uint8_t> file);

/// Names what a block says and into_tiff() leaves out, or what a TIFF file says and from_tiff() leaves out.
std::vector<std::string> left_by_tiff(std::span<const std::uint8_t> block);

/// Does the reverse: puts what from_tiff() would find in the block into the first page of a (classic) TIFF file, which
/// must have the block's byte order. Maker notes are left out, because offsets within them would be wrong. Photoshop's
/// resources become a tag, and the IPTC record in them another one; `tags` are TIFF's own (tiff::own_tags()). What
/// isn't EXIF is passed over.
void into_tiff(const Block& block, const Block& photoshop, const Block& tags, Block& file);

/// Returns the bytes of a tag of a TIFF file's first page; none for BigTIFF.
std::span<const std::uint8_t> tag_of_tiff(std::span<const std::uint8_t> file, std::uint16_t tag);
/// Returns the resources of Photoshop that a result keeps from a TIFF file's first page, with the IPTC record of its
/// own tag if Photoshop's have none. `differs` says whether both have one, and different ones.
Block photoshop_of_tiff(std::span<const std::uint8_t> file, bool& differs);

/// Returns the resolution; empty if the block has none.
std::optional<Resolution> resolution(const Block& block);
/// Returns the block with another resolution. A block without one stays as it is, unless `add` asks for it.
Block with_resolution(Block block, const Resolution& wanted, bool add);

/// Returns whether the block says that the picture is in Adobe RGB, as cameras do that embed no profile.
bool is_adobe_rgb(const Block& block);
/// Returns the block for the picture in sRGB: its colour space and its Interoperability index say so, if it has them.
Block as_srgb(Block block);

/// Returns whether the block's numbers have their high byte first; false for bytes that aren't EXIF.
bool is_big_endian(const Block& block);

}  // namespace zimage::codecs::exif
