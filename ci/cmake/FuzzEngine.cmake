# libFuzzer without its main, which `selfconnect fuzz` drives. It comes with clang and links with any compiler. Where it is
# missing, SELFCONNECT_LIBFUZZER is empty: the command says so, and all else works.
set(SELFCONNECT_LIBFUZZER "")
find_program(SELFCONNECT_CLANGXX NAMES clang++-19 clang++)
if(SELFCONNECT_CLANGXX)
  foreach(name libclang_rt.fuzzer_no_main-${CMAKE_SYSTEM_PROCESSOR}.a libclang_rt.fuzzer_no_main.a)
    execute_process(COMMAND ${SELFCONNECT_CLANGXX} -print-file-name=${name}
      OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    # Where clang does not find it, it gives the name back.
    if(IS_ABSOLUTE "${file}" AND EXISTS "${file}")
      set(SELFCONNECT_LIBFUZZER "${file}")
      break()
    endif()
  endforeach()
endif()
if(SELFCONNECT_LIBFUZZER)
  message(STATUS "Fuzz engine: ${SELFCONNECT_LIBFUZZER}")
else()
  message(STATUS "libFuzzer not found (clang-19 and libclang-rt-19-dev): selfconnect fuzz is built without its engine")
endif()
