/* eshi-safetensors-parse.c: a strict scanner for the one JSON grammar that a safetensors header may have.
 *
 * A general JSON reader would hide what must be refused here: duplicate keys, and numbers that are not plain integers.
 * One pass, no recursion but over values that are skipped, and that to a fixed depth.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-safetensors-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_DEPTH 16

typedef struct
{
  const char  *at;
  const char  *end;
  const char  *file;
  GString     *text;  /* the last string */
  GError     **error;
} Scanner;

static const EshiSafetensorsType types[] = {
  { "F32", 32, ESHI_DTYPE_F32 },
  { "F16", 16, ESHI_DTYPE_F16 },
  { "BF16", 16, ESHI_DTYPE_BF16 },
  { "F64", 64, ESHI_DTYPE_F64 },
  { "I64", 64, ESHI_DTYPE_I64 },
  { "I32", 32, ESHI_DTYPE_I32 },
  { "U8", 8, ESHI_DTYPE_U8 },
  { "BOOL", 8, ESHI_N_DTYPES },
  { "I8", 8, ESHI_N_DTYPES },
  { "I16", 16, ESHI_N_DTYPES },
  { "U16", 16, ESHI_N_DTYPES },
  { "U32", 32, ESHI_N_DTYPES },
  { "U64", 64, ESHI_N_DTYPES },
  { "C64", 64, ESHI_N_DTYPES },
  { "F8_E5M2", 8, ESHI_N_DTYPES },
  { "F8_E4M3", 8, ESHI_N_DTYPES },
  { "F8_E8M0", 8, ESHI_N_DTYPES },
  { "F8_E5M2FNUZ", 8, ESHI_N_DTYPES },
  { "F8_E4M3FNUZ", 8, ESHI_N_DTYPES },
  { "F6_E2M3", 6, ESHI_N_DTYPES },
  { "F6_E3M2", 6, ESHI_N_DTYPES },
  { "F4", 4, ESHI_N_DTYPES },
};

static gboolean
syntax_error (Scanner *self)
{
  return _eshi_model_file_fail (self->file, self->error, _("its table of tensors is not valid JSON"));
}

static void
skip_space (Scanner *self)
{
  while (self->at < self->end &&
         (*self->at == ' ' || *self->at == '\t' || *self->at == '\n' || *self->at == '\r'))
    self->at++;
}

/* Whether the next character is @c, which is then consumed. */
static gboolean
accept (Scanner *self,
        char     c)
{
  skip_space (self);
  if (self->at == self->end || *self->at != c)
    return FALSE;

  self->at++;
  return TRUE;
}

static gboolean
expect (Scanner *self,
        char     c)
{
  return accept (self, c) || syntax_error (self);
}

/* Four hexadecimal digits; -1 if they are not. */
static int
scan_hex4 (Scanner *self)
{
  int value = 0;

  if (self->end - self->at < 4)
    return -1;

  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (self->at[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }

  self->at += 4;
  return value;
}

/* What follows "\u", with the second half of a surrogate pair. */
static gboolean
scan_unicode_escape (Scanner *self)
{
  int unit = scan_hex4 (self);

  if (unit >= 0xd800 && unit < 0xdc00)
    {
      int low = -1;

      if (self->end - self->at >= 2 && self->at[0] == '\\' && self->at[1] == 'u')
        {
          self->at += 2;
          low = scan_hex4 (self);
        }
      if (low < 0xdc00 || low > 0xdfff)
        return syntax_error (self);
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  else if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
    {
      return syntax_error (self);
    }

  g_string_append_unichar (self->text, (gunichar) unit);
  return TRUE;
}

static gboolean
scan_escape (Scanner *self)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  const char *found = NULL;

  if (self->at == self->end || *self->at == '\0')
    return syntax_error (self);

  if (*self->at == 'u')
    {
      self->at++;
      return scan_unicode_escape (self);
    }

  found = strchr (from, *self->at);
  if (found == NULL)
    return syntax_error (self);

  self->at++;
  g_string_append_c (self->text, to[found - from]);
  return TRUE;
}

/* A string, into self->text. */
static gboolean
scan_string (Scanner *self)
{
  g_string_truncate (self->text, 0);
  if (!expect (self, '"'))
    return FALSE;

  while (self->at < self->end)
    {
      char c = *self->at++;

      if (c == '"')
        return TRUE;
      if ((guchar) c < 0x20)
        return syntax_error (self);
      if (c != '\\')
        g_string_append_c (self->text, c);
      else if (!scan_escape (self))
        return FALSE;
    }

  return syntax_error (self);
}

/* A plain non-negative integer. */
static gboolean
scan_u64 (Scanner *self,
          guint64 *value)
{
  const char *start = NULL;

  skip_space (self);
  start = self->at;
  *value = 0;
  while (self->at < self->end && g_ascii_isdigit (*self->at))
    {
      if (!g_uint64_checked_mul (value, *value, 10) ||
          !g_uint64_checked_add (value, *value, (guint64) (*self->at - '0')))
        return _eshi_model_file_fail (self->file, self->error, _("a number in its table of tensors is too large"));
      self->at++;
    }

  if (self->at == start || (*start == '0' && self->at - start > 1))
    return syntax_error (self);
  return TRUE;
}

/* A list of at most @max integers. */
static gboolean
scan_list (Scanner *self,
           guint64 *values,
           guint    max,
           guint   *n)
{
  *n = 0;
  if (!expect (self, '['))
    return FALSE;
  if (accept (self, ']'))
    return TRUE;

  do
    {
      if (*n == max)
        return _eshi_model_file_fail (self->file, self->error, _("a tensor has more than %u dimensions or offsets"), max);
      if (!scan_u64 (self, &values[(*n)++]))
        return FALSE;
    }
  while (accept (self, ','));

  return expect (self, ']');
}

/* A number, true, false or null, whose spelling does not matter because nobody reads it. */
static gboolean
skip_word (Scanner *self)
{
  const char *start = self->at;

  while (self->at < self->end && (g_ascii_isalnum (*self->at) || strchr ("+-.", *self->at) != NULL) && *self->at != '\0')
    self->at++;

  return self->at > start || syntax_error (self);
}

/* Any value, of a key that this program does not know. */
static gboolean
skip_value (Scanner *self,
            guint    depth)
{
  char close = '\0';

  if (depth == MAX_DEPTH)
    return _eshi_model_file_fail (self->file, self->error, _("its table of tensors is nested too deeply"));

  skip_space (self);
  if (self->at < self->end && *self->at == '"')
    return scan_string (self);
  if (accept (self, '{'))
    close = '}';
  else if (accept (self, '['))
    close = ']';
  else
    return skip_word (self);

  if (accept (self, close))
    return TRUE;
  do
    {
      if (close == '}' && (!scan_string (self) || !expect (self, ':')))
        return FALSE;
      if (!skip_value (self, depth + 1))
        return FALSE;
    }
  while (accept (self, ','));

  return expect (self, close);
}

static gboolean
find_type (Scanner             *self,
           EshiSafetensorsItem *item)
{
  g_autofree char *name = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].name, self->text->str) == 0)
      {
        item->type = &types[i];
        return TRUE;
      }

  name = _eshi_model_file_short_name (self->text->str);
  return _eshi_model_file_fail (self->file, self->error, _("it holds numbers of an unknown type “%s”"), name);
}

enum
{
  SEEN_DTYPE = 1 << 0,
  SEEN_SHAPE = 1 << 1,
  SEEN_OFFSETS = 1 << 2,
  SEEN_ALL = SEEN_DTYPE | SEEN_SHAPE | SEEN_OFFSETS,
};

/* The value of the key in self->text, which goes into @item. */
static gboolean
scan_item_value (Scanner             *self,
                 EshiSafetensorsItem *item,
                 guint               *seen)
{
  guint64 offsets[2] = { 0, 0 };
  guint n_offsets = 0;
  guint key = 0;

  if (strcmp (self->text->str, "dtype") == 0)
    key = SEEN_DTYPE;
  else if (strcmp (self->text->str, "shape") == 0)
    key = SEEN_SHAPE;
  else if (strcmp (self->text->str, "data_offsets") == 0)
    key = SEEN_OFFSETS;

  if ((*seen & key) != 0)
    return _eshi_model_file_fail (self->file, self->error, _("a key of its table of tensors occurs twice"));
  *seen |= key;

  if (!expect (self, ':'))
    return FALSE;
  if (key == SEEN_DTYPE)
    return scan_string (self) && find_type (self, item);
  if (key == SEEN_SHAPE)
    return scan_list (self, item->dim, ESHI_SAFETENSORS_MAX_RANK, &item->rank);
  if (key == 0)
    return skip_value (self, 0);

  if (!scan_list (self, offsets, 2, &n_offsets))
    return FALSE;
  if (n_offsets != 2)
    return syntax_error (self);
  item->begin = offsets[0];
  item->end = offsets[1];
  return TRUE;
}

static gboolean
scan_item (Scanner             *self,
           EshiSafetensorsItem *item)
{
  g_autofree char *name = NULL;
  guint seen = 0;

  if (!expect (self, '{'))
    return FALSE;

  if (!accept (self, '}'))
    {
      do
        {
          if (!scan_string (self) || !scan_item_value (self, item, &seen))
            return FALSE;
        }
      while (accept (self, ','));
      if (!expect (self, '}'))
        return FALSE;
    }

  if (seen == SEEN_ALL)
    return TRUE;

  name = _eshi_model_file_short_name (item->name);
  return _eshi_model_file_fail (self->file, self->error,
                                _("the entry of tensor “%s” lacks its type, shape or place"), name);
}

static gboolean
scan_metadata (Scanner    *self,
               GHashTable *metadata)
{
  if (!expect (self, '{'))
    return FALSE;
  if (accept (self, '}'))
    return TRUE;

  do
    {
      g_autofree char *key = NULL;

      if (!scan_string (self))
        return FALSE;
      key = g_strdup (self->text->str);
      if (!expect (self, ':') || !scan_string (self))
        return FALSE;
      if (!g_hash_table_insert (metadata, g_steal_pointer (&key), g_strdup (self->text->str)))
        return _eshi_model_file_fail (self->file, self->error, _("a key of its metadata occurs twice"));
    }
  while (accept (self, ','));

  return expect (self, '}');
}

static gboolean
scan_table (Scanner    *self,
            GArray     *items,
            GHashTable *metadata)
{
  gboolean metadata_seen = FALSE;

  if (!expect (self, '{'))
    return FALSE;
  if (accept (self, '}'))
    return TRUE;

  do
    {
      if (!scan_string (self))
        return FALSE;

      if (strcmp (self->text->str, "__metadata__") == 0)
        {
          if (metadata_seen)
            return _eshi_model_file_fail (self->file, self->error, _("its metadata occur twice"));
          metadata_seen = TRUE;
          if (!expect (self, ':') || !scan_metadata (self, metadata))
            return FALSE;
        }
      else
        {
          EshiSafetensorsItem item = { .name = g_strdup (self->text->str) };

          /* Appended at once, so that the caller frees the name whatever happens. */
          g_array_append_val (items, item);
          if (!expect (self, ':') ||
              !scan_item (self, &g_array_index (items, EshiSafetensorsItem, items->len - 1)))
            return FALSE;
        }
    }
  while (accept (self, ','));

  return expect (self, '}');
}

gboolean
_eshi_safetensors_parse (const char  *header,
                         gsize        size,
                         const char  *file,
                         GArray      *items,
                         GHashTable  *metadata,
                         GError     **error)
{
  g_autoptr(GString) text = g_string_new (NULL);
  Scanner self = { header, header + size, file, text, error };

  if (!g_utf8_validate_len (header, size, NULL))
    return syntax_error (&self);
  if (!scan_table (&self, items, metadata))
    return FALSE;

  skip_space (&self);
  return self.at == self.end || syntax_error (&self);
}
