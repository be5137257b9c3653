# selfconnect_bpf_skeleton(TARGET PROGRAM.bpf.c): compiles the program and gives TARGET the header PROGRAM.skel.h, through
# which libbpf loads it. SELFCONNECT_BPF says whether this machine can: clang with the BPF target, bpftool, libbpf.
find_program(SELFCONNECT_BPF_CLANG NAMES clang-19 clang DOC "clang with the BPF target")
find_program(SELFCONNECT_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin DOC "makes BPF skeletons")
find_package(PkgConfig REQUIRED)
pkg_check_modules(libbpf QUIET IMPORTED_TARGET libbpf)

set(SELFCONNECT_BPF OFF)
if(SELFCONNECT_BPF_CLANG AND SELFCONNECT_BPFTOOL AND libbpf_FOUND)
  execute_process(COMMAND ${SELFCONNECT_BPF_CLANG} --print-targets OUTPUT_VARIABLE clang_targets ERROR_QUIET)
  if(clang_targets MATCHES "[ \t]bpf[ \t]")
    set(SELFCONNECT_BPF ON)
  endif()
endif()
if(NOT SELFCONNECT_BPF)
  message(STATUS "The engine hook is left out: it needs clang with the BPF target, bpftool and libbpf-dev")
endif()

function(selfconnect_bpf_skeleton target program)
  get_filename_component(name ${program} NAME)
  string(REGEX REPLACE "\\.bpf\\.c$" "" name ${name})
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${directory})
  # The kernel's headers of this architecture: the BPF target has none of its own.
  set(include_arch)
  if(CMAKE_LIBRARY_ARCHITECTURE)
    set(include_arch -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
  endif()
  add_custom_command(OUTPUT ${directory}/${name}.bpf.o
    COMMAND ${SELFCONNECT_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -I${PROJECT_SOURCE_DIR} ${include_arch}
      -fdebug-prefix-map=${PROJECT_SOURCE_DIR}=. -MD -MF ${directory}/${name}.bpf.d
      -c ${CMAKE_CURRENT_SOURCE_DIR}/${program} -o ${directory}/${name}.bpf.o
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${program} DEPFILE ${directory}/${name}.bpf.d
    COMMENT "Compiling the BPF program ${name}" VERBATIM)
  add_custom_command(OUTPUT ${directory}/${name}.skel.h
    COMMAND ${SELFCONNECT_BPFTOOL} gen skeleton ${directory}/${name}.bpf.o name ${name}_bpf > ${directory}/${name}.skel.h
    DEPENDS ${directory}/${name}.bpf.o VERBATIM)
  target_sources(${target} PRIVATE ${directory}/${name}.skel.h)
  target_include_directories(${target} SYSTEM PRIVATE $<BUILD_INTERFACE:${directory}>)
  target_link_libraries(${target} PRIVATE PkgConfig::libbpf)
endfunction()
