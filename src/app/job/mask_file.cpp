#include "app/job/mask_file.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "app/options/special_bindings.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "codecs/stored_levels.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

constexpr std::size_t kFewLabels = 32;

std::string color_text(const MaskColor& color, int bit_depth) {
  const int shift = bit_depth == 16 ? 8 : 0;
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", (color[0] >> shift) & 0xFF, (color[1] >> shift) & 0xFF,
                (color[2] >> shift) & 0xFF);
  return text;
}

/// Returns the labels that occur in a mask's image; none if there are more than a few.
std::vector<std::string> labels_of(const Image& image, const codecs::StoredLevels& stored) {
  std::set<MaskColor> colors;
  MaskColor last{};
  const bool color = image.color_channels() == 3;
  const std::size_t pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  image.samples.visit([&](const auto* p) {
    for (std::size_t i = 0; i < pixels && colors.size() <= kFewLabels; ++i, p += image.channels) {
      const MaskColor found{p[0], p[color ? 1 : 0], p[color ? 2 : 0]};
      if (i == 0 || found != last) colors.insert(found);
      last = found;
    }
  });
  std::vector<std::string> labels;
  if (colors.size() > kFewLabels) return labels;
  std::vector<int> levels;
  for (const MaskColor& found : colors) {
    if (const auto level = codecs::level_of(stored, found)) {
      levels.push_back(*level);
    } else {
      labels.push_back(color_text(found, image.bit_depth));
    }
  }
  std::sort(levels.rbegin(), levels.rend());
  for (const int level : levels) labels.insert(labels.begin(), std::to_string(level));
  return labels;
}

/// Returns the colour that a label stands for in a mask's image. Errors: kInput for one that the file can't hold.
MaskColor color_of(const MaskLabel& label, const Image& image, const codecs::StoredLevels& stored,
                   const std::string& name) {
  if (!label.level) {
    MaskColor color = label.color;
    const bool grey = color[0] == color[1] && color[1] == color[2];
    if (image.color_channels() == 1 && !grey) {
      throw Error(ErrorCode::kInput, "the mask " + name + " is grey and has no colour " + color_text(color, 8),
                  "pick one of its grey values, such as --mask-threshold =255");
    }
    for (std::uint16_t& value : color) value = static_cast<std::uint16_t>(image.bit_depth == 16 ? value * 257 : value);
    return color;
  }
  const auto color = codecs::decoded_level(stored, image.bit_depth, *label.level);
  if (color) {
    // A palette is often filled up with black. The pixels are colours by now, so that a second entry can't be told
    // apart.
    const int first = codecs::level_of(stored, *color).value_or(*label.level);
    if (first == *label.level) return *color;
    throw Error(ErrorCode::kInput,
                concat({"the mask ", name, " has one colour for its values ", std::to_string(first), " and ",
                        std::to_string(*label.level)}),
                "give --mask-threshold =" + std::to_string(first) + " if they mean the same");
  }
  const int most = stored.palette.empty() ? (1 << (image.bit_depth == 16 ? 16 : stored.bit_depth)) - 1
                                          : static_cast<int>(stored.palette.size()) - 1;
  throw Error(ErrorCode::kInput,
              concat({"the mask ", name, " can't hold the value ", std::to_string(*label.level),
                      ": its values go from 0 to ", std::to_string(most)}),
              "give --mask-threshold = a value that is in it");
}

MaskFacts facts_of(const MaskLevels& levels, const MaskReading& reading, int bit_depth) {
  MaskFacts facts;
  const int unit = bit_depth == 16 ? 1 : 257;
  facts.full = bit_depth == 16 ? 65535 : 255;
  facts.darkest = levels.darkest() / unit;
  facts.brightest = levels.brightest() / unit;
  const MaskLevels read = reading.invert ? levels.inverted() : levels;
  facts.threshold = useful_threshold(read);
  if (!reading.label && !reading.soft) facts.faint = faint_part(read, reading.threshold);
  return facts;
}

std::string mask_name(const JobSpec& spec) {
  if (spec.mask.from_alpha) return spec.image_name() + "'s transparency";
  const std::string text = mask_source_text(spec.mask);
  return spec.mask.shapes.empty() ? text : in_quotes(text);
}

std::string threshold_text(const MaskReading& reading) {
  char text[32];
  std::snprintf(text, sizeof text, "--mask-threshold %.6g", reading.threshold);
  return text;
}

std::string labels_hint(const MaskFacts& facts) {
  if (facts.labels.size() < 3) return "";
  return concat(
      {"; --mask-threshold =", facts.labels.back(), " repaints that value alone, of ", list_some(facts.labels, 8)});
}

/// Says why a mask repaints nothing, and what would work.
Error nothing_error(const JobSpec& spec, const MaskFacts& facts) {
  const MaskReading& reading = spec.mask.reading;
  const std::string nothing = "the mask " + mask_name(spec) + " repaints nothing";
  if (!facts.why_nothing.empty()) {
    return {ErrorCode::kInput, concat({nothing, ": ", facts.why_nothing}), facts.hint};
  }
  if (spec.mask.label) {
    return {ErrorCode::kInput,
            nothing + ": none of its pixels has the value of --mask-threshold " + mask_label_text(*spec.mask.label),
            facts.labels.empty() ? "look at its values in an editor" : "it has " + list_some(facts.labels, 8)};
  }
  const std::string full = std::to_string(facts.full);
  if (!facts.threshold) {
    const std::string all = concat({": all of it has the value ", std::to_string(facts.darkest), " of ", full});
    const std::string opaque = spec.mask.from_alpha ? ": the picture is opaque everywhere" : all;
    if (facts.shape_in_alpha) {
      return {ErrorCode::kInput, nothing + ": it is black, and only its transparency varies",
              "fill what is to be repainted with white; black and transparent pixels are kept"};
    }
    if (facts.darkest == 0 && !spec.mask.from_alpha && !reading.invert) {
      return {ErrorCode::kInput, nothing + ": it is black everywhere",
              "paint white what is to be repainted; black keeps, and --mask-invert swaps the two"};
    }
    return {ErrorCode::kInput, nothing + opaque,
            spec.mask.from_alpha ? "erase what is to be repainted"
                                 : "paint white what is to be repainted, and the rest black"};
  }
  const std::string hint = concat({"--mask-threshold ", *facts.threshold, " repaints what is ",
                                   spec.mask.from_alpha ? "more transparent than the rest"
                                   : reading.invert     ? "darker than the rest"
                                                        : "brighter than the rest",
                                   labels_hint(facts)});
  const std::string below = ", and " + threshold_text(reading) + " asks for more";
  if (spec.mask.from_alpha) {
    return {
        ErrorCode::kInput,
        concat({nothing, ": its most transparent pixel has an alpha of ",
                std::to_string(facts.full - (reading.invert ? facts.darkest : facts.brightest)), " of ", full, below}),
        hint};
  }
  return {ErrorCode::kInput,
          concat({nothing, reading.invert ? ": its darkest value is " : ": its brightest value is ",
                  std::to_string(reading.invert ? facts.darkest : facts.brightest), " of ", full, below}),
          hint};
}

void say_all(const JobSpec& spec, const std::optional<MaskFacts>& facts) {
  std::string text =
      concat({"the mask ", printable(mask_name(spec)), " covers the whole picture: nothing of it is kept"});
  const bool has_two = facts && facts->threshold && !spec.mask.label;
  if (!has_two) return log::notice(text);
  log::warning(concat({text, ", though it has values from ", std::to_string(facts->darkest), " to ",
                       std::to_string(facts->brightest), " of ", std::to_string(facts->full), " (--mask-threshold ",
                       *facts->threshold, " keeps what is ", spec.mask.reading.invert ? "brighter" : "darker", ")"}));
}

void say_faint(const JobSpec& spec, const MaskFacts& facts) {
  const FaintPart& faint = *facts.faint;
  const int unit = facts.full == 255 ? 257 : 1;
  const int read = spec.mask.reading.invert ? MaskLevels::kFull - faint.step : faint.step;
  const int value = spec.mask.from_alpha ? facts.full - read / unit : read / unit;
  // A shadow or glass may be meant to stay; a label may not.
  const log::Level level = spec.mask.from_alpha ? log::Level::kNotice : log::Level::kWarning;
  log::write(level, concat({"the mask ", printable(mask_name(spec)), " has ", std::to_string(faint.pixels),
                            " pixels of ", spec.mask.from_alpha ? "alpha " : "the value ", std::to_string(value),
                            " of ", std::to_string(facts.full), ", which are kept (--mask-threshold ", faint.threshold,
                            " repaints them too)"}));
}

/// Says that the mask looks like a picture, and whether the picture looks like a mask.
void say_photograph(const JobSpec& spec, const Image& picture) {
  constexpr std::size_t kFewValues = 8;
  const bool mask_like =
      MaskLevels::of_image(picture).steps().size() <= kFewValues && !has_colors_of_a_photograph(picture);
  const std::string mask = printable(spec.mask.path.string());
  if (mask_like) {
    return log::warning(concat({"the mask ", mask, " looks like a photograph, and the picture ",
                                printable(spec.image_name()), " like a mask (--image and --mask seem to be swapped)"}));
  }
  log::warning(concat({"the mask ", mask,
                       " looks like a photograph: it has many values, and most pixels are neither black nor white (are "
                       "--image and --mask swapped?)"}));
}

}  // namespace

MaskFile read_mask_file(const MaskSpec& spec) {
  const std::vector<std::uint8_t> bytes = codecs::read_image_bytes(spec.path);
  const Image image = codecs::decode_image(bytes, spec.path.string()).image;
  const codecs::StoredLevels stored = codecs::stored_levels(bytes);
  MaskReading reading = spec.reading;
  if (spec.label) reading.label = color_of(*spec.label, image, stored, spec.path.string());
  const MaskLevels levels = MaskLevels::of_image(image);
  MaskFile file{.mask = mask_from_image(image, reading), .facts = facts_of(levels, reading, image.bit_depth)};
  if (file.mask.none() || file.facts.faint) file.facts.labels = labels_of(image, stored);
  const bool values = !reading.soft && !reading.label && has_values_of_a_photograph(levels);
  file.facts.photograph = values || has_colors_of_a_photograph(image);
  file.facts.shape_in_alpha =
      image.has_alpha() && levels.brightest() == 0 && MaskLevels::of_alpha(image).steps().size() > 1;
  return file;
}

MaskFile mask_of_alpha(const Image& picture, const MaskSpec& spec) {
  MaskReading reading = spec.reading;
  if (spec.label) reading.label = color_of(*spec.label, Image(1, 1, 1, picture.bit_depth), {}, "alpha");
  return {.mask = mask_from_alpha(picture, reading),
          .facts = facts_of(MaskLevels::of_alpha(picture), reading, picture.bit_depth)};
}

void check_mask(const JobSpec& spec, const Image& picture, const Mask& mask, const std::optional<MaskFacts>& facts) {
  if (!facts) return;  // --outpaint alone
  if (facts->photograph) say_photograph(spec, picture);
  if (mask.none()) {
    const Error error = nothing_error(spec, *facts);
    if (!spec.outpaint.any()) throw Error(error);
    return log::warning(printable(concat({error.message(), " (", error.hint(), ")"})));
  }
  if (mask.all()) return say_all(spec, facts);
  if (facts->faint) say_faint(spec, *facts);
}

void warn_of_transparency(const JobSpec& spec, const Image& picture, const Mask& mask) {
  const bool stays = picture.has_alpha() && spec.output.format != codecs::ImageFormat::kJpeg;
  if (!stays || spec.mask.from_alpha || !spec.composite) return;
  std::size_t painted = 0;
  std::size_t clear = 0;
  std::size_t faint = 0;
  const int full = picture.max_value();
  picture.samples.visit([&](const auto* p) {
    p += picture.channels - 1;
    for (std::size_t i = 0; i < mask.repaint.size(); ++i, p += picture.channels) {
      if (mask.repaint[i] == 0) continue;
      ++painted;
      if (*p == 0) ++clear;
      if (*p > 0 && *p < full) ++faint;
    }
  });
  // A smooth edge of the picture may touch the mask.
  if ((clear + faint) * 100 < painted) return;
  const auto percent = [&](std::size_t part) { return std::to_string((part * 100 + painted / 2) / painted) + " %"; };
  std::string what;
  if (clear == painted) {
    what = "lies on transparent pixels alone: nothing of the result will be seen";
  } else {
    if (clear * 100 >= painted)
      what = concat({"lies on transparent pixels for ", percent(clear), " of it, where nothing will be seen"});
    if (faint * 100 >= painted) {
      what += what.empty() ? "lies on half-transparent pixels for " : ", and on half-transparent ones for ";
      what += percent(faint) + " of it, where little will be seen";
    }
    if (what.empty())
      what = concat({"lies on transparent pixels for ", percent(clear + faint), " of it, where little will be seen"});
  }
  log::warning(concat({"the mask ", printable(mask_name(spec)), " ", what,
                       " (--format jpeg makes the whole result opaque; --mask alpha repaints what is transparent, and "
                       "makes that opaque)"}));
}

}  // namespace zimage::app
