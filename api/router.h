/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_ROUTER_H
#define CF_API_ROUTER_H

/*
 * Routes: the table of what the API answers. One row in routes.def, one file route/<name>.c.
 *
 * A pattern is a path whose segments are fixed or `{parameter}`; `{parameter...}` as the last one
 * takes the rest. At most one route fits a path and method; fixed segments win over parameters.
 */

#include "api/server.h"

#define CF_ROUTE_PARAMETERS_MAX 4

struct cf_exchange;

/* Answers the call, now or later, exactly once. */
typedef void cf_route_fn(struct cf_exchange *call);

enum cf_route_access {
    CF_ACCESS_PUBLIC,  /* anybody; a session is looked at when there is one */
    CF_ACCESS_SESSION, /* somebody who is logged in */
};

/* Where a route runs: on the server's polling thread (it never waits), or on the pool. */
enum cf_route_place {
    CF_PLACE_INLINE,
    CF_PLACE_POOL,
};

struct cf_route {
    const char *name;
    enum cf_http_method method;
    const char *pattern;
    enum cf_route_access access;
    enum cf_route_place place;
    const char *command; /* whose fields the body's members are, or NULL */
    const char *own;     /* fields that the server sets itself, with a space behind each */
    const char *summary; /* for the OpenAPI document */
    cf_route_fn *run;
};

/* Where a client puts a parameter, and whether it must. */
enum cf_parameter_place {
    CF_PLACE_QUERY,
    CF_PLACE_HEADER,
    CF_PLACE_BODY,
    CF_PLACE_BODY_OPTIONAL,
};

enum cf_parameter_kind { CF_PARAMETER_TEXT, CF_PARAMETER_NUMBER };

/* What a route takes besides its path's parameters and its command's fields. */
struct cf_parameter {
    cf_route_fn *route;
    enum cf_parameter_place place;
    const char *name;
    enum cf_parameter_kind kind;
    const char *sentence; /* for the OpenAPI document; empty where the name says it */
};

/* One function a row. */
#define CF_ROUTE(name, method, pattern, access, place, command, own, summary)                      \
    cf_route_fn cf_route_##name;
#include "api/routes.def"
#undef CF_ROUTE

/* All routes, in the order of routes.def. */
extern const struct cf_route cf_routes[];
extern const size_t cf_routes_count;

/* All parameters, in the order of parameters.def. */
extern const struct cf_parameter cf_parameters[];
extern const size_t cf_parameters_count;

/* Whether the route has such a parameter; BODY finds optional ones, too. */
bool cf_route_takes(const struct cf_route *route, enum cf_parameter_place place, const char *name);

struct cf_route_match {
    const struct cf_route *route; /* NULL: nothing fits */
    bool path_known;              /* some method would have */
    size_t parameter_count;
    struct cf_bytes parameters[CF_ROUTE_PARAMETERS_MAX]; /* borrowed from the path */
};

/* Finds the route of a path. HEAD finds GET's. */
void cf_route_find(enum cf_http_method method, struct cf_bytes path,
                   struct cf_route_match *ret_match);

#endif
