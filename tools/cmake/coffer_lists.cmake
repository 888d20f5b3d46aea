# One thing, one line in one .def, one file. These functions read the names out of a .def list, so
# that neither the build nor a second file has to repeat them.

# cf_list_names(DEF MACRO OUT): the name in each row, `MACRO(number, name, …)` or `MACRO(name, …)`.
function(cf_list_names def macro out)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${def})
    file(STRINGS ${def} rows REGEX "^${macro}\\(")
    set(names)
    foreach(row IN LISTS rows)
        string(REGEX REPLACE "^${macro}\\( *([0-9]+ *, *)?([a-z0-9_]+).*$" "\\2" name "${row}")
        list(APPEND names ${name})
    endforeach()
    set(${out} ${names} PARENT_SCOPE)
endfunction()

# cf_list_files(DEF MACRO FOLDER SUFFIX OUT): one existing file per row; a row without its file, or a
# file without its row, stops the configure.
function(cf_list_files def macro folder suffix out)
    cf_list_names(${def} ${macro} names)
    set(files)
    foreach(name IN LISTS names)
        set(file ${folder}/${name}${suffix})
        if(NOT EXISTS ${file})
            message(FATAL_ERROR "${def} lists ${name}, but there is no ${file}")
        endif()
        list(APPEND files ${file})
    endforeach()
    set(${out} ${files} PARENT_SCOPE)
endfunction()

# cf_library(NAME FILE…): one of the house's rooms.
function(cf_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PRIVATE cf_warnings cf_sanitize)
endfunction()

# cf_tests(ROOM LIBRARY NAME…): tests/ROOM/test_NAME.c becomes the ctest ROOM.NAME, label unit.
function(cf_tests room library)
    foreach(name IN LISTS ARGN)
        add_executable(test_${room}_${name} ${CMAKE_SOURCE_DIR}/tests/${room}/test_${name}.c)
        target_link_libraries(test_${room}_${name} PRIVATE
            ${library} cf_test_support cf_warnings cf_sanitize PkgConfig::cmocka)
        add_test(NAME ${room}.${name} COMMAND test_${room}_${name}
            WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${room}.${name} PROPERTIES LABELS unit TIMEOUT 300
            ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
    endforeach()
endfunction()
