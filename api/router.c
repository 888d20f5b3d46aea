/* SPDX-License-Identifier: Apache-2.0 */
#include "api/router.h"

const struct cf_route cf_routes[] = {
#define CF_ROUTE(name, method, pattern, access, place, command, own, summary)                      \
    {#name, CF_HTTP_##method, pattern,        CF_ACCESS_##access, CF_PLACE_##place, command,       \
     own,   summary,          cf_route_##name},
#include "api/routes.def"
#undef CF_ROUTE
};

const size_t cf_routes_count = sizeof cf_routes / sizeof cf_routes[0];

const struct cf_parameter cf_parameters[] = {
#define CF_PARAMETER(route, place, name, kind, sentence)                                           \
    {cf_route_##route, CF_PLACE_##place, #name, CF_PARAMETER_##kind, sentence},
#include "api/parameters.def"
#undef CF_PARAMETER
};

const size_t cf_parameters_count = sizeof cf_parameters / sizeof cf_parameters[0];

bool cf_route_takes(const struct cf_route *route, enum cf_parameter_place place, const char *name)
{
    for (size_t i = 0; i < cf_parameters_count; i++) {
        const struct cf_parameter *row = &cf_parameters[i];
        bool there =
            row->place == place || (place == CF_PLACE_BODY && row->place == CF_PLACE_BODY_OPTIONAL);
        if (row->route == route->run && there && strcmp(row->name, name) == 0)
            return true;
    }
    return false;
}

/* Cuts the first segment off. */
static struct cf_bytes segment_take(struct cf_bytes *rest)
{
    const uint8_t *slash = rest->size == 0 ? NULL : memchr(rest->data, '/', rest->size);
    size_t size = slash == NULL ? rest->size : (size_t)(slash - rest->data);
    struct cf_bytes segment = cf_bytes_from(rest->data, size);
    size_t taken = slash == NULL ? size : size + 1;
    rest->data += taken;
    rest->size -= taken;
    return segment;
}

static bool segment_ends_with_dots(struct cf_bytes segment)
{
    return segment.size > 5 && memcmp(segment.data + segment.size - 4, "...}", 4) == 0;
}

/* Matches what comes behind the first slash, and counts the fixed segments that fit, which is how a tie is decided. */
static bool pattern_fits(const char *pattern, struct cf_bytes path,
                         struct cf_route_match *ret_match, size_t *ret_fixed)
{
    struct cf_bytes wanted = cf_bytes_from_text(pattern);
    size_t parameter_count = 0;
    size_t fixed = 0;
    while (wanted.size > 0) {
        struct cf_bytes part = segment_take(&wanted);
        bool is_parameter = part.size > 0 && part.data[0] == '{';
        if (is_parameter && segment_ends_with_dots(part)) {
            if (path.size == 0)
                return false;
            ret_match->parameters[parameter_count++] = path;
            path.size = 0;
            continue;
        }
        if (path.size == 0)
            return false;
        bool path_goes_on = memchr(path.data, '/', path.size) != NULL;
        struct cf_bytes segment = segment_take(&path);
        if (path_goes_on != (wanted.size > 0))
            return false;
        if (is_parameter) {
            if (segment.size == 0)
                return false;
            ret_match->parameters[parameter_count++] = segment;
        } else if (cf_bytes_equal(part, segment)) {
            fixed++;
        } else {
            return false;
        }
    }
    ret_match->parameter_count = parameter_count;
    *ret_fixed = fixed;
    return path.size == 0;
}

/* Whether the path begins with the pattern's fixed beginning: few routes are left to be matched then. */
static bool beginning_fits(const char *pattern, struct cf_bytes path)
{
    size_t i = 0;
    while (pattern[i] != '\0' && pattern[i] != '{') {
        if (i == path.size || path.data[i] != (uint8_t)pattern[i])
            return false;
        i++;
    }
    return pattern[i] == '{' || i == path.size;
}

/* The best of the routes with this method, or of all with any. */
static void best_find(enum cf_http_method method, bool any_method, struct cf_bytes path,
                      struct cf_route_match *ret_match)
{
    struct cf_bytes below = cf_bytes_from(path.data + 1, path.size - 1);
    size_t best = 0;
    for (size_t i = 0; i < cf_routes_count; i++) {
        const struct cf_route *route = &cf_routes[i];
        if ((!any_method && route->method != method) || !beginning_fits(route->pattern, path))
            continue;
        struct cf_route_match match = {.route = route, .path_known = true};
        size_t fixed = 0;
        if (!pattern_fits(route->pattern + 1, below, &match, &fixed) ||
            (ret_match->route != NULL && fixed <= best))
            continue;
        best = fixed;
        *ret_match = match;
    }
}

void cf_route_find(enum cf_http_method method, struct cf_bytes path,
                   struct cf_route_match *ret_match)
{
    *ret_match = (struct cf_route_match){0};
    if (path.size == 0 || path.data[0] != '/')
        return;
    best_find(method == CF_HTTP_HEAD ? CF_HTTP_GET : method, false, path, ret_match);
    if (ret_match->route != NULL)
        return;
    best_find(method, true, path, ret_match);
    ret_match->route = NULL; /* the path is known, but not with this method */
}
