/* eshi-model-json.h: small JSON files of a model folder, read with limits, and values judged with sentences.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>

#include "eshi-error.h"

G_BEGIN_DECLS

/* One JSON file, for getters that name it when a value makes no sense. */
typedef struct
{
  char       *file;   /* for messages */
  JsonNode   *root;   /* owned; NULL where the file is missing: every key is absent then */
  JsonObject *object; /* borrowed from root */
} EshiModelJson;

/* Reads @folder/@name, an object of at most 16 MiB and 64 levels. A missing file is no error where @optional, nor is
 * a @folder that is NULL. Errors:
 * MODEL_MISSING, MODEL_INVALID. */
gboolean eshi_model_json_load  (EshiModelJson  *self,
                                const char     *folder,
                                const char     *name,
                                gboolean        optional,
                                GError        **error);
void     eshi_model_json_clear (EshiModelJson  *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiModelJson, eshi_model_json_clear)

/* The member @key, NULL if it is absent or null. */
JsonNode *eshi_model_json_get  (EshiModelJson  *self,
                                const char     *key);

/* Each leaves *@value alone where @key is absent. Error: MODEL_INVALID for another type or outside of @min to @max. */
gboolean eshi_model_json_uint   (EshiModelJson  *self,
                                 const char     *key,
                                 guint           min,
                                 guint           max,
                                 guint          *value,
                                 GError        **error);
gboolean eshi_model_json_double (EshiModelJson  *self,
                                 const char     *key,
                                 double          min,
                                 double          max,
                                 double         *value,
                                 GError        **error);
gboolean eshi_model_json_bool   (EshiModelJson  *self,
                                 const char     *key,
                                 gboolean       *value,
                                 GError        **error);

/* A list of 1 to @max_n numbers; *@n is 0 where @key is absent. */
gboolean eshi_model_json_uints  (EshiModelJson  *self,
                                 const char     *key,
                                 guint           min,
                                 guint           max,
                                 guint          *values,
                                 guint           max_n,
                                 guint          *n,
                                 GError        **error);

/* (nullable) (transfer none): a string value; NULL if absent or no string. */
const char *eshi_model_json_string (EshiModelJson *self,
                                    const char    *key);

/* Sets @error to MODEL_INVALID: the value of @key makes no sense. Returns FALSE. */
gboolean eshi_model_json_nonsense    (EshiModelJson  *self,
                                      const char     *key,
                                      GError        **error);

/* Sets @error to UNSUPPORTED: the value of @key means another network. Returns FALSE. */
gboolean eshi_model_json_unsupported (EshiModelJson  *self,
                                      const char     *key,
                                      GError        **error);

G_END_DECLS
