# cpack runs this after `cmake --install` and before packing. It turns the installed tree into a Debian package's.
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr")
set(source "${CPACK_ZIMAGE_SOURCE}/cmake/deb")
set(documents "${root}/share/doc/zimage-inpaint")

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Installs one file with the given mode. file(INSTALL) would keep the checkout's modes, which depend on its umask.
function(put from to mode)
  run(install -D -m "${mode}" "${from}" "${to}")
endfunction()

# The launcher takes the program's place, and the program looks for libtorch in the package's folder for it.
file(MAKE_DIRECTORY "${root}/lib/zimage-inpaint/bin")
set(program "${root}/lib/zimage-inpaint/bin/zimage-inpaint")
file(RENAME "${root}/bin/zimage-inpaint" "${program}")
file(RPATH_SET FILE "${program}" NEW_RPATH "/var/lib/zimage-inpaint/libtorch/lib")
put("${CPACK_ZIMAGE_SCRIPTS}/launcher" "${root}/bin/zimage-inpaint" 755)
put("${CPACK_ZIMAGE_SCRIPTS}/setup-libtorch" "${root}/sbin/zimage-inpaint-setup-libtorch" 755)

# Manuals are compressed; zsh reads Debian's packages from vendor-completions.
set(VERSION "${CPACK_PACKAGE_VERSION}")
set(DATE "${CPACK_ZIMAGE_DATE}")
configure_file("${source}/zimage-inpaint-setup-libtorch.8" "${root}/share/man/man8/zimage-inpaint-setup-libtorch.8" @ONLY)
file(GLOB manuals "${root}/share/man/man*/*")
run(gzip -9nf ${manuals})
if(EXISTS "${root}/share/zsh/site-functions")
  file(RENAME "${root}/share/zsh/site-functions" "${root}/share/zsh/vendor-completions")
endif()

# /usr/share/doc holds the licences and the changes under Debian's names.
file(REMOVE "${documents}/LICENSE" "${root}/share/zimage-inpaint/tokenizer/LICENSE")
put("${source}/copyright" "${documents}/copyright" 644)
foreach(package libcli11-dev nlohmann-json3-dev libstb-dev)
  if(EXISTS "/usr/share/doc/${package}/copyright")
    put("/usr/share/doc/${package}/copyright" "${documents}/third-party/${package}" 644)
  endif()
endforeach()
put("${source}/lintian-overrides" "${root}/share/lintian/overrides/zimage-inpaint" 644)
file(STRINGS "${CPACK_ZIMAGE_SOURCE}/CHANGELOG.md" lines)
set(changes "")
foreach(line IN LISTS lines)
  if(line MATCHES "^## " AND NOT changes STREQUAL "")
    break()  # only the newest version's changes
  elseif(line MATCHES "^- (.*)")
    string(APPEND changes "  * ${CMAKE_MATCH_1}\n")
  elseif(line MATCHES "^  (.*)")
    string(APPEND changes "    ${CMAKE_MATCH_1}\n")
  endif()
endforeach()
execute_process(COMMAND date -u -R -d "${CPACK_ZIMAGE_DATE}" OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
file(WRITE "${documents}/changelog" "zimage-inpaint (${VERSION}) unstable; urgency=medium\n\n${changes}\n"
           " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
run(gzip -9nf "${documents}/changelog")
run(chmod -R "u=rwX,go=rX" "${root}")
