#include "cli/man_page.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "app/options/option.h"
#include "base/text.h"
#include "cli/help.h"
#include "cli/option_text.h"
#include "zimage/version.h"

namespace zimage::cli {
namespace {

using app::Kind;
using app::OptionSpec;

/// Escapes the characters of plain text that troff would change or obey (groff_char(7)).
std::string roff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '"': out += "\\(dq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return concat({"\\fB", roff(text), "\\fR"}); }
std::string italic(std::string_view text) { return concat({"\\fI", roff(text), "\\fR"}); }

/// Writes lines that stay lines.
void literal(std::ostream& out, const std::string& text) { out << ".nf\n" << roff(text) << ".fi\n"; }

void option(std::ostream& out, const OptionSpec& spec) {
  out << ".TP\n";
  if (spec.positional) {
    out << italic(spec.name);
  } else {
    if (spec.short_name != 0) out << bold(std::string("-") + spec.short_name) << ", ";
    out << bold(std::string("--") + spec.name);
    if (spec.kind == Kind::kSwitch) out << ", " << bold(std::string("--no-") + spec.name);
    if (*spec.value_name != '\0') out << ' ' << italic(spec.value_name);
  }
  std::string text = description(spec, true);
  if (spec.kind == Kind::kChoice) {
    const auto choices = app::words(spec.choices);
    text += text.ends_with('.') ? " One of: " : ". One of: ";
    for (std::size_t i = 0; i < choices.size(); ++i) text += (i == 0 ? "" : ", ") + choices[i];
  }
  out << '\n' << roff(text) << (text.ends_with('.') ? "\n" : ".\n");
}

void options(std::ostream& out) {
  bool any = false;
  app::Group group{};
  for (const OptionSpec& spec : app::option_table()) {
    if (!any || spec.group != group) out << ".SS " << app::to_string(spec.group) << '\n';
    any = true;
    group = spec.group;
    option(out, spec);
  }
}

void subcommand(std::ostream& out, const app::SubcommandSpec& spec) {
  std::string title = spec.help;
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  out << ".SS " << roff(spec.available ? usage_line(spec) : std::string("zimage-inpaint ") + spec.name) << '\n'
      << roff(title) << (spec.available ? "." : " [not in this version].") << '\n';
  if (*spec.more != '\0') out << roff(spec.more) << '\n';
  for (const OptionSpec& own : spec.options) option(out, own);
  if (*spec.example == '\0') return;
  out << ".PP\n";
  literal(out, std::string(spec.example) + "\n");
}

/// Writes the help's paragraphs: "Title:" and its lines become a section, anything else becomes text.
void sections(std::ostream& out, const std::string& text) {
  std::istringstream lines(text);
  std::string block;
  bool under_heading = true;  // a paragraph begins there anyway
  const auto flush = [&] {
    if (!block.empty()) literal(out, block);
    block.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const bool indented = line.front() == ' ';
    if (indented) {
      block += line.substr(std::min<std::size_t>(2, line.find_first_not_of(' '))) + "\n";
      continue;
    }
    flush();
    if (line.ends_with(':')) {
      line.pop_back();
      std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return std::toupper(c); });
      out << ".SH " << roff(line) << '\n';
      under_heading = true;
      continue;
    }
    out << (under_heading ? "" : ".PP\n") << roff(line) << '\n';
    under_heading = false;
  }
  flush();
}

}  // namespace

std::string man_page() {
  std::ostringstream out;
  out << ".\\\" Made by `zimage-inpaint man` from the option table.\n"
      << ".TH ZIMAGE\\-INPAINT 1 " << '"' << commit_date() << "\" \"zimage\\-inpaint " << version()
      << "\" \"User Commands\"\n.SH NAME\n"
      << "zimage\\-inpaint \\- repaint the part of a picture that a mask marks, from a prompt\n"
      << ".SH SYNOPSIS\n"
      << bold("zimage-inpaint") << ' ' << bold("--image") << ' ' << italic("PATH") << ' ' << bold("--mask") << ' '
      << italic("PATH") << ' ' << bold("--prompt") << ' ' << italic("TEXT") << " [" << bold("-o") << ' '
      << italic("PATH") << "] [" << italic("options") << "]\n";
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) out << ".br\n" << roff(usage_line(spec)) << '\n';
  }
  out << ".SH DESCRIPTION\n";
  sections(out, help_opening());
  out << ".SH OPTIONS\n";
  options(out);
  out << ".SH SUBCOMMANDS\n";
  for (const app::SubcommandSpec& spec : app::subcommand_table()) subcommand(out, spec);
  sections(out, help_closing());
  return out.str();
}

}  // namespace zimage::cli
