/* eshi-picture-texts.c: finds the texts in PNG, JPEG and WebP files.
 *
 * Walks the blocks of a file that may come from an enemy: every length is checked before it is used, and what is
 * unpacked is bounded. Not through libpng, whose limit is for each chunk and not for all of them, and which does not
 * reach the texts after the pixels without unpacking those.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-picture-texts.h"

#define MAX_TEXT_BYTES (16 << 20)
#define UNPACK_BYTES (64 << 10)
#define MAX_KEYWORD_BYTES 79

typedef struct
{
  const guint8 *bytes;
  gsize         n_bytes;
} Span;

static guint32
read_be32 (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 | (guint32) bytes[2] << 8 | bytes[3];
}

static guint32
read_le32 (const guint8 *bytes)
{
  return (guint32) bytes[3] << 24 | (guint32) bytes[2] << 16 | (guint32) bytes[1] << 8 | bytes[0];
}

char *
_eshi_picture_text_dup (const guint8 *bytes,
                        gsize         n_bytes)
{
  if (memchr (bytes, '\0', n_bytes) != NULL)
    return NULL;
  if (g_utf8_validate ((const char *) bytes, n_bytes, NULL))
    return g_strndup ((const char *) bytes, n_bytes);

  return g_convert ((const char *) bytes, n_bytes, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

/* Takes the part of @span up to the next NUL, and the NUL; FALSE if there is none within @max_bytes. */
static gboolean
take_string (Span  *span,
             gsize  max_bytes,
             Span  *string)
{
  const guint8 *end = span->n_bytes > 0 ? memchr (span->bytes, '\0', MIN (span->n_bytes, max_bytes + 1)) : NULL;

  if (end == NULL)
    return FALSE;

  *string = (Span) { span->bytes, end - span->bytes };
  span->n_bytes -= string->n_bytes + 1;
  span->bytes = end + 1;

  return TRUE;
}

/* (transfer full) (nullable): zlib's stream @packed, if it is whole and holds no more than @max_bytes. */
static GByteArray *
unpack (Span  packed,
        gsize max_bytes)
{
  g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
  g_autoptr(GByteArray) out = g_byte_array_new ();
  g_autofree guint8 *buffer = g_malloc (UNPACK_BYTES);
  GConverterResult result = G_CONVERTER_CONVERTED;

  while (result == G_CONVERTER_CONVERTED)
    {
      gsize n_read = 0;
      gsize n_written = 0;

      result = g_converter_convert (G_CONVERTER (zlib), packed.bytes, packed.n_bytes, buffer, UNPACK_BYTES,
                                    G_CONVERTER_INPUT_AT_END, &n_read, &n_written, NULL);
      if (result == G_CONVERTER_ERROR || out->len + n_written > max_bytes)
        return NULL;
      packed.bytes += n_read;
      packed.n_bytes -= n_read;
      g_byte_array_append (out, buffer, n_written);
    }

  return g_steal_pointer (&out);
}

/* The text of a chunk whose keyword is taken off; @body begins with the chunk's flags. */
static char *
chunk_to_text (const guint8 *type,
               Span          body,
               gsize         max_bytes)
{
  g_autoptr(GByteArray) unpacked = NULL;
  gboolean packed = memcmp (type, "zTXt", 4) == 0;
  Span skipped = { NULL, 0 };

  if (memcmp (type, "iTXt", 4) == 0)
    {
      if (body.n_bytes < 2 || body.bytes[1] != 0)
        return NULL;
      packed = body.bytes[0] != 0;
      body = (Span) { body.bytes + 2, body.n_bytes - 2 };
      if (!take_string (&body, body.n_bytes, &skipped) || !take_string (&body, body.n_bytes, &skipped))
        return NULL;
    }
  else if (packed)
    {
      if (body.n_bytes < 1 || body.bytes[0] != 0)
        return NULL;
      body = (Span) { body.bytes + 1, body.n_bytes - 1 };
    }

  if (packed)
    {
      unpacked = unpack (body, max_bytes);
      body = unpacked != NULL ? (Span) { unpacked->data, unpacked->len } : (Span) { NULL, 0 };
    }
  if ((packed && unpacked == NULL) || body.n_bytes > max_bytes)
    return NULL;

  return body.n_bytes > 0 ? _eshi_picture_text_dup (body.bytes, body.n_bytes) : g_strdup ("");
}

/* The check sum of a chunk, over its type and its body. */
static guint32
sum_chunk (const guint8 *bytes,
           gsize         n_bytes)
{
  guint32 sum = G_MAXUINT32;

  for (gsize i = 0; i < n_bytes; i++)
    {
      sum ^= bytes[i];
      for (guint bit = 0; bit < 8; bit++)
        sum = sum & 1 ? sum >> 1 ^ 0xedb88320u : sum >> 1;
    }

  return ~sum;
}

static gboolean
is_text_chunk (const guint8 *type)
{
  return memcmp (type, "tEXt", 4) == 0 || memcmp (type, "zTXt", 4) == 0 || memcmp (type, "iTXt", 4) == 0;
}

/* Adds the text of one chunk, whose check sum is right, to @texts; @n_left bytes may still be unpacked. */
static void
add_chunk (GHashTable   *texts,
           const guint8 *type,
           Span          body,
           gsize        *n_left)
{
  Span keyword = { NULL, 0 };
  g_autofree char *key = NULL;
  char *text = NULL;

  if (!take_string (&body, MAX_KEYWORD_BYTES, &keyword) || keyword.n_bytes == 0)
    return;

  key = _eshi_picture_text_dup (keyword.bytes, keyword.n_bytes);
  if (key == NULL || g_hash_table_contains (texts, key))
    return;
  text = chunk_to_text (type, body, *n_left);
  if (text != NULL)
    {
      *n_left -= MIN (*n_left, strlen (text));
      g_hash_table_insert (texts, g_steal_pointer (&key), text);
    }
}

static void
read_png (Span        file,
          GHashTable *texts)
{
  gsize n_left = MAX_TEXT_BYTES;
  gsize at = 8;

  while (file.n_bytes - at >= 12)
    {
      const guint8 *chunk = file.bytes + at;
      gsize n_body = read_be32 (chunk);

      if (n_body > file.n_bytes - at - 12)
        return;
      if (is_text_chunk (chunk + 4) && n_body <= n_left &&
          sum_chunk (chunk + 4, n_body + 4) == read_be32 (chunk + 8 + n_body))
        add_chunk (texts, chunk + 4, (Span) { chunk + 8, n_body }, &n_left);
      at += n_body + 12;
    }
}

/* Segments up to the pixels: 0xff, kind, length with itself. */
static void
read_jpeg (Span        file,
           GHashTable *texts)
{
  gsize at = 2;

  while (file.n_bytes - at >= 4)
    {
      const guint8 *segment = file.bytes + at;
      gsize n_bytes = (gsize) segment[2] << 8 | segment[3];

      if (segment[0] != 0xff || segment[1] == 0xda || n_bytes < 2 || n_bytes > file.n_bytes - at - 2)
        return;
      if (segment[1] == 0xe1 && n_bytes >= 8 && memcmp (segment + 4, "Exif\0\0", 6) == 0)
        _eshi_exif_read_texts (segment + 10, n_bytes - 8, texts);
      at += n_bytes + 2;
    }
}

/* Some writers keep JPEG's mark before the block. */
static void
read_webp_exif (Span        block,
                GHashTable *texts)
{
  gsize n_mark = block.n_bytes >= 6 && memcmp (block.bytes, "Exif\0\0", 6) == 0 ? 6 : 0;

  _eshi_exif_read_texts (block.bytes + n_mark, block.n_bytes - n_mark, texts);
}

static void
read_webp (Span        file,
           GHashTable *texts)
{
  gsize at = 12;

  while (file.n_bytes - at >= 8)
    {
      const guint8 *chunk = file.bytes + at;
      gsize n_body = read_le32 (chunk + 4);

      if (n_body > file.n_bytes - at - 8)
        return;
      if (memcmp (chunk, "EXIF", 4) == 0)
        read_webp_exif ((Span) { chunk + 8, n_body }, texts);
      /* Bodies of an odd length are filled up, except perhaps the last. */
      at += MIN (8 + n_body + (n_body & 1), file.n_bytes - at);
    }
}

GHashTable *
_eshi_picture_texts_read (GBytes  *file,
                          GError **error)
{
  g_autoptr(GHashTable) texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Span span = { NULL, 0 };

  span.bytes = g_bytes_get_data (file, &span.n_bytes);
  if (span.n_bytes >= 8 && memcmp (span.bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
    {
      read_png (span, texts);
    }
  else if (span.n_bytes >= 4 && memcmp (span.bytes, "\xff\xd8\xff", 3) == 0)
    {
      read_jpeg (span, texts);
    }
  else if (span.n_bytes >= 12 && memcmp (span.bytes, "RIFF", 4) == 0 && memcmp (span.bytes + 8, "WEBP", 4) == 0)
    {
      read_webp (span, texts);
    }
  else
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The file is not a PNG, JPEG or WebP picture; choose another one."));
      return NULL;
    }

  return g_steal_pointer (&texts);
}
