/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/options.h"

#include "core/base/assert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENVIRONMENT_NAME_SIZE 64

static void environment_name(const char *option, char ret_name[ENVIRONMENT_NAME_SIZE])
{
    size_t size = (size_t)snprintf(ret_name, ENVIRONMENT_NAME_SIZE, "COFFER_%s", option);
    CF_ASSERT(size < ENVIRONMENT_NAME_SIZE);
    for (char *c = ret_name; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

static void print_help(const struct cf_usage *usage)
{
    printf("usage: coffer %s%s\n", usage->synopsis, usage->option_count > 0 ? " [options]" : "");
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct cf_option *option = &usage->options[i];
        char variable[ENVIRONMENT_NAME_SIZE], left[64];
        environment_name(option->name, variable);
        const char *value = option->ret_number != NULL ? "N" : option->value;
        snprintf(left, sizeof left, "--%s%s%s", option->name, value != NULL ? " " : "",
                 value != NULL ? value : "");
        printf("  %-22s %s (%s)\n", left, option->help, variable);
    }
}

static bool read_number(const struct cf_option *option, const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    if (number < option->number_min || number > option->number_max)
        return false;
    *option->ret_number = number;
    return true;
}

static bool read_flag(const struct cf_option *option, const char *text)
{
    if (strcmp(text, "1") == 0 || strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
        *option->ret_flag = true;
    else if (strcmp(text, "") == 0 || strcmp(text, "0") == 0 || strcmp(text, "false") == 0 ||
             strcmp(text, "no") == 0)
        *option->ret_flag = false;
    else
        return false;
    return true;
}

/* Sets one option from its text; `from` is how the person wrote it, for the error. */
static bool set(const char *subcommand, const struct cf_option *option, const char *from,
                const char *text)
{
    if (option->ret_flag != NULL) {
        if (read_flag(option, text))
            return true;
        cf_cli_usage(subcommand, "%s is \"%s\"; it must be 1 or 0", from, text);
        return false;
    }
    if (option->ret_number != NULL) {
        if (read_number(option, text))
            return true;
        cf_cli_usage(subcommand,
                     "%s is \"%s\"; it must be a whole number from %" PRId64 " to %" PRId64, from,
                     text, option->number_min, option->number_max);
        return false;
    }
    CF_ASSERT(option->ret_text != NULL);
    *option->ret_text = text;
    return true;
}

static bool read_environment(const struct cf_usage *usage, const char *subcommand)
{
    for (size_t i = 0; i < usage->option_count; i++) {
        char variable[ENVIRONMENT_NAME_SIZE];
        environment_name(usage->options[i].name, variable);
        const char *text = getenv(variable);
        if (text != NULL && !set(subcommand, &usage->options[i], variable, text))
            return false;
    }
    return true;
}

/* The option that `typed` (without its dashes) names, with or without "=value". */
static const struct cf_option *find(const struct cf_usage *usage, const char *typed)
{
    size_t length = strcspn(typed, "=");
    for (size_t i = 0; i < usage->option_count; i++) {
        const char *name = usage->options[i].name;
        if (strlen(name) == length && memcmp(name, typed, length) == 0)
            return &usage->options[i];
    }
    return NULL;
}

/* Reads the option at argv[*index], which moves past a value of its own. */
static bool read_option(const struct cf_usage *usage, int argc, char **argv, int *index)
{
    const char *typed = argv[*index];
    const struct cf_option *option = find(usage, typed + 2);
    if (option == NULL) {
        cf_cli_usage(argv[0], "there is no option %s", typed);
        return false;
    }
    const char *equals = strchr(typed, '=');
    if (equals != NULL)
        return set(argv[0], option, typed, equals + 1);
    if (option->ret_flag != NULL)
        return set(argv[0], option, typed, "1");
    if (*index + 1 >= argc) {
        cf_cli_usage(argv[0], "%s wants a value", typed);
        return false;
    }
    *index += 1;
    return set(argv[0], option, typed, argv[*index]);
}

bool cf_options_read(const struct cf_usage *usage, int argc, char **argv,
                     const char **ret_arguments, enum cf_exit *ret_exit)
{
    CF_ASSERT(argc >= 1);
    CF_ASSERT(usage->argument_max == 0 || ret_arguments != NULL);
    *ret_exit = CF_EXIT_USAGE;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(usage);
            *ret_exit = CF_EXIT_GOOD;
            return false;
        }
    }
    if (!read_environment(usage, argv[0]))
        return false;
    int argument_count = 0;
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strncmp(argv[i], "--", 2) == 0) {
            if (!read_option(usage, argc, argv, &i))
                return false;
        } else if (argument_count == usage->argument_max) {
            cf_cli_usage(argv[0], "\"%s\" is one argument too many", argv[i]);
            return false;
        } else {
            ret_arguments[argument_count++] = argv[i];
        }
    }
    if (argument_count < usage->argument_min) {
        cf_cli_usage(argv[0], "an argument is missing: coffer %s", usage->synopsis);
        return false;
    }
    return true;
}
