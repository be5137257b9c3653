# Language level, warnings and the build's conveniences, the same for every folder.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # By the compiler's own list of headers, so that the first build preprocesses nothing twice; hashing no file twice, for a
  # precompiled header has 100 MB; and what it wants to be told before it keeps what such a header went into.
  set(CMAKE_C_COMPILER_LAUNCHER env CCACHE_DEPEND=1 CCACHE_INODECACHE=1 CCACHE_SLOPPINESS=pch_defines,time_macros
    ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

option(SELFCONNECT_WERROR "Warnings are errors" ON)
# On where build time counts; off in `debug` and `clang`, so that every file is known to include what it uses.
option(SELFCONNECT_PCH "Precompile the standard headers for the layers" OFF)
# -fsanitize= value for everything we build, e.g. "address,undefined".
set(SELFCONNECT_SANITIZE "" CACHE STRING "Sanitizers for the whole build")

# What all code is compiled with, and what the harness and its tests are compiled with besides.
add_library(selfconnect_warnings INTERFACE)
target_compile_options(selfconnect_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -Wno-missing-field-initializers
  $<$<BOOL:${SELFCONNECT_WERROR}>:-Werror>)
add_library(selfconnect_flags INTERFACE)
target_link_libraries(selfconnect_flags INTERFACE selfconnect_warnings)
if(SELFCONNECT_SANITIZE)
  target_compile_options(selfconnect_flags INTERFACE -fsanitize=${SELFCONNECT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all
    # Both false with g++ 12 and ASan: in <regex> (GCC bug 105562), and on the coroutine frames of Boost.Asio.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized$<SEMICOLON>-Wno-mismatched-new-delete>)
  target_link_options(selfconnect_flags INTERFACE -fsanitize=${SELFCONNECT_SANITIZE})
endif()
