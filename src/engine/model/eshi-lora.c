/* eshi-lora.c: reads the pairs of factors in a LoRA file, judges them, and adds their products to weights.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-lora.h"

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "eshi-json-text.h"

/* Far beyond any alpha that a file has been trained with, far below what f32 cannot hold. */
#define MAX_ALPHA 1e6

#define MAX_NAMES 3
#define MAX_NAME_LENGTH 80

/* The two factors of one layer. */
typedef struct
{
  EshiLoraPart      part;
  char             *module;
  const char       *key;   /* a tensor's name, for messages; the file's */
  const EshiTensor *down;  /* [r, in, …] */
  const EshiTensor *up;    /* [out, r] */
  double            alpha; /* 0: as r */
} EshiLoraPair;

struct _EshiLora
{
  char            *name;
  EshiSafetensors *file;
  GHashTable      *pairs;   /* "0 module" → EshiLoraPair */
  GPtrArray       *order;   /* the pairs in the order of the file; borrowed */
  GPtrArray       *strange; /* names of tensors that were left out; borrowed from the file */
  guint            n_merged;
};

static void
pair_free (gpointer data)
{
  EshiLoraPair *pair = data;

  g_free (pair->module);
  g_free (pair);
}

void
eshi_lora_free (EshiLora *self)
{
  if (self == NULL)
    return;

  g_ptr_array_unref (self->order);
  g_ptr_array_unref (self->strange);
  g_hash_table_unref (self->pairs);
  eshi_safetensors_free (self->file);
  g_free (self->name);
  g_free (self);
}

/* @key as messages show it: valid text of bounded length. */
static char *
show (const char *key)
{
  g_autofree char *valid = g_utf8_make_valid (key, -1);

  if (g_utf8_strlen (valid, -1) <= MAX_NAME_LENGTH)
    return g_steal_pointer (&valid);

  *g_utf8_offset_to_pointer (valid, MAX_NAME_LENGTH) = '\0';
  return g_strconcat (valid, "…", NULL);
}

/* Sets @error to @format, a sentence about the file and the tensor @key; FALSE for the caller to pass on. */
static gboolean
fail (EshiLora    *self,
      const char  *format,
      const char  *key,
      GError     **error)
{
  g_autofree char *shown = show (key);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID, format, self->name, shown);
#pragma GCC diagnostic pop
  return FALSE;
}

static EshiLoraPair *
get_pair (EshiLora           *self,
          const EshiLoraName *name,
          const char         *key)
{
  g_autofree char *id = g_strdup_printf ("%u %s", name->part, name->module);
  EshiLoraPair *pair = g_hash_table_lookup (self->pairs, id);

  if (pair != NULL)
    return pair;

  pair = g_new0 (EshiLoraPair, 1);
  pair->part = name->part;
  pair->module = g_strdup (name->module);
  pair->key = key;
  g_hash_table_insert (self->pairs, g_steal_pointer (&id), pair);
  g_ptr_array_add (self->order, pair);
  return pair;
}

static gboolean
is_factor_type (EshiDType dtype)
{
  return dtype == ESHI_DTYPE_F32 || dtype == ESHI_DTYPE_F16 || dtype == ESHI_DTYPE_BF16 || dtype == ESHI_DTYPE_F64;
}

static gboolean
check_alpha (EshiLora    *self,
             double       alpha,
             const char  *key,
             GError     **error)
{
  /* Written so that NaN fails. */
  if (fabs (alpha) <= MAX_ALPHA)
    return TRUE;

  return fail (self,
               /* Translators: the first %s is a file, the second the name of a tensor in it. */
               _("The LoRA file “%s” is damaged: its tensor “%s” is no number that could be meant. Download it again."),
               key, error);
}

static gboolean
set_alpha (EshiLora          *self,
           EshiLoraPair      *pair,
           const EshiTensor  *tensor,
           const char        *key,
           GError           **error)
{
  float value = 0;

  if (eshi_tensor_count (tensor) != 1)
    return check_alpha (self, NAN, key, error);

  eshi_convert_to_f32 (&value, tensor->data, tensor->dtype, 1);
  pair->alpha = (double) value;
  return check_alpha (self, pair->alpha, key, error);
}

static gboolean
set_factor (EshiLora          *self,
            const EshiTensor **factor,
            const EshiTensor  *tensor,
            const char        *key,
            GError           **error)
{
  if (*factor != NULL)
    return fail (self, _("The LoRA file “%s” is damaged: it names the layer of “%s” twice. Download it again."), key, error);

  *factor = tensor;
  return TRUE;
}

/* Books the tensor @key. */
static gboolean
read_tensor (EshiLora    *self,
             const char  *key,
             GError     **error)
{
  g_auto(EshiLoraName) name = { 0 };
  const EshiTensor *tensor = eshi_safetensors_lookup (self->file, key);
  EshiLoraPair *pair = NULL;

  eshi_lora_name_parse (&name, key);
  if (name.role == ESHI_LORA_REFUSED)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   /* Translators: %s is the name of a kind of file, such as DoRA or LoHa. */
                   _("“%s” is not a plain LoRA but of the kind “%s”, which this version of Eshi cannot apply. Look for a "
                     "version of it as a plain LoRA."),
                   self->name, name.kind);
      return FALSE;
    }
  if (name.role == ESHI_LORA_FOREIGN)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The LoRA “%s” was made for Stable Diffusion XL, whose parts have other sizes. Choose one that was "
                     "made for Stable Diffusion 1."),
                   self->name);
      return FALSE;
    }
  if (name.role == ESHI_LORA_STRANGE || *name.module == '\0')
    {
      g_ptr_array_add (self->strange, (gpointer) key);
      return TRUE;
    }
  if (tensor == NULL || !is_factor_type (tensor->dtype))
    return fail (self, _("The LoRA file “%s” cannot be used: its tensor “%s” has a type or shape that no LoRA has."), key, error);

  pair = get_pair (self, &name, key);
  if (name.role == ESHI_LORA_ALPHA)
    return set_alpha (self, pair, tensor, key, error);
  return set_factor (self, name.role == ESHI_LORA_DOWN ? &pair->down : &pair->up, tensor, key, error);
}

/* Whether both factors are there and agree about r. */
static gboolean
check_pair (EshiLora            *self,
            const EshiLoraPair  *pair,
            GError             **error)
{
  const EshiShape *down = pair->down != NULL ? &pair->down->shape : NULL;
  const EshiShape *up = pair->up != NULL ? &pair->up->shape : NULL;

  if (down == NULL || up == NULL)
    return fail (self,
                 _("The LoRA file “%s” is incomplete: “%s” has no counterpart. Download it again."), pair->key, error);
  if (down->rank >= 2 && up->rank >= 2 && down->dim[0] >= 1 && up->dim[1] == down->dim[0] && up->dim[2] == 1 && up->dim[3] == 1)
    return TRUE;

  return fail (self, _("The LoRA file “%s” is damaged: the shapes of “%s” and its counterpart do not fit together."),
               pair->key, error);
}

/* diffusers writes PEFT's settings into the file's metadata: {"unet.lora_alpha": 8, …}. */
static gboolean
read_metadata (EshiLora  *self,
               GError   **error)
{
  static const char *const members[] = { "unet.lora_alpha", "text_encoder.lora_alpha" };
  const char *text = eshi_safetensors_get_metadata (self->file, "lora_adapter_metadata");
  gboolean is_safe = text != NULL && eshi_json_text_is_safe (text, strlen (text));
  g_autoptr(JsonNode) node = is_safe ? json_from_string (text, NULL) : NULL;
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  for (guint i = 0; object != NULL && i < self->order->len; i++)
    {
      EshiLoraPair *pair = g_ptr_array_index (self->order, i);
      JsonNode *alpha = json_object_get_member (object, members[pair->part]);

      if (pair->alpha == 0 && alpha != NULL && JSON_NODE_HOLDS_VALUE (alpha))
        pair->alpha = json_node_get_double (alpha);
      if (!check_alpha (self, pair->alpha, pair->key, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
read_all (EshiLora  *self,
          GError   **error)
{
  for (guint i = 0; i < eshi_safetensors_get_n (self->file); i++)
    if (!read_tensor (self, eshi_safetensors_get_name (self->file, i), error))
      return FALSE;

  if (self->order->len == 0)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("“%s” is not a LoRA file: none of its tensors is named as in one."), self->name);
      return FALSE;
    }

  for (guint i = 0; i < self->order->len; i++)
    if (!check_pair (self, g_ptr_array_index (self->order, i), error))
      return FALSE;
  return read_metadata (self, error);
}

EshiLora *
eshi_lora_new (EshiSafetensors  *file,
               const char       *name,
               GError          **error)
{
  g_autoptr(EshiLora) self = g_new0 (EshiLora, 1);

  self->name = g_strdup (name);
  self->file = file;
  self->pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, pair_free);
  self->order = g_ptr_array_new ();
  self->strange = g_ptr_array_new ();
  return read_all (self, error) ? g_steal_pointer (&self) : NULL;
}

EshiLora *
eshi_lora_open (const char  *path,
                GError     **error)
{
  EshiSafetensors *file = eshi_safetensors_open (path, error);
  g_autofree char *name = NULL;

  if (file == NULL)
    return NULL;

  name = g_filename_display_basename (path);
  return eshi_lora_new (file, name, error);
}

guint
eshi_lora_count (EshiLora     *self,
                 EshiLoraPart  part)
{
  guint n = 0;

  for (guint i = 0; i < self->order->len; i++)
    n += ((const EshiLoraPair *) g_ptr_array_index (self->order, i))->part == part;
  return n;
}

guint
eshi_lora_get_n_merged (EshiLora *self)
{
  return self->n_merged;
}

/* Whether the product has the shape of @weight; sizes of 1 at the end count for nothing, so that a linear layer and a
 * 1 × 1 convolution are the same. */
static gboolean
check_fit (EshiLora            *self,
           const EshiLoraPair  *pair,
           const EshiTensor    *weight,
           GError             **error)
{
  const gint64 *w = weight->shape.dim;
  const gint64 *down = pair->down->shape.dim;

  if (down[1] == w[1] && down[2] == w[2] && down[3] == w[3] && pair->up->shape.dim[0] == w[0])
    return TRUE;

  if (down[1] != w[1] && g_str_has_suffix (pair->module, "attn2_to_k"))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The LoRA “%s” was made for another kind of model: it reads %u numbers per word, and this model has "
                     "%u. Stable Diffusion 1 has 768, Stable Diffusion 2 1024 and XL 2048."),
                   self->name, (guint) down[1], (guint) w[1]);
      return FALSE;
    }

  return fail (self, _("The LoRA “%s” does not fit this model: the layer of “%s” has another shape here."), pair->key, error);
}

/* @tensor as f32; (transfer full). */
static float *
to_f32 (const EshiTensor *tensor)
{
  gsize n = (gsize) eshi_tensor_count (tensor);
  float *values = g_try_new (float, n);

  if (values != NULL)
    eshi_convert_to_f32 (values, tensor->data, tensor->dtype, n);
  return values;
}

/* @w [rows, columns] += scale · @up [rows, rank] · @down [rank, columns]; FALSE if that gives what is no number. */
static gboolean
add_product (float       *w,
             const float *up,
             const float *down,
             gsize        rows,
             gsize        columns,
             gsize        rank,
             float        scale)
{
  gboolean finite = TRUE;

  for (gsize row = 0; row < rows && finite; row++, w += columns)
    {
      for (gsize r = 0; r < rank; r++)
        {
          const float factor = scale * up[row * rank + r];
          const float *restrict d = down + r * columns;

          for (gsize c = 0; c < columns; c++)
            w[c] += factor * d[c];
        }
      for (gsize c = 0; c < columns; c++)
        finite &= isfinite (w[c]) != 0;
    }

  return finite;
}

static gboolean
merge_pair (EshiLora            *self,
            const EshiLoraPair  *pair,
            const char          *name,
            EshiWeights         *weights,
            double               weight,
            GError             **error)
{
  const gint64 *down_dim = pair->down->shape.dim;
  gsize rank = (gsize) down_dim[0];
  double alpha = pair->alpha != 0 ? pair->alpha : (double) rank;
  g_autofree float *down = to_f32 (pair->down);
  g_autofree float *up = to_f32 (pair->up);
  float *values = eshi_weights_edit (weights, name);

  if (down == NULL || up == NULL || values == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                   _("The computer has too little memory to apply the LoRA “%s”. Close other programs, or paint without "
                     "it."),
                   self->name);
      return FALSE;
    }
  if (add_product (values, up, down, (gsize) pair->up->shape.dim[0], (gsize) (down_dim[1] * down_dim[2] * down_dim[3]), rank,
                   (float) (weight * alpha / (double) rank)))
    return TRUE;

  return fail (self, _("The LoRA file “%s” is damaged: “%s” gives values that are no numbers. Download it again."), pair->key, error);
}

gboolean
eshi_lora_merge (EshiLora       *self,
                 EshiLoraPart    part,
                 EshiLoraTable  *table,
                 EshiWeights    *weights,
                 double          weight,
                 GError        **error)
{
  if (!eshi_safetensors_check_unchanged (self->file, error))
    return FALSE;

  for (guint i = 0; i < self->order->len; i++)
    {
      const EshiLoraPair *pair = g_ptr_array_index (self->order, i);
      const char *name = pair->part == part ? eshi_lora_table_lookup (table, pair->module) : NULL;
      const EshiTensor *tensor = name != NULL ? eshi_weights_lookup (weights, name) : NULL;

      if (pair->part != part)
        continue;
      if (tensor == NULL)
        {
          g_ptr_array_add (self->strange, (gpointer) pair->key);
          continue;
        }
      if (!check_fit (self, pair, tensor, error) ||
          (weight != 0 && !merge_pair (self, pair, name, weights, weight, error)))
        return FALSE;
      self->n_merged++;
    }

  return TRUE;
}

char *
eshi_lora_dup_note (EshiLora *self)
{
  g_autoptr(GString) names = g_string_new (NULL);
  guint n = self->strange->len;

  if (n == 0)
    return NULL;

  for (guint i = 0; i < MIN (n, MAX_NAMES); i++)
    {
      g_autofree char *shown = show (g_ptr_array_index (self->strange, i));

      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", shown);
    }
  if (n > MAX_NAMES)
    g_string_append (names, ", …");

  return g_strdup_printf (
    /* Translators: the last %s is a list of names of tensors. */
    ngettext ("%u part of the LoRA “%s” belongs to no layer of this model and was left out (%s).",
              "%u parts of the LoRA “%s” belong to no layer of this model and were left out (%s).",
              n),
    n, self->name, names->str);
}
