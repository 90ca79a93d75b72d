/* eshi-picture-png.c: pixels and texts as PNG, on libpng.
 *
 * libpng rather than GdkPixbuf: it writes iTXt with UTF-8 under our control, puts the texts before the pixels, gives
 * the same bytes for the same picture, loads no modules, and lets a hostile file be bounded before it is unpacked.
 *
 * libpng reports errors by longjmp. Each function that calls setjmp therefore keeps all it owns in a Codec, and touches
 * nothing else after the jump. No file is opened here.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <png.h>
#include <string.h>

#include "eshi-picture-png.h"

#define MAX_SIDE 16384
#define MAX_PIXELS (64 << 20)
#define MAX_TEXT_BYTES (16 << 20)
#define MAX_CHUNKS 1000

typedef struct
{
  png_structp  png;
  png_infop    info;
  char         message[256]; /* libpng's words after an error */

  GByteArray  *out;          /* writing */
  GBytes      *in;           /* reading */
  gsize        position;
  guint8      *pixels;       /* [height, width, 4] u8 */
  png_bytepp   rows;         /* [height] */
} Codec;

static void
fail_cb (png_structp     png,
         png_const_charp message)
{
  Codec *self = png_get_error_ptr (png);

  g_strlcpy (self->message, message, sizeof self->message);
  png_longjmp (png, 1);
}

static void
warn_cb (png_structp     png,
         png_const_charp message)
{
  g_debug ("PNG: %s", message);
}

static void
write_cb (png_structp png,
          png_bytep   data,
          png_size_t  size)
{
  Codec *self = png_get_io_ptr (png);

  g_byte_array_append (self->out, data, size);
}

static void
flush_cb (png_structp png)
{
}

static void
read_cb (png_structp png,
         png_bytep   data,
         png_size_t  size)
{
  Codec *self = png_get_io_ptr (png);
  gsize n_bytes = 0;
  const guint8 *bytes = g_bytes_get_data (self->in, &n_bytes);

  if (size > n_bytes - self->position)
    png_error (png, "the file ends too early");

  memcpy (data, bytes + self->position, size);
  self->position += size;
}

static void
codec_clear_writer (Codec *self)
{
  png_destroy_write_struct (&self->png, &self->info);
  g_clear_pointer (&self->out, g_byte_array_unref);
  g_clear_pointer (&self->rows, g_free);
}

static void
codec_clear_reader (Codec *self)
{
  png_destroy_read_struct (&self->png, &self->info, NULL);
  g_clear_pointer (&self->pixels, g_free);
  g_clear_pointer (&self->rows, g_free);
}

static void
set_broken (const Codec  *self,
            GError      **error)
{
  g_debug ("PNG: %s", self->message);
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The file is not a PNG picture, or it is damaged; choose another one."));
}

/* ASCII goes into the plain kind of chunk, which every program reads; anything else into the UTF-8 kind. */
static void
add_text (Codec             *self,
          const EshiPngText *text)
{
  png_text chunk = { 0 };

  chunk.compression = g_str_is_ascii (text->text) ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
  chunk.key = (char *) text->keyword;
  chunk.text = (char *) text->text;
  if (chunk.compression == PNG_ITXT_COMPRESSION_NONE)
    chunk.itxt_length = strlen (text->text);
  else
    chunk.text_length = strlen (text->text);
  png_set_text (self->png, self->info, &chunk, 1);
}

static gboolean
write_all (Codec             *self,
           EshiImage         *image,
           const EshiPngText *texts,
           guint              n_texts)
{
  int width = eshi_image_get_width (image);
  int height = eshi_image_get_height (image);
  const guint8 *pixels = g_bytes_get_data (eshi_image_get_pixels (image), NULL);

  if (setjmp (png_jmpbuf (self->png)) != 0)
    return FALSE;

  png_set_write_fn (self->png, self, write_cb, flush_cb);
  png_set_IHDR (self->png, self->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB (self->png, self->info, PNG_sRGB_INTENT_PERCEPTUAL);
  for (guint i = 0; i < n_texts; i++)
    add_text (self, &texts[i]);

  for (int y = 0; y < height; y++)
    self->rows[y] = (png_bytep) pixels + (gsize) 3 * width * y;
  png_write_info (self->png, self->info);
  png_write_image (self->png, self->rows);
  png_write_end (self->png, NULL);

  return TRUE;
}

GBytes *
_eshi_png_encode (EshiImage          *image,
                  const EshiPngText  *texts,
                  guint               n_texts,
                  GError            **error)
{
  Codec self = { 0 };
  GBytes *file = NULL;

  self.png = png_create_write_struct (PNG_LIBPNG_VER_STRING, &self, fail_cb, warn_cb);
  self.info = self.png != NULL ? png_create_info_struct (self.png) : NULL;
  self.out = g_byte_array_new ();
  self.rows = g_new (png_bytep, eshi_image_get_height (image));

  if (self.info != NULL && write_all (&self, image, texts, n_texts))
    file = g_byte_array_free_to_bytes (g_steal_pointer (&self.out));
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                 _("The picture could not be made into a PNG file (%s); try again."), self.message);
  codec_clear_writer (&self);

  return file;
}

/* Opens @file and reads up to its pixels. */
static gboolean
read_header (Codec *self)
{
  if (setjmp (png_jmpbuf (self->png)) != 0)
    return FALSE;

  png_set_read_fn (self->png, self, read_cb);
  png_set_user_limits (self->png, MAX_SIDE, MAX_SIDE);
  png_set_chunk_malloc_max (self->png, MAX_TEXT_BYTES);
  png_set_chunk_cache_max (self->png, MAX_CHUNKS);
  png_read_info (self->png, self->info);

  return TRUE;
}

static gboolean
codec_open (Codec   *self,
            GBytes  *file,
            GError **error)
{
  gsize n_bytes = 0;
  const guint8 *bytes = g_bytes_get_data (file, &n_bytes);

  self->in = file;
  if (n_bytes >= 8 && png_sig_cmp (bytes, 0, 8) == 0)
    {
      self->png = png_create_read_struct (PNG_LIBPNG_VER_STRING, self, fail_cb, warn_cb);
      self->info = self->png != NULL ? png_create_info_struct (self->png) : NULL;
    }
  if (self->info == NULL || !read_header (self))
    {
      set_broken (self, error);
      codec_clear_reader (self);
      return FALSE;
    }

  return TRUE;
}

/* Everything becomes 8-bit RGBA. */
static gboolean
read_pixels (Codec *self,
             guint  width,
             guint  height)
{
  if (setjmp (png_jmpbuf (self->png)) != 0)
    return FALSE;

  png_set_expand (self->png);
  png_set_scale_16 (self->png);
  png_set_gray_to_rgb (self->png);
  png_set_add_alpha (self->png, 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling (self->png);
  png_read_update_info (self->png, self->info);
  if (png_get_rowbytes (self->png, self->info) != (gsize) 4 * width)
    png_error (self->png, "rows of an unexpected size");

  for (guint y = 0; y < height; y++)
    self->rows[y] = self->pixels + (gsize) 4 * width * y;
  png_read_image (self->png, self->rows);
  png_read_end (self->png, NULL);

  return TRUE;
}

/* (transfer full): @n_pixels of RGBA laid on white: [n_pixels, 3] u8. */
static guint8 *
lay_on_white (const guint8 *rgba,
              gsize         n_pixels)
{
  guint8 *rgb = g_try_malloc (3 * n_pixels);

  for (gsize i = 0; rgb != NULL && i < n_pixels; i++)
    {
      guint alpha = rgba[4 * i + 3];

      for (guint c = 0; c < 3; c++)
        rgb[3 * i + c] = (rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255;
    }

  return rgb;
}

EshiImage *
_eshi_png_decode (GBytes  *file,
                  GError **error)
{
  Codec self = { 0 };
  EshiImage *image = NULL;
  guint8 *rgb = NULL;
  guint width = 0;
  guint height = 0;

  if (!codec_open (&self, file, error))
    return NULL;

  width = png_get_image_width (self.png, self.info);
  height = png_get_image_height (self.png, self.info);
  if ((guint64) width * height <= MAX_PIXELS)
    {
      self.pixels = g_try_malloc ((gsize) 4 * width * height);
      self.rows = g_new (png_bytep, height);
    }
  if (self.pixels != NULL && read_pixels (&self, width, height))
    rgb = lay_on_white (self.pixels, (gsize) width * height);
  if (rgb != NULL)
    {
      g_autoptr(GBytes) pixels = g_bytes_new_take (rgb, (gsize) 3 * width * height);

      image = eshi_image_new (width, height, pixels);
    }
  else
    {
      set_broken (&self, error);
    }
  codec_clear_reader (&self);

  return image;
}
