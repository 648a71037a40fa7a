# Finds everything the project links. libtorch is found through CMAKE_PREFIX_PATH or in .venv.
find_package(Torch 2.7 REQUIRED)  # cmake/FindTorch.cmake
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Threads REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(spdlog 1.9 REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(TIFF REQUIRED)
find_path(STB_INCLUDE_DIR stb/stb_image.h REQUIRED DOC "The folder with stb/stb_image.h in it")
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux libwebpmux)
pkg_check_modules(LCMS REQUIRED IMPORTED_TARGET lcms2)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

add_library(zimage_utf8proc INTERFACE)
target_link_libraries(zimage_utf8proc INTERFACE PkgConfig::UTF8PROC)

add_library(zimage_torch INTERFACE)
target_link_libraries(zimage_torch INTERFACE Torch::Torch)
message(STATUS "libtorch ${Torch_VERSION} in ${Torch_PREFIX}, CUDA: ${Torch_CUDA}, OpenMP: ${Torch_OPENMP_LIBRARY}")
