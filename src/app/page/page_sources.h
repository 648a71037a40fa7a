// The page's own files, which cmake/EmbedPage.cmake puts into the program.
#pragma once

#include <string_view>

namespace zimage::app {

std::string_view page_template();  ///< page.html
std::string_view page_style();     ///< page.css
std::string_view page_script();    ///< page.js

}  // namespace zimage::app
