# `cpack` in the build folder makes zimage-inpaint_VERSION_ARCH.deb for the distribution it runs on.
# No Debian release has this libtorch, so the package brings a place for it (/var/lib/zimage-inpaint/libtorch), a
# launcher that reports if it is empty, and zimage-inpaint-setup-libtorch, which fills it. cmake/deb/finish.cmake turns
# the tree that `cmake --install` makes into that package; scripts/check_deb tries all of it in a clean chroot.
set(ZIMAGE_MAINTAINER "zimage-inpaint maintainers <zimage-inpaint@users.noreply.github.com>" CACHE STRING
    "Maintainer of the package")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zimage-inpaint)
set(CPACK_PACKAGE_CONTACT "${ZIMAGE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "inpainting with Z-Image-Turbo through libtorch")
set(CPACK_PACKAGE_DESCRIPTION "Repaints the part of a picture that a mask marks, from a prompt, with the
image model Z-Image-Turbo. Every pixel outside the mask stays as it is.
.
Debian has no libtorch of the version this needs. After the installation
run zimage-inpaint-setup-libtorch, which downloads it or uses an existing
one.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# The package holds the program alone, not the library for other projects.
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};${PROJECT_NAME};Unspecified;/")
set(CPACK_STRIP_FILES TRUE)
set(CPACK_VERBATIM_VARIABLES TRUE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libtorch is in no package: dpkg-shlibdeps finds it in this folder and skips it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${Torch_LIBRARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_DEPENDS libgomp1)  # some builds of libtorch don't bring it along
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-venv, curl")  # for downloads: of libtorch, and of models
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)

# The package's scripts get these facts about the build.
string(REGEX MATCH "^[0-9.]+" ZIMAGE_TORCH_VERSION "${Torch_VERSION}")
set(ZIMAGE_TORCH_LIBRARIES "libtorch_cpu.so libc10.so")
set(ZIMAGE_TORCH_PIP "torch==${ZIMAGE_TORCH_VERSION}")
set(ZIMAGE_TORCH_INDEX "")
if(Torch_CUDA)
  string(APPEND ZIMAGE_TORCH_LIBRARIES " libtorch_cuda.so libc10_cuda.so")
else()
  # Only PyTorch's own index has the smaller CPU build.
  file(STRINGS "${PROJECT_SOURCE_DIR}/scripts/versions.env" _index REGEX "^TORCH_CPU_INDEX=")
  string(REPLACE "TORCH_CPU_INDEX=" "" ZIMAGE_TORCH_INDEX "${_index}")
endif()
foreach(_file launcher setup-libtorch postinst)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/deb/${_file}.in" "${PROJECT_BINARY_DIR}/deb/${_file}" @ONLY
                 FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/deb/postinst" "${PROJECT_SOURCE_DIR}/cmake/deb/postrm")

set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/deb/finish.cmake")
set(CPACK_ZIMAGE_SOURCE "${PROJECT_SOURCE_DIR}")
set(CPACK_ZIMAGE_SCRIPTS "${PROJECT_BINARY_DIR}/deb")
set(CPACK_ZIMAGE_DATE "${ZIMAGE_COMMIT_DATE}")
include(CPack)
