# `cpack` in the build folder: zimage-inpaint_VERSION_ARCH.deb for the distribution it is built on.
# No Debian has this libtorch, so the package has a place for it (/var/lib/zimage-inpaint/libtorch), a launcher that says
# so while it is empty, and zimage-inpaint-setup-libtorch, which fills it. cmake/deb/finish.cmake makes that of what
# `cmake --install` makes; scripts/check_deb tries it all in a clean chroot.
set(ZIMAGE_MAINTAINER "zimage-inpaint maintainers <zimage-inpaint@users.noreply.github.com>" CACHE STRING
    "Maintainer of the package")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zimage-inpaint)
set(CPACK_PACKAGE_CONTACT "${ZIMAGE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "inpainting with Z-Image-Turbo through libtorch")
set(CPACK_PACKAGE_DESCRIPTION "Repaints the part of a picture that a mask marks, from a prompt, with the
image model Z-Image-Turbo. Every pixel outside the mask stays as it is.
.
libtorch is not in Debian in the version this needs. After the installation
run zimage-inpaint-setup-libtorch, which downloads it or takes an existing
one.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_VERBATIM_VARIABLES TRUE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libtorch is no package: dpkg-shlibdeps finds it there and passes over it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${Torch_LIBRARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_DEPENDS libgomp1)  # some builds of libtorch have it not in their own folder
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS python3-venv)  # for the download
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)

# What the scripts of the package know of this build.
string(REGEX MATCH "^[0-9.]+" ZIMAGE_TORCH_VERSION "${Torch_VERSION}")
set(ZIMAGE_TORCH_LIBRARIES "libtorch_cpu.so libc10.so")
set(ZIMAGE_TORCH_PIP "torch==${ZIMAGE_TORCH_VERSION}")
set(ZIMAGE_TORCH_INDEX "")
if(Torch_CUDA)
  string(APPEND ZIMAGE_TORCH_LIBRARIES " libtorch_cuda.so libc10_cuda.so")
else()
  # The smaller build has its name at PyTorch's index only.
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
