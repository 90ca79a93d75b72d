/* eshi-json.h: JSON text from strangers, made safe for json-glib, whose parser recurses without a limit.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * _eshi_json_parse_object:
 * @text: anything
 *
 * Returns: (transfer full) (nullable): the object that @text holds; %NULL if it is no UTF-8, larger than 16 MiB, nested
 *   more than 32 deep, no JSON, or no object
 */
JsonObject *_eshi_json_parse_object (const char *text);

/* Members by name; %NULL or 0 where there is none of that type. Integers and doubles are taken for each other. */
const char *_eshi_json_get_string   (JsonObject *object,
                                     const char *name);
double      _eshi_json_get_double   (JsonObject *object,
                                     const char *name);
int         _eshi_json_get_int      (JsonObject *object,
                                     const char *name);

G_END_DECLS
