# cf_fuzz(LIBRARY NAME…): tests/fuzz/fuzz_NAME.c and its corpus tests/corpus/NAME become the ctest
# fuzz.NAME, which replays the corpus. In the fuzz build (clang) the same program is libFuzzer's:
#     build/fuzz/tests/fuzz_NAME -max_total_time=60 -create_missing_dirs=1 build/corpus tests/corpus/NAME
function(cf_fuzz library)
    foreach(name IN LISTS ARGN)
        set(sources ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c)
        if(NOT CF_FUZZ)
            list(APPEND sources ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
        endif()
        add_executable(fuzz_${name} ${sources})
        target_link_libraries(fuzz_${name} PRIVATE ${library} cf_warnings cf_sanitize)
        set(corpus ${CMAKE_SOURCE_DIR}/tests/corpus/${name})
        if(CF_FUZZ)
            target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
            add_test(NAME fuzz.${name} COMMAND fuzz_${name} -runs=0 ${corpus})
            add_test(NAME fuzz.${name}.run COMMAND fuzz_${name} -max_total_time=60
                -rss_limit_mb=512 -malloc_limit_mb=64 -create_missing_dirs=1
                ${CMAKE_BINARY_DIR}/corpus/${name} ${corpus})
            set_tests_properties(fuzz.${name}.run PROPERTIES LABELS long TIMEOUT 300)
        else()
            add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${corpus})
        endif()
        set_tests_properties(fuzz.${name} PROPERTIES LABELS unit TIMEOUT 300)
    endforeach()
endfunction()
