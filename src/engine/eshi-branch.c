/* eshi-branch.c: what a picture was painted as before it parted from another picture.
 *
 * Holds and writes it; that it makes sense is judged with the settings (eshi-request.c).
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-branch-private.h"
#include "eshi-json.h"
#include "eshi-picture-settings-private.h"

G_DEFINE_BOXED_TYPE (EshiBranch, eshi_branch, eshi_branch_copy, eshi_branch_free)

EshiBranch *
eshi_branch_new (int               step,
                 const char       *prompt,
                 const char       *negative_prompt,
                 double            guidance,
                 guint64           seed,
                 const EshiBranch *earlier)
{
  EshiBranch *self = g_new0 (EshiBranch, 1);

  self->step = step;
  self->prompt = g_strdup (prompt != NULL ? prompt : "");
  self->negative_prompt = g_strdup (negative_prompt != NULL ? negative_prompt : "");
  self->guidance = guidance;
  self->seed = seed;
  self->earlier = eshi_branch_copy (earlier);

  return self;
}

EshiBranch *
eshi_branch_copy (const EshiBranch *self)
{
  if (self == NULL)
    return NULL;

  return eshi_branch_new (self->step, self->prompt, self->negative_prompt, self->guidance, self->seed, self->earlier);
}

void
eshi_branch_free (EshiBranch *self)
{
  while (self != NULL)
    {
      EshiBranch *earlier = self->earlier;

      g_free (self->prompt);
      g_free (self->negative_prompt);
      g_free (self);
      self = earlier;
    }
}

void
_eshi_branch_add_json (JsonBuilder      *builder,
                       const EshiBranch *self)
{
  g_autofree char *seed = g_strdup_printf ("%" G_GUINT64_FORMAT, self->seed);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "step");
  json_builder_add_int_value (builder, self->step);
  json_builder_set_member_name (builder, "prompt");
  json_builder_add_string_value (builder, self->prompt);
  json_builder_set_member_name (builder, "negative_prompt");
  json_builder_add_string_value (builder, self->negative_prompt);
  json_builder_set_member_name (builder, "guidance");
  json_builder_add_double_value (builder, self->guidance);
  json_builder_set_member_name (builder, "seed");
  json_builder_add_string_value (builder, seed);
  if (self->earlier != NULL)
    {
      json_builder_set_member_name (builder, "branch");
      _eshi_branch_add_json (builder, self->earlier);
    }
  json_builder_end_object (builder);
}

char *
_eshi_branch_to_text (const EshiBranch *self)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) root = NULL;

  _eshi_branch_add_json (builder, self);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static EshiBranch *
new_from_json (JsonObject *object,
               guint       depth)
{
  JsonNode *node = json_object_get_member (object, "branch");
  EshiBranch *self = eshi_branch_new (_eshi_json_get_int (object, "step"), _eshi_json_get_string (object, "prompt"),
                                      _eshi_json_get_string (object, "negative_prompt"),
                                      _eshi_json_get_double (object, "guidance"), 0, NULL);

  _eshi_settings_parse_seed (json_object_get_member (object, "seed"), &self->seed);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node) && depth < ESHI_BRANCH_MAX_DEPTH)
    self->earlier = new_from_json (json_node_get_object (node), depth + 1);
  return self;
}

EshiBranch *
_eshi_branch_new_from_json (JsonObject *object)
{
  return object != NULL ? new_from_json (object, 1) : NULL;
}
