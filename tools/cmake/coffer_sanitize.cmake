# cf_sanitize: what the build type adds. CF_SANITIZE is a comma list for -fsanitize.
set(CF_SANITIZE "" CACHE STRING "sanitizers, as in -fsanitize=")
set(CF_FUZZ OFF CACHE BOOL "build the fuzz targets with libFuzzer (clang)")
add_library(cf_sanitize INTERFACE)
if(CF_SANITIZE)
    target_compile_options(cf_sanitize INTERFACE
        -fsanitize=${CF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    # With a sanitizer's checks in between, gcc no longer sees which values a printed number can have.
    target_compile_options(cf_sanitize INTERFACE $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
    target_link_options(cf_sanitize INTERFACE -fsanitize=${CF_SANITIZE})
endif()
if(CF_FUZZ)
    target_compile_options(cf_sanitize INTERFACE -fsanitize=fuzzer-no-link)
endif()
