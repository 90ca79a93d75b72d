/* eshi-picture-exif.c: the few texts of an EXIF block that can say how a picture was made.
 *
 * Our own few lines rather than libexif: two tables are looked through for four fields, in a block of known length, and
 * libexif gives the comment's bytes no better than this does. Reads no other field and writes none.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-picture-texts.h"

#define TAG_DESCRIPTION 0x010e
#define TAG_MODEL 0x0110
#define TAG_EXIF 0x8769
#define TAG_USER_COMMENT 0x9286

#define TYPE_ASCII 2
#define ENTRY_BYTES 12
#define CODE_BYTES 8

typedef struct
{
  const guint8 *bytes;
  gsize         n_bytes;
  gboolean      big_endian;
  GHashTable   *texts;
} Exif;

static guint
read_16 (const Exif *self,
         gsize       at)
{
  const guint8 *p = self->bytes + at;

  return self->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

static guint32
read_32 (const Exif *self,
         gsize       at)
{
  guint32 first = read_16 (self, at);
  guint32 second = read_16 (self, at + 2);

  return self->big_endian ? first << 16 | second : second << 16 | first;
}

/* The byte order that a text in UTF-16 is in: its mark's, or that in which most units are ASCII. Programs do not agree
 * on it, and the order of the block itself says nothing. */
static gboolean
is_big_endian (const guint8 *bytes,
               gsize         n_bytes)
{
  gsize n_big = 0;
  gsize n_little = 0;

  if (n_bytes >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe)
    return FALSE;
  for (gsize i = 0; i + 1 < n_bytes; i += 2)
    {
      n_big += bytes[i] == 0 && bytes[i + 1] != 0;
      n_little += bytes[i] != 0 && bytes[i + 1] == 0;
    }

  return n_big >= n_little;
}

static char *
utf16_to_text (const guint8 *bytes,
               gsize         n_bytes)
{
  const char *from = is_big_endian (bytes, n_bytes) ? "UTF-16BE" : "UTF-16LE";
  g_autofree char *text = NULL;

  n_bytes &= ~(gsize) 1;
  while (n_bytes >= 2 && bytes[n_bytes - 1] == 0 && bytes[n_bytes - 2] == 0)
    n_bytes -= 2;
  text = g_convert ((const char *) bytes, n_bytes, "UTF-8", from, NULL, NULL, NULL);

  return g_strdup (text != NULL && g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text);
}

static char *
bytes_to_text (const guint8 *bytes,
               gsize         n_bytes)
{
  while (n_bytes > 0 && bytes[n_bytes - 1] == 0)
    n_bytes--;

  return _eshi_picture_text_dup (bytes, n_bytes);
}

static void
add_text (Exif       *self,
          const char *keyword,
          char       *text)
{
  if (text != NULL && *text != '\0' && !g_hash_table_contains (self->texts, keyword))
    g_hash_table_insert (self->texts, g_strdup (keyword), text);
  else
    g_free (text);
}

/* A comment begins with eight bytes that name its encoding; zeros leave it open. */
static void
add_comment (Exif         *self,
             const guint8 *bytes,
             gsize         n_bytes)
{
  if (n_bytes < CODE_BYTES)
    return;

  if (memcmp (bytes, "UNICODE\0", CODE_BYTES) == 0)
    add_text (self, "UserComment", utf16_to_text (bytes + CODE_BYTES, n_bytes - CODE_BYTES));
  else if (memcmp (bytes, "ASCII\0\0\0", CODE_BYTES) == 0 || memcmp (bytes, "\0\0\0\0\0\0\0\0", CODE_BYTES) == 0)
    add_text (self, "UserComment", bytes_to_text (bytes + CODE_BYTES, n_bytes - CODE_BYTES));
}

/* ComfyUI has no text chunks in WebP: it writes "prompt:…" and "workflow:…" where a camera writes its maker's name. */
static void
add_camera (Exif         *self,
            const guint8 *bytes,
            gsize         n_bytes)
{
  static const char *const keywords[] = { "prompt", "workflow" };
  g_autofree char *text = bytes_to_text (bytes, n_bytes);

  for (guint i = 0; text != NULL && i < G_N_ELEMENTS (keywords); i++)
    {
      gsize n_key = strlen (keywords[i]);

      if (strncmp (text, keywords[i], n_key) == 0 && text[n_key] == ':')
        add_text (self, keywords[i], g_strdup (text + n_key + 1));
    }
}

/* The entry at @at; its value lies in it when it has up to four bytes, else where it says. */
static void
read_entry (Exif  *self,
            gsize  at)
{
  guint tag = read_16 (self, at);
  guint type = read_16 (self, at + 2);
  gsize n_value = read_32 (self, at + 4);
  gsize value = n_value <= 4 ? at + 8 : read_32 (self, at + 8);

  if (value > self->n_bytes || n_value > self->n_bytes - value)
    return;

  if (tag == TAG_USER_COMMENT)
    add_comment (self, self->bytes + value, n_value);
  else if (tag >= TAG_DESCRIPTION && tag <= TAG_MODEL && type == TYPE_ASCII)
    add_camera (self, self->bytes + value, n_value);
}

/* Reads the table of entries at @at; returns where the EXIF table is, 0 if it does not say. */
static gsize
read_table (Exif  *self,
            gsize  at)
{
  gsize exif = 0;
  gsize n_entries = 0;

  if (at > self->n_bytes || self->n_bytes - at < 2)
    return 0;

  n_entries = MIN (read_16 (self, at), (self->n_bytes - at - 2) / ENTRY_BYTES);
  for (gsize i = 0; i < n_entries; i++)
    {
      gsize entry = at + 2 + i * ENTRY_BYTES;

      if (read_16 (self, entry) == TAG_EXIF)
        exif = read_32 (self, entry + 8);
      else
        read_entry (self, entry);
    }

  return exif;
}

void
_eshi_exif_read_texts (const guint8 *bytes,
                       gsize         n_bytes,
                       GHashTable   *texts)
{
  Exif self = { .bytes = bytes, .n_bytes = n_bytes, .texts = texts };
  gsize exif = 0;

  if (n_bytes < 8 || (memcmp (bytes, "II*\0", 4) != 0 && memcmp (bytes, "MM\0*", 4) != 0))
    return;

  self.big_endian = bytes[0] == 'M';
  exif = read_table (&self, read_32 (&self, 4));
  if (exif != 0)
    read_table (&self, exif);
}
