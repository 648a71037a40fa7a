# Runs at the end of a wheel's `cmake --install`, with the package's folder as the prefix.
set(root "${CMAKE_INSTALL_PREFIX}")

# The package torch is installed beside this one.
file(RPATH_SET FILE "${root}/bin/zimage-inpaint" NEW_RPATH "$ORIGIN/../../torch/lib")

# The program opens libtorch_cuda itself where there is one (pipeline/residency/cuda_library.h). If it was linked with
# it, a wheel for other machines must not need it.
find_program(PATCHELF patchelf)
if(PATCHELF)
  execute_process(COMMAND "${PATCHELF}" --remove-needed libtorch_cuda.so --remove-needed libc10_cuda.so
                  "${root}/bin/zimage-inpaint" COMMAND_ERROR_IS_FATAL ANY)
endif()

# pip puts these into the environment's own share/, where pipx looks for manuals.
foreach(folder man bash-completion zsh fish)
  if(EXISTS "${root}/share/${folder}")
    file(MAKE_DIRECTORY "${data}/share")
    file(RENAME "${root}/share/${folder}" "${data}/share/${folder}")
  endif()
endforeach()

# The wheel's metadata have the project's licence already; the libraries that are compiled in have theirs.
file(REMOVE_RECURSE "${root}/share/doc")
file(MAKE_DIRECTORY "${licenses}/third-party")
foreach(package libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libstb-dev)
  if(EXISTS "/usr/share/doc/${package}/copyright")
    file(COPY_FILE "/usr/share/doc/${package}/copyright" "${licenses}/third-party/${package}")
  endif()
endforeach()
