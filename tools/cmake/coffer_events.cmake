# What the C preprocessor cannot make of a list: names in capitals, and one #include per row.

# cf_choice_enums(DEF OUTPUT): an enum for each `#define CF_CHOICES_<set>(C) C(1, name) …` line.
function(cf_choice_enums def output)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${def})
    file(STRINGS ${def} lines REGEX "^#define CF_CHOICES_[a-z0-9_]+\\(C\\)")
    set(text "/* Made by tools/cmake/coffer_events.cmake from choices.def. */\n")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^#define CF_CHOICES_([a-z0-9_]+).*$" "\\1" set "${line}")
        string(TOUPPER ${set} upper)
        string(APPEND text "\nenum cf_${set} {\n    CF_${upper}_NONE = 0,\n")
        string(REGEX MATCHALL "C\\([0-9]+, *[a-z0-9_]+\\)" choices "${line}")
        foreach(choice IN LISTS choices)
            string(REGEX REPLACE "C\\(([0-9]+), *([a-z0-9_]+)\\)" "\\1;\\2" pair "${choice}")
            list(GET pair 0 number)
            list(GET pair 1 name)
            string(TOUPPER ${name} name)
            string(APPEND text "    CF_${upper}_${name} = ${number},\n")
        endforeach()
        string(APPEND text "};\n")
    endforeach()
    file(GENERATE OUTPUT ${output} CONTENT "${text}")
endfunction()

# cf_shape_fields(DEF MACRO FOLDER OUTPUT): one file that brings in every row's field list, between
# CF_SHAPE_BEGIN and CF_SHAPE_END (number, name, NAME, group), with the name in CF_SHAPE meanwhile.
function(cf_shape_fields def macro folder output)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${def})
    file(STRINGS ${def} rows REGEX "^${macro}\\(")
    file(RELATIVE_PATH below ${CMAKE_SOURCE_DIR} ${folder})
    set(text "/* Made by tools/cmake/coffer_events.cmake from ${macro} rows. */\n")
    foreach(row IN LISTS rows)
        string(REGEX REPLACE "^${macro}\\(([0-9]+), *([a-z0-9_]+), *([a-z0-9_]+)\\).*$"
            "\\1;\\2;\\3" parts "${row}")
        list(LENGTH parts count)
        if(NOT count EQUAL 3)
            message(FATAL_ERROR "${def}: cannot read ${row}")
        endif()
        list(GET parts 0 number)
        list(GET parts 1 name)
        list(GET parts 2 group)
        if(NOT EXISTS ${folder}/${name}.def)
            message(FATAL_ERROR "${def} lists ${name}, but there is no ${folder}/${name}.def")
        endif()
        string(TOUPPER ${name} upper)
        string(APPEND text
            "\n#define CF_SHAPE ${name}\n"
            "CF_SHAPE_BEGIN(${number}, ${name}, ${upper}, ${group})\n"
            "#include \"${below}/${name}.def\"\n"
            "CF_SHAPE_END(${number}, ${name}, ${upper}, ${group})\n"
            "#undef CF_SHAPE\n")
    endforeach()
    file(GENERATE OUTPUT ${output} CONTENT "${text}")
endfunction()
