/* eshi-safetensors-write.c: writes tensors as a safetensors file, all or nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-safetensors-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const char *
type_name (EshiDType dtype)
{
  static const char * const names[ESHI_N_DTYPES] = {
    [ESHI_DTYPE_F32] = "F32",
    [ESHI_DTYPE_F16] = "F16",
    [ESHI_DTYPE_BF16] = "BF16",
    [ESHI_DTYPE_F64] = "F64",
    [ESHI_DTYPE_I64] = "I64",
    [ESHI_DTYPE_I32] = "I32",
    [ESHI_DTYPE_U8] = "U8",
  };

  return names[dtype];
}

static gsize
entry_bytes (const EshiSafetensorsEntry *entry)
{
  gsize n_bytes = eshi_dtype_size (entry->dtype);

  for (guint i = 0; i < entry->rank; i++)
    n_bytes *= (gsize) entry->dim[i];
  return n_bytes;
}

/* Appends @text as a JSON string. */
static void
append_string (GString    *json,
               const char *text)
{
  g_string_append_c (json, '"');
  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_printf (json, "\\%c", *c);
      else if ((guchar) *c < 0x20)
        g_string_append_printf (json, "\\u%04x", (guint) *c);
      else
        g_string_append_c (json, *c);
    }
  g_string_append_c (json, '"');
}

static void
append_entry (GString                    *json,
              const EshiSafetensorsEntry *entry,
              gsize                       begin)
{
  append_string (json, entry->name);
  g_string_append_printf (json, ":{\"dtype\":\"%s\",\"shape\":[", type_name (entry->dtype));
  for (guint i = 0; i < entry->rank; i++)
    g_string_append_printf (json, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", entry->dim[i]);
  g_string_append_printf (json, "],\"data_offsets\":[%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT "]}", begin,
                          begin + entry_bytes (entry));
}

gboolean
eshi_safetensors_write (const char                  *path,
                        const EshiSafetensorsEntry  *entries,
                        guint                        n_entries,
                        GError                     **error)
{
  g_autoptr(GString) json = g_string_new ("{");
  g_autofree char *out = NULL;
  guint64 header_size = 0;
  gsize total = 0;
  gsize at = 0;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (entries != NULL || n_entries == 0, FALSE);

  for (guint i = 0; i < n_entries; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      append_entry (json, &entries[i], total);
      total += entry_bytes (&entries[i]);
    }
  g_string_append_c (json, '}');
  while (json->len % 8 != 0)
    g_string_append_c (json, ' ');

  out = g_try_malloc (8 + json->len + total);
  if (out == NULL || total > G_MAXSSIZE - json->len - 8)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                   _("There is not enough memory to write “%s”."), path);
      return FALSE;
    }

  header_size = GUINT64_TO_LE (json->len);
  memcpy (out, &header_size, 8);
  memcpy (out + 8, json->str, json->len);
  at = 8 + json->len;
  for (guint i = 0; i < n_entries; i++)
    {
      if (entry_bytes (&entries[i]) > 0)
        memcpy (out + at, entries[i].data, entry_bytes (&entries[i]));
      at += entry_bytes (&entries[i]);
    }

  return g_file_set_contents_full (path, out, (gssize) at, G_FILE_SET_CONTENTS_CONSISTENT, 0666, error);
}
