/* eshi-paint-request.c: what another program, or a second start of this one, asks to be painted.
 *
 * Knows of no window: it reads options into a dictionary and a dictionary into settings.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-paint-request.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

#define OPTION_PROMPT "generate"   /* --generate TEXT, which says both that and what */

typedef enum
{
  FIELD_STRING,
  FIELD_INT,
  FIELD_DOUBLE,
  FIELD_SEED,
} FieldKind;

typedef struct
{
  const char *key;
  FieldKind kind;
  gsize offset;   /* in EshiSettings */
} Field;

static const Field fields[] = {
  { "prompt", FIELD_STRING, G_STRUCT_OFFSET (EshiSettings, prompt) },
  { "negative", FIELD_STRING, G_STRUCT_OFFSET (EshiSettings, negative_prompt) },
  { "model", FIELD_STRING, G_STRUCT_OFFSET (EshiSettings, model) },
  { "width", FIELD_INT, G_STRUCT_OFFSET (EshiSettings, width) },
  { "height", FIELD_INT, G_STRUCT_OFFSET (EshiSettings, height) },
  { "steps", FIELD_INT, G_STRUCT_OFFSET (EshiSettings, steps) },
  { "guidance", FIELD_DOUBLE, G_STRUCT_OFFSET (EshiSettings, guidance) },
  { "seed", FIELD_SEED, G_STRUCT_OFFSET (EshiSettings, seed) },
  { "sampler", FIELD_STRING, G_STRUCT_OFFSET (EshiSettings, sampler) },
  { "count", FIELD_INT, G_STRUCT_OFFSET (EshiSettings, n_images) },
};

void
eshi_paint_request_add_options (GApplication *application)
{
  const GOptionEntry entries[] = {
    { OPTION_PROMPT, 'g', 0, G_OPTION_ARG_STRING, NULL, N_("Paint this, with the settings of the window"), N_("TEXT") },
    { "negative", 0, 0, G_OPTION_ARG_STRING, NULL, N_("What is not wanted"), N_("TEXT") },
    { "model", 'm', 0, G_OPTION_ARG_STRING, NULL, N_("Name or folder of a model"), N_("FOLDER") },
    { "width", 'W', 0, G_OPTION_ARG_INT, NULL, N_("Pixels, a multiple of 8"), N_("NUMBER") },
    { "height", 'H', 0, G_OPTION_ARG_INT, NULL, N_("Pixels, a multiple of 8"), N_("NUMBER") },
    { "steps", 0, 0, G_OPTION_ARG_INT, NULL, N_("Steps"), N_("NUMBER") },
    { "guidance", 0, 0, G_OPTION_ARG_DOUBLE, NULL, N_("Guidance scale, 1 to 30"), N_("NUMBER") },
    { "seed", 0, 0, G_OPTION_ARG_STRING, NULL, N_("0 to 4294967295, or random"), N_("NUMBER") },
    { "sampler", 0, 0, G_OPTION_ARG_STRING, NULL, N_("Sampler, such as lms or euler-a"), N_("NAME") },
    { "count", 'n', 0, G_OPTION_ARG_INT, NULL, N_("How many pictures"), N_("NUMBER") },
    { NULL },
  };

  g_application_add_main_option_entries (application, entries);
}

/* The folder of a model is meant as seen from where it was typed. (transfer full) */
static GVariant *
resolve_model (GVariant *model)
{
  const char *text = g_variant_get_string (model, NULL);

  if (!g_file_test (text, G_FILE_TEST_EXISTS))
    return g_variant_ref (model);
  return g_variant_ref_sink (g_variant_new_take_string (g_canonicalize_filename (text, NULL)));
}

static GVariant *
collect (GVariantDict *options)
{
  g_auto(GVariantDict) request = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GVariant) prompt = g_variant_dict_lookup_value (options, OPTION_PROMPT, G_VARIANT_TYPE_STRING);

  if (prompt != NULL)
    g_variant_dict_insert_value (&request, fields[0].key, prompt);
  for (guint i = 1; i < G_N_ELEMENTS (fields); i++)
    {
      g_autoptr(GVariant) value = g_variant_dict_lookup_value (options, fields[i].key, NULL);
      g_autoptr(GVariant) resolved = NULL;

      if (value == NULL)
        continue;
      resolved = g_str_equal (fields[i].key, "model") ? resolve_model (value) : g_variant_ref (value);
      g_variant_dict_insert_value (&request, fields[i].key, resolved);
    }
  return g_variant_ref_sink (g_variant_dict_end (&request));
}

GVariant *
eshi_paint_request_new_from_options (GVariantDict  *options,
                                     GError       **error)
{
  g_autoptr(GVariant) request = NULL;
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  g_return_val_if_fail (options != NULL, NULL);

  request = collect (options);
  if (g_variant_n_children (request) == 0)
    return NULL;
  if (!g_variant_dict_contains (options, OPTION_PROMPT))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("These options say how to paint, but not what; add --generate TEXT."));
      return NULL;
    }
  if (!eshi_paint_request_apply (request, settings, error))
    return NULL;
  return g_steal_pointer (&request);
}

/* --- from a request to settings ---------------------------------------------------------------------------------- */

static const Field *
find_field (const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (g_str_equal (fields[i].key, key))
        return &fields[i];
    }
  return NULL;
}

static gboolean
set_seed (const char  *text,
          guint64     *seed,
          GError     **error)
{
  char *end = NULL;
  guint64 value;

  if (g_ascii_strcasecmp (text, "random") == 0)
    return TRUE;
  errno = 0;
  value = g_ascii_strtoull (text, &end, 10);
  if (errno != 0 || !g_ascii_isdigit (text[0]) || *end != '\0' || value > ESHI_SEED_MAX)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The seed must be a number from 0 to 4294967295, or “random”."));
      return FALSE;
    }
  *seed = value;
  return TRUE;
}

static gboolean
set_field (const Field   *field,
           GVariant      *value,
           EshiSettings  *settings,
           GError       **error)
{
  static const GVariantType * const types[] = {
    [FIELD_STRING] = G_VARIANT_TYPE_STRING,
    [FIELD_INT] = G_VARIANT_TYPE_INT32,
    [FIELD_DOUBLE] = G_VARIANT_TYPE_DOUBLE,
    [FIELD_SEED] = G_VARIANT_TYPE_STRING,
  };

  if (!g_variant_is_of_type (value, types[field->kind]))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("“%s” was asked for with a value of another kind; see “eshi --help”."), field->key);
      return FALSE;
    }
  switch (field->kind)
    {
    case FIELD_STRING:
      {
        char **text = &G_STRUCT_MEMBER (char *, settings, field->offset);

        g_free (*text);
        *text = g_variant_dup_string (value, NULL);
      }
      break;
    case FIELD_INT:
      G_STRUCT_MEMBER (int, settings, field->offset) = g_variant_get_int32 (value);
      break;
    case FIELD_DOUBLE:
      G_STRUCT_MEMBER (double, settings, field->offset) = g_variant_get_double (value);
      break;
    case FIELD_SEED:
      return set_seed (g_variant_get_string (value, NULL), &settings->seed, error);
    }
  return TRUE;
}

gboolean
eshi_paint_request_apply (GVariant      *request,
                          EshiSettings  *settings,
                          GError       **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_return_val_if_fail (g_variant_is_of_type (request, G_VARIANT_TYPE_VARDICT), FALSE);
  g_return_val_if_fail (settings != NULL, FALSE);

  /* A seed that nobody chose leaves room for the rest of the batch. */
  settings->seed = MIN (g_random_int (), ESHI_SEED_MAX - 64);
  settings->n_images = 1;
  g_variant_iter_init (&iter, request);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      const Field *field = find_field (key);

      if (field == NULL)
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("“%s” is nothing that can be asked for; see “eshi --help”."), key);
          g_variant_unref (value);
          return FALSE;
        }
      if (!set_field (field, value, settings, error))
        {
          g_variant_unref (value);
          return FALSE;
        }
    }
  return eshi_settings_validate (settings, error);
}
