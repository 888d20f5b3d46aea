# cf_warnings: what every target of ours compiles with. Link it PRIVATE.
add_library(cf_warnings INTERFACE)
target_compile_features(cf_warnings INTERFACE c_std_11)
target_compile_definitions(cf_warnings INTERFACE _GNU_SOURCE)
target_compile_options(cf_warnings INTERFACE
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wswitch-enum -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wcast-qual
    -Wdouble-promotion -Wfloat-equal -fno-common -fstack-protector-strong)
target_include_directories(cf_warnings INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
# What an initialiser leaves out is zero: absent, and meant so. gcc knows that of our macros.
target_compile_options(cf_warnings INTERFACE
    $<$<C_COMPILER_ID:Clang>:-Wno-missing-field-initializers>)
