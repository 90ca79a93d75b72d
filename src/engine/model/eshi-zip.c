/* eshi-zip.c: reads the central directory of a ZIP archive and holds it against the rest of the file.
 *
 * Names of fields and their places are those of PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-zip.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define LOCAL_BYTES 30
#define CENTRAL_BYTES 46
#define END_BYTES 22
#define LOCATOR_BYTES 20
#define END64_BYTES 56

#define MAX_COMMENT 65535
#define MAX_NAME 256

#define FLAGS_ENCRYPTED (1u << 0 | 1u << 6 | 1u << 13)
#define METHOD_STORED 0
#define EXTRA_ZIP64 1

typedef struct
{
  const char   *file;
  const guint8 *data;
  guint64       size;
  guint64       n_entries;
  guint64       directory;  /* where the central directory begins */
  guint64       directory_end;
  GArray       *entries;
  GError      **error;
} Reader;

static void
entry_clear (gpointer data)
{
  g_free (((EshiZipEntry *) data)->name);
}

static int
entry_compare (gconstpointer a,
               gconstpointer b)
{
  const EshiZipEntry *x = a;
  const EshiZipEntry *y = b;

  return (x->begin > y->begin) - (x->begin < y->begin);
}

static gboolean
directory_error (Reader *self)
{
  return _eshi_model_file_fail (self->file, self->error, _("its list of contents is wrong or missing, so it may have "
                                                           "been cut short"));
}

/* The number of @n bytes at @data. */
static guint64
get_number (const guint8 *data,
            guint         n)
{
  guint64 number = 0;

  for (guint i = 0; i < n; i++)
    number |= (guint64) data[i] << (8 * i);
  return number;
}

/* Whether a field of @n bytes says @wide, or only that the wide record knows. */
static gboolean
agrees (const guint8 *field,
        guint         n,
        guint64       wide)
{
  guint64 narrow = get_number (field, n);

  return narrow == wide || narrow == (G_MAXUINT64 >> (64 - 8 * n));
}

/* Reads the record for large archives, if the locator right before @end announces one. */
static gboolean
read_end64 (Reader  *self,
            guint64  end,
            guint64 *directory_size)
{
  const guint8 *locator = self->data + end - LOCATOR_BYTES;
  const guint8 *record = NULL;
  guint64 at = 0;

  if (end < LOCATOR_BYTES || memcmp (locator, "PK\006\007", 4) != 0)
    return TRUE;

  at = get_number (locator + 8, 8);
  if (at > end - LOCATOR_BYTES || end - LOCATOR_BYTES - at < END64_BYTES)
    return directory_error (self);

  record = self->data + at;
  self->n_entries = get_number (record + 32, 8);
  *directory_size = get_number (record + 40, 8);
  self->directory = get_number (record + 48, 8);
  if (memcmp (record, "PK\006\006", 4) != 0 || get_number (record + 16, 8) != 0 ||
      get_number (record + 24, 8) != self->n_entries || !agrees (self->data + end + 10, 2, self->n_entries) ||
      !agrees (self->data + end + 12, 4, *directory_size) || !agrees (self->data + end + 16, 4, self->directory))
    return directory_error (self);

  return TRUE;
}

/* Finds the directory from the record at the end of the file, which only a comment may follow. */
static gboolean
find_directory (Reader *self)
{
  guint64 lowest = self->size > END_BYTES + MAX_COMMENT ? self->size - END_BYTES - MAX_COMMENT : 0;
  guint64 end = self->size < END_BYTES ? 0 : self->size - END_BYTES;
  guint64 directory_size = 0;
  const guint8 *record = NULL;

  if (self->size < END_BYTES)
    return directory_error (self);
  while (end > lowest && (memcmp (self->data + end, "PK\005\006", 4) != 0 ||
                          get_number (self->data + end + 20, 2) != self->size - END_BYTES - end))
    end--;

  record = self->data + end;
  if (memcmp (record, "PK\005\006", 4) != 0 || get_number (record + 4, 4) != 0 ||
      get_number (record + 8, 2) != get_number (record + 10, 2))
    return directory_error (self);

  self->n_entries = get_number (record + 10, 2);
  directory_size = get_number (record + 12, 4);
  self->directory = get_number (record + 16, 4);
  if (!read_end64 (self, end, &directory_size))
    return FALSE;
  if (self->directory > end || directory_size > end - self->directory ||
      self->n_entries > directory_size / CENTRAL_BYTES)
    return directory_error (self);

  self->directory_end = self->directory + directory_size;
  return TRUE;
}

/* Takes *@value from the wide extra field (what is left of it) where the narrow field is full. */
static gboolean
widen (guint64       *value,
       const guint8 **extra,
       gsize         *n_extra)
{
  if (*value != G_MAXUINT32)
    return TRUE;
  if (*n_extra < 8)
    return FALSE;

  *value = get_number (*extra, 8);
  *extra += 8;
  *n_extra -= 8;
  return TRUE;
}

/* The wide extra field among the @n_extra bytes at @extra; *@n is 0 if there is none. */
static const guint8 *
find_wide_extra (const guint8 *extra,
                 gsize         n_extra,
                 gsize        *n)
{
  *n = 0;
  while (n_extra >= 4)
    {
      gsize length = get_number (extra + 2, 2);

      if (length > n_extra - 4)
        return NULL;
      if (get_number (extra, 2) == EXTRA_ZIP64)
        {
          *n = length;
          return extra + 4;
        }
      extra += 4 + length;
      n_extra -= 4 + length;
    }

  return NULL;
}

/* Finds the bytes of @entry behind its local header, whose own sizes may be zero and are not asked. */
static gboolean
locate (Reader       *self,
        EshiZipEntry *entry)
{
  const guint8 *local = self->data + entry->begin;
  gsize n_name = strlen (entry->name);
  guint64 at = 0;

  if (entry->begin > self->directory || self->directory - entry->begin < LOCAL_BYTES + n_name ||
      memcmp (local, "PK\003\004", 4) != 0 || get_number (local + 26, 2) != n_name ||
      memcmp (local + LOCAL_BYTES, entry->name, n_name) != 0)
    return directory_error (self);

  at = entry->begin + LOCAL_BYTES + n_name + get_number (local + 28, 2);
  if (at > self->directory || entry->size > self->directory - at)
    return _eshi_model_file_fail (self->file, self->error, _("its part “%s” lies outside of the file"), entry->name);

  entry->data = self->data + at;
  entry->end = at + entry->size;
  return TRUE;
}

static gboolean
check_stored (Reader       *self,
              const guint8 *header)
{
  if (get_number (header + 10, 2) == METHOD_STORED && (get_number (header + 8, 2) & FLAGS_ENCRYPTED) == 0)
    return TRUE;

  g_set_error (self->error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("“%s” is a compressed or encrypted archive. If it is one that a model was packed into, unpack it and "
                 "open the model inside."),
               self->file);
  return FALSE;
}

/* Reads the entry at @header, of which [available] bytes are there; *@length becomes what it takes. */
static gboolean
read_entry (Reader       *self,
            const guint8 *header,
            guint64       available,
            guint64      *length)
{
  EshiZipEntry entry = { 0 };
  const guint8 *extra = NULL;
  gsize n_name = 0;
  gsize n_extra = 0;
  guint64 stored = 0;

  if (available < CENTRAL_BYTES || memcmp (header, "PK\001\002", 4) != 0)
    return directory_error (self);
  n_name = get_number (header + 28, 2);
  n_extra = get_number (header + 30, 2);
  *length = CENTRAL_BYTES + n_name + n_extra + get_number (header + 32, 2);
  if (*length > available || n_name == 0 || n_name > MAX_NAME || get_number (header + 34, 2) != 0 ||
      !g_utf8_validate ((const char *) header + CENTRAL_BYTES, (gssize) n_name, NULL))
    return directory_error (self);
  if (!check_stored (self, header))
    return FALSE;

  stored = get_number (header + 20, 4);
  entry.size = get_number (header + 24, 4);
  entry.begin = get_number (header + 42, 4);
  entry.crc = (guint32) get_number (header + 16, 4);
  extra = find_wide_extra (header + CENTRAL_BYTES + n_name, n_extra, &n_extra);
  if (!widen (&entry.size, &extra, &n_extra) || !widen (&stored, &extra, &n_extra) ||
      !widen (&entry.begin, &extra, &n_extra) || stored != entry.size)
    return directory_error (self);

  entry.name = g_strndup ((const char *) header + CENTRAL_BYTES, n_name);
  g_array_append_val (self->entries, entry);
  return locate (self, &g_array_index (self->entries, EshiZipEntry, self->entries->len - 1));
}

static gboolean
check_entries (Reader *self)
{
  g_autoptr(GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  guint64 end = 0;

  g_array_sort (self->entries, entry_compare);
  for (guint i = 0; i < self->entries->len; i++)
    {
      const EshiZipEntry *entry = &g_array_index (self->entries, EshiZipEntry, i);

      if (!g_hash_table_add (names, entry->name))
        return _eshi_model_file_fail (self->file, self->error, _("its part “%s” occurs twice"), entry->name);
      if (entry->begin < end)
        return _eshi_model_file_fail (self->file, self->error, _("its part “%s” overlaps another one"), entry->name);
      end = entry->end;
    }

  return TRUE;
}

GArray *
eshi_zip_read (GBytes      *bytes,
               const char  *file,
               GError     **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr(GArray) entries = g_array_new (FALSE, FALSE, sizeof (EshiZipEntry));
  Reader self = { .file = file, .data = data, .size = size, .entries = entries, .error = error };
  guint64 at = 0;

  g_array_set_clear_func (entries, entry_clear);
  if (!find_directory (&self))
    return NULL;

  at = self.directory;
  for (guint64 i = 0; i < self.n_entries; i++)
    {
      guint64 length = 0;

      if (!read_entry (&self, data + at, self.directory_end - at, &length))
        return NULL;
      at += length;
    }
  if (at != self.directory_end)
    {
      directory_error (&self);
      return NULL;
    }

  return check_entries (&self) ? g_steal_pointer (&entries) : NULL;
}

/* The remainder of one byte under the polynomial of APPNOTE.TXT, section 4.4.7, least significant bit first. */
static guint32
get_remainder (guint32 byte)
{
  for (guint bit = 0; bit < 8; bit++)
    byte = (byte & 1) != 0 ? byte >> 1 ^ 0xedb88320u : byte >> 1;
  return byte;
}

gboolean
eshi_zip_entry_check (const EshiZipEntry  *entry,
                      const char          *file,
                      GError             **error)
{
  guint32 remainders[256];
  guint32 crc = G_MAXUINT32;

  if (entry->crc == 0)
    return TRUE;

  for (guint32 byte = 0; byte < G_N_ELEMENTS (remainders); byte++)
    remainders[byte] = get_remainder (byte);
  for (guint64 i = 0; i < entry->size; i++)
    crc = crc >> 8 ^ remainders[(crc ^ entry->data[i]) & 0xff];

  return (crc ^ G_MAXUINT32) == entry->crc ||
         _eshi_model_file_fail (file, error, _("its part “%s” is not what was packed into it; download the file again"),
                                entry->name);
}
