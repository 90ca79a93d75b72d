/* fill.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "fill.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>

typedef struct
{
  char      *name;
  EshiShape  shape;
} Weight;

static void
weight_clear (gpointer data)
{
  g_free (((Weight *) data)->name);
}

guint64
fill_hash (const char *name)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (const char *c = name; *c != '\0'; c++)
    hash = (hash ^ (guchar) *c) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

double
fill_uniform (guint64 hash,
              guint64 k)
{
  guint64 z = hash + (k + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  z ^= z >> 31;
  return (double) (z >> 40) * 0x1p-23 - 1.0;
}

void
fill_input (const char *name,
            float      *dst,
            gsize       n)
{
  guint64 hash = fill_hash (name);

  for (gsize i = 0; i < n; i++)
    dst[i] = (float) (fill_uniform (hash, i) * sqrt (3.0));
}

void
fill_input_image (const char *name,
                  float      *dst,
                  guint       channels,
                  guint       height,
                  guint       width)
{
  guint64 hash = fill_hash (name);
  gsize area = (gsize) height * width;

  for (gsize i = 0; i < area; i++)
    for (guint c = 0; c < channels; c++)
      dst[i * channels + c] = (float) (fill_uniform (hash, c * area + i) * sqrt (3.0));
}

static void
fill_weight (const Weight *weight,
             float        *dst)
{
  guint64 hash = fill_hash (weight->name);
  gint64 n = eshi_shape_count (&weight->shape);
  gboolean gain = weight->shape.rank == 1 && g_str_has_suffix (weight->name, ".weight");
  double offset = gain ? 1.0 : 0.0;
  double scale = weight->shape.rank == 1 ? 0.1 : sqrt (3.0 / (double) (n / weight->shape.dim[0]));

  for (gint64 i = 0; i < n; i++)
    dst[i] = (float) (offset + scale * fill_uniform (hash, (guint64) i));
}

/* The autoencoder's values belong to the names its attention had in 2022. */
static char *
old_name (const char *name)
{
  static const char * const renamed[][2] = {
    { ".to_q.", ".query." },
    { ".to_k.", ".key." },
    { ".to_v.", ".value." },
    { ".to_out.0.", ".proj_attn." },
  };
  GString *old = g_string_new (name);

  for (guint i = 0; i < G_N_ELEMENTS (renamed); i++)
    g_string_replace (old, renamed[i][0], renamed[i][1], 0);
  return g_string_free (old, FALSE);
}

static void
collect_cb (const char *name,
            EshiShape   shape,
            gpointer    user_data)
{
  Weight weight = { g_strdup (name), shape };

  g_array_append_val ((GArray *) user_data, weight);
}

static GArray *
list_weights (const EshiTextConfig *text,
              const EshiUnetConfig *unet,
              const EshiVaeConfig  *vae)
{
  GArray *weights = g_array_new (FALSE, FALSE, sizeof (Weight));

  g_array_set_clear_func (weights, weight_clear);
  if (text != NULL)
    eshi_text_encoder_foreach_weight (text, collect_cb, weights);
  if (unet != NULL)
    eshi_unet_foreach_weight (unet, collect_cb, weights);
  if (vae != NULL)
    eshi_vae_foreach_weight (vae, ESHI_VAE_DECODER | ESHI_VAE_ENCODER, collect_cb, weights);

  for (guint i = 0; vae != NULL && i < weights->len; i++)
    {
      Weight *weight = &g_array_index (weights, Weight, i);
      char *old = old_name (weight->name);

      g_free (weight->name);
      weight->name = old;
    }

  return weights;
}

static GString *
make_header (GArray *weights,
             gsize  *data_size)
{
  GString *json = g_string_new ("{");

  *data_size = 0;
  for (guint i = 0; i < weights->len; i++)
    {
      const Weight *weight = &g_array_index (weights, Weight, i);
      gsize size = (gsize) eshi_shape_count (&weight->shape) * sizeof (float);

      g_string_append_printf (json, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", i > 0 ? "," : "", weight->name);
      for (guint j = 0; j < weight->shape.rank; j++)
        g_string_append_printf (json, "%s%" G_GINT64_FORMAT, j > 0 ? "," : "", weight->shape.dim[j]);
      g_string_append_printf (json, "],\"data_offsets\":[%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT "]}", *data_size,
                              *data_size + size);
      *data_size += size;
    }

  g_string_append_c (json, '}');
  while (json->len % 64 != 56)
    g_string_append_c (json, ' ');
  return json;
}

GBytes *
fill_new_file (const EshiTextConfig *text,
               const EshiUnetConfig *unet,
               const EshiVaeConfig  *vae)
{
  g_autoptr(GArray) weights = list_weights (text, unet, vae);
  g_autoptr(GString) header = NULL;
  guint64 header_size = 0;
  gsize data_size = 0;
  gsize at = 0;
  char *file = NULL;

  header = make_header (weights, &data_size);
  header_size = GUINT64_TO_LE (header->len);
  file = g_malloc (8 + header->len + data_size);
  memcpy (file, &header_size, 8);
  memcpy (file + 8, header->str, header->len);

  at = 8 + header->len;
  for (guint i = 0; i < weights->len; i++)
    {
      const Weight *weight = &g_array_index (weights, Weight, i);

      fill_weight (weight, (float *) (gpointer) (file + at));
      at += (gsize) eshi_shape_count (&weight->shape) * sizeof (float);
    }

  return g_bytes_new_take (file, at);
}

/* Weights of which nothing but the names and shapes is there: reading them takes memory. */
static EshiWeights *
new_hollow_weights (const EshiUnetConfig *unet,
                    const EshiVaeConfig  *vae)
{
  g_autoptr(GArray) weights = list_weights (NULL, unet, vae);
  gsize data_size = 0;
  g_autoptr(GString) header = make_header (weights, &data_size);
  guint64 header_size = GUINT64_TO_LE (header->len);
  gsize size = 8 + header->len + data_size;
  char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = NULL;

  g_assert_true (memory != MAP_FAILED);
  memcpy (memory, &header_size, 8);
  memcpy (memory + 8, header->str, header->len);
  bytes = g_bytes_new_static (memory, size);
  file = eshi_safetensors_new_for_bytes (bytes, "hollow", &error);
  g_assert_no_error (error);
  return eshi_weights_new (file, "hollow");
}

EshiUnet *
fill_new_hollow_unet (const EshiUnetConfig *config)
{
  g_autoptr(GError) error = NULL;
  EshiUnet *unet = eshi_unet_new (config, new_hollow_weights (config, NULL), &error);

  g_assert_no_error (error);
  return unet;
}

EshiVae *
fill_new_hollow_vae (const EshiVaeConfig *config)
{
  EshiVaeParts parts = ESHI_VAE_DECODER | ESHI_VAE_ENCODER;
  g_autoptr(GError) error = NULL;
  EshiVae *vae = eshi_vae_new (config, new_hollow_weights (NULL, config), parts, &error);

  g_assert_no_error (error);
  return vae;
}

static EshiWeights *
new_weights (const EshiTextConfig *text,
             const EshiUnetConfig *unet,
             const EshiVaeConfig  *vae)
{
  g_autoptr(GBytes) bytes = fill_new_file (text, unet, vae);
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = eshi_safetensors_new_for_bytes (bytes, "filled", &error);

  g_assert_no_error (error);
  return eshi_weights_new (file, "filled");
}

EshiTextEncoder *
fill_new_text_encoder (const EshiTextConfig *config)
{
  g_autoptr(GError) error = NULL;
  EshiTextEncoder *text = eshi_text_encoder_new (config, new_weights (config, NULL, NULL), &error);

  g_assert_no_error (error);
  return text;
}

EshiUnet *
fill_new_unet (const EshiUnetConfig *config)
{
  g_autoptr(GError) error = NULL;
  EshiUnet *unet = eshi_unet_new (config, new_weights (NULL, config, NULL), &error);

  g_assert_no_error (error);
  return unet;
}

EshiVae *
fill_new_vae (const EshiVaeConfig *config)
{
  g_autoptr(GError) error = NULL;
  EshiVae *vae = eshi_vae_new (config, new_weights (NULL, NULL, config), ESHI_VAE_DECODER | ESHI_VAE_ENCODER, &error);

  g_assert_no_error (error);
  return vae;
}
