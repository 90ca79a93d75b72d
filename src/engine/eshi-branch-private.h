/* eshi-branch-private.h: where a picture parted from another one, as JSON.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>

#include "eshi-branch.h"

G_BEGIN_DECLS

/* Adds @self as an object. */
void        _eshi_branch_add_json      (JsonBuilder      *builder,
                                        const EshiBranch *self);

/* (transfer full): the same object as a line of text. */
char       *_eshi_branch_to_text       (const EshiBranch *self);

/* (transfer full) (nullable): what _eshi_branch_add_json() has added; values are not judged. %NULL for %NULL, and for what is
 * no such object. What is deeper than %ESHI_BRANCH_MAX_DEPTH is left out. */
EshiBranch *_eshi_branch_new_from_json (JsonObject       *object);

G_END_DECLS
