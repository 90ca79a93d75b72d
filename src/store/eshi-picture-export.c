/* eshi-picture-export.c: copies of pictures for others: JPEG and WebP, with how they were made.
 *
 * The EXIF block is written by hand: it is one field in two tables of one entry each.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include "eshi-picture-export.h"
#include "eshi-picture-file-private.h"
#include "eshi-picture-file.h"

#define EXIF_MARK "Exif\0\0"
#define EXIF_MARK_BYTES 6
#define MAX_EXIF_BYTES 65000

typedef struct
{
  const char *name;
  const char *suffix;
} Format;

static const Format formats[] = {
  [ESHI_PICTURE_PNG] = { "png", "png" },
  [ESHI_PICTURE_JPEG] = { "jpeg", "jpg" },
  [ESHI_PICTURE_WEBP] = { "webp", "webp" },
};

gboolean
eshi_picture_format_from_name (const char        *name,
                               EshiPictureFormat *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_ascii_strcasecmp (name, formats[i].name) == 0 || g_ascii_strcasecmp (name, formats[i].suffix) == 0)
      {
        *format = i;
        return TRUE;
      }

  return FALSE;
}

const char *
eshi_picture_format_get_suffix (EshiPictureFormat format)
{
  return formats[format].suffix;
}

/* --- EXIF --------------------------------------------------------------------------------------------------------- */

static void
append_16 (GByteArray *out,
           guint       value)
{
  const guint8 bytes[2] = { value >> 8 & 0xff, value & 0xff };

  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
append_32 (GByteArray *out,
           guint32     value)
{
  append_16 (out, value >> 16);
  append_16 (out, value & 0xffff);
}

/* A table of one entry at the end of @out. */
static void
append_table (GByteArray *out,
              guint       tag,
              guint       type,
              guint32     count,
              guint32     value)
{
  append_16 (out, 1);
  append_16 (out, tag);
  append_16 (out, type);
  append_32 (out, count);
  append_32 (out, value);
  append_32 (out, 0);
}

/* (transfer full) (nullable): an EXIF block with @text as its comment; NULL if it would be too long. */
static GByteArray *
make_exif (const char *text)
{
  gsize n_bytes = 0;
  g_autofree char *wide = g_convert (text, -1, "UTF-16BE", "UTF-8", NULL, &n_bytes, NULL);
  GByteArray *out = NULL;

  if (wide == NULL || n_bytes > MAX_EXIF_BYTES)
    return NULL;

  out = g_byte_array_new ();
  g_byte_array_append (out, (const guint8 *) "MM\0*", 4);
  append_32 (out, 8);
  append_table (out, 0x8769, 4, 1, 26);                       /* where the EXIF table is */
  append_table (out, 0x9286, 7, (guint32) (n_bytes + 8), 44); /* UserComment, undefined bytes */
  g_byte_array_append (out, (const guint8 *) "UNICODE\0", 8);
  g_byte_array_append (out, (const guint8 *) wide, (guint) n_bytes);

  return out;
}

/* --- JPEG --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  struct jpeg_error_mgr manager;
  jmp_buf               place;
  char                  message[JMSG_LENGTH_MAX];
} JpegError;

/* libjpeg's own would end the program. */
static void
fail_cb (j_common_ptr codec)
{
  JpegError *self = (JpegError *) codec->err;

  codec->err->format_message (codec, self->message);
  longjmp (self->place, 1);
}

static void
write_rows (struct jpeg_compress_struct *codec,
            EshiImage                   *image,
            const GByteArray            *exif,
            int                          quality)
{
  const guint8 *pixels = g_bytes_get_data (eshi_image_get_pixels (image), NULL);

  codec->image_width = (JDIMENSION) eshi_image_get_width (image);
  codec->image_height = (JDIMENSION) eshi_image_get_height (image);
  codec->input_components = 3;
  codec->in_color_space = JCS_RGB;
  jpeg_set_defaults (codec);
  jpeg_set_quality (codec, quality, TRUE);
  codec->comp_info[0].h_samp_factor = codec->comp_info[0].v_samp_factor = 1;
  codec->optimize_coding = TRUE;
  jpeg_start_compress (codec, TRUE);
  if (exif != NULL)
    {
      jpeg_write_m_header (codec, JPEG_APP0 + 1, exif->len + EXIF_MARK_BYTES);
      for (guint i = 0; i < EXIF_MARK_BYTES; i++)
        jpeg_write_m_byte (codec, EXIF_MARK[i]);
      for (guint i = 0; i < exif->len; i++)
        jpeg_write_m_byte (codec, exif->data[i]);
    }
  while (codec->next_scanline < codec->image_height)
    {
      JSAMPROW row = (JSAMPROW) pixels + (gsize) 3 * codec->image_width * codec->next_scanline;

      jpeg_write_scanlines (codec, &row, 1);
    }
  jpeg_finish_compress (codec);
}

/* Where it jumps back to after an error, which is in the error manager then. */
static gboolean
compress (struct jpeg_compress_struct  *codec,
          JpegError                    *failure,
          EshiImage                    *image,
          const GByteArray             *exif,
          int                           quality,
          unsigned char               **file,
          unsigned long                *n_bytes)
{
  if (setjmp (failure->place) != 0)
    return FALSE;

  jpeg_create_compress (codec);
  jpeg_mem_dest (codec, file, n_bytes);
  write_rows (codec, image, exif, quality);

  return TRUE;
}

static GBytes *
encode_jpeg (EshiImage         *image,
             const GByteArray  *exif,
             int                quality,
             GError           **error)
{
  struct jpeg_compress_struct codec = { 0 };
  JpegError failure = { 0 };
  unsigned char *file = NULL;
  unsigned long n_bytes = 0;
  GBytes *bytes = NULL;

  codec.err = jpeg_std_error (&failure.manager);
  failure.manager.error_exit = fail_cb;
  if (compress (&codec, &failure, image, exif, quality, &file, &n_bytes))
    bytes = g_bytes_new (file, n_bytes);
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                 _("The picture could not be made into a JPEG file (%s); export it as PNG."), failure.message);
  jpeg_destroy_compress (&codec);
  free (file);

  return bytes;
}

/* --- WebP --------------------------------------------------------------------------------------------------------- */

/* (transfer full): the file @picture with @exif. */
static GBytes *
add_exif (const WebPData   *picture,
          const GByteArray *exif)
{
  const WebPData block = { exif->data, exif->len };
  WebPMux *mux = WebPMuxNew ();
  WebPData whole = { 0 };
  GBytes *bytes = NULL;

  if (mux != NULL && WebPMuxSetImage (mux, picture, 0) == WEBP_MUX_OK &&
      WebPMuxSetChunk (mux, "EXIF", &block, 0) == WEBP_MUX_OK && WebPMuxAssemble (mux, &whole) == WEBP_MUX_OK)
    bytes = g_bytes_new (whole.bytes, whole.size);
  WebPDataClear (&whole);
  WebPMuxDelete (mux);

  return bytes;
}

static GBytes *
encode_webp (EshiImage         *image,
             const GByteArray  *exif,
             int                quality,
             GError           **error)
{
  int width = eshi_image_get_width (image);
  const guint8 *pixels = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  guint8 *file = NULL;
  WebPData picture = { 0 };
  GBytes *bytes = NULL;

  picture.size = WebPEncodeRGB (pixels, width, eshi_image_get_height (image), 3 * width, (float) quality, &file);
  picture.bytes = file;
  if (picture.size > 0)
    bytes = exif != NULL ? add_exif (&picture, exif) : g_bytes_new (file, picture.size);
  WebPFree (file);
  if (bytes == NULL)
    g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                         _("The picture could not be made into a WebP file; export it as PNG."));

  return bytes;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

GBytes *
eshi_picture_export_encode (EshiImage           *image,
                            const EshiSettings  *settings,
                            const char          *model_name,
                            EshiPictureFormat    format,
                            int                  quality,
                            GError             **error)
{
  g_autofree char *parameters = NULL;
  g_autoptr(GByteArray) exif = NULL;

  g_return_val_if_fail (image != NULL, NULL);
  g_return_val_if_fail (quality >= 1 && quality <= 100, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (format == ESHI_PICTURE_PNG)
    return eshi_picture_file_encode (image, settings, model_name, error);

  if (settings != NULL)
    parameters = eshi_settings_to_parameters (settings, model_name);
  if (parameters != NULL)
    exif = make_exif (parameters);

  return format == ESHI_PICTURE_JPEG ? encode_jpeg (image, exif, quality, error)
                                     : encode_webp (image, exif, quality, error);
}

gboolean
eshi_picture_export_save (const char          *path,
                          EshiImage           *image,
                          const EshiSettings  *settings,
                          const char          *model_name,
                          EshiPictureFormat    format,
                          int                  quality,
                          GError             **error)
{
  g_autoptr(GBytes) bytes = eshi_picture_export_encode (image, settings, model_name, format, quality, error);

  return bytes != NULL && _eshi_picture_file_write (path, bytes, error);
}
