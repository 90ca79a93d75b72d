/* test-torch-file.c: files that PyTorch wrote are read as it meant them; what is cut short or hostile is refused.
 *
 * The files are made by tests/golden/make-torch-files.py, which also says what their tensors hold.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "../parity.h"
#include "eshi-torch-file.h"
#include "eshi-weights.h"

#define MAGIC "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

static char *
get_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "torch", name, NULL);
}

static EshiTorchFile *
open_golden (const char *name)
{
  g_autofree char *path = get_path (name);
  g_autoptr(GError) error = NULL;
  EshiTorchFile *file = eshi_torch_file_open (path, &error);

  g_assert_no_error (error);
  return file;
}

/* Element @k of @name in f32 is @value; all are small multiples of 1/4, so no type rounds. */
static void
assert_element (EshiTorchFile *file,
                const char    *name,
                gint64         k,
                float          value)
{
  const EshiTensor *tensor = eshi_torch_file_lookup (file, name);
  g_autofree float *numbers = NULL;

  g_assert_nonnull (tensor);
  g_assert_cmpint (k, <, eshi_tensor_count (tensor));
  numbers = g_new (float, (gsize) eshi_tensor_count (tensor));
  eshi_convert_to_f32 (numbers, tensor->data, tensor->dtype, (gsize) eshi_tensor_count (tensor));
  g_assert_cmpfloat (numbers[k], ==, value);
}

static void
test_reads (gconstpointer name)
{
  static const char * const ramps[] = { "f32", "f16", "bf16", "f64", "tied", "tied_too", "parameter", "six" };
  g_autoptr(EshiTorchFile) file = open_golden (name);

  for (guint i = 0; i < G_N_ELEMENTS (ramps); i++)
    for (gint64 k = 0; k < 4; k++)
      assert_element (file, ramps[i], k, (float) k / 4);

  g_assert_cmpint (eshi_torch_file_lookup (file, "f64")->dtype, ==, ESHI_DTYPE_F64);
  g_assert_cmpint (eshi_torch_file_lookup (file, "i64")->dtype, ==, ESHI_DTYPE_I64);
  g_assert_cmpstr (eshi_torch_file_get_type_name (file, "i8"), ==, "I8");
  g_assert_null (eshi_torch_file_lookup (file, "i8"));
  g_assert_true (eshi_torch_file_lookup (file, "tied")->data == eshi_torch_file_lookup (file, "tied_too")->data);
  g_assert_cmpuint (eshi_torch_file_lookup (file, "six")->shape.rank, ==, 4);
  g_assert_cmpuint (eshi_torch_file_lookup (file, "scalar")->shape.rank, ==, 0);
  assert_element (file, "scalar", 0, 2.5f);
  g_assert_cmpint (eshi_tensor_count (eshi_torch_file_lookup (file, "empty")), ==, 0);

  /* [4, 3] of a [3, 4] that begins at -1; and its rows 1 and 2, columns 2 and 3. */
  for (gint64 k = 0; k < 12; k++)
    assert_element (file, "transposed", k, (float) (k % 3 * 4 + k / 3) / 4 - 1);
  for (gint64 k = 0; k < 4; k++)
    assert_element (file, "part", k, (float) ((k / 2 + 1) * 4 + k % 2 + 2) / 4 - 1);
  parity_count_row ("files of PyTorch", name, "elements that PyTorch 2.15.0 wrote", 0, G_N_ELEMENTS (ramps) * 4 + 17);
}

static void
test_kinds (void)
{
  static const char * const names[][2] = {
    { "module.bin", "0.weight" }, { "module-protocol-4.bin", "0.weight" },
    { "lightning.ckpt", "weight" }, { "little.bin", "weight" }, { "big.bin", "weight" },
    { "no-sums.bin", "weight" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(EshiTorchFile) file = open_golden (names[i][0]);

      for (gint64 k = 0; k < 6; k++)
        assert_element (file, names[i][1], k, (float) k / 4);
      g_assert_cmpint (eshi_torch_file_has_unknown (file), ==, g_str_has_suffix (names[i][0], ".ckpt"));
    }
}

static void
assert_refused (GBytes     *bytes,
                const char *says)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_torch_file_new_for_bytes (bytes, "x.bin", &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  g_assert_nonnull (strstr (error->message, "x.bin"));
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_cut (gconstpointer name)
{
  g_autofree char *path = get_path (name);
  g_autofree char *contents = NULL;
  gsize size = 0;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  for (gsize n = 97; n < size; n += 97)
    {
      g_autoptr(GBytes) bytes = g_bytes_new (contents, n);

      assert_refused (bytes, "");
    }
}

/* Pickles that follow the magic number of the old form. */
static void
test_malice (void)
{
  static const struct
  {
    const char *pickle;
    gsize size;
    const char *says;
  } cases[] = {
#define CASE(pickle, says) { MAGIC pickle, sizeof (MAGIC pickle) - 1, says }
    CASE ("\x80\x02"
          "cos\nsystem\nX\x02\0\0\0id\x85R.",
          "os system"),
    CASE ("cposix\nsystem\n.", "posix system"),
    CASE ("cnt\nsystem\n.", "nt system"),
    CASE ("csubprocess\nPopen\n.", "subprocess Popen"),
    CASE ("cbuiltins\neval\n.", "builtins eval"),
    CASE ("\x80\x04\x8c\x08"
          "builtins\x8c\x04"
          "exec\x93.",
          "builtins exec"),
    CASE ("(ios\nsystem\n.", "0x69"),
    CASE ("]r\xff\xff\xff\xff.", "too large"),
    CASE ("\x8a\xff"
          "0.",
          "too large"),
    CASE ("X\xff\xff\xff\x7f"
          "abc.",
          "cut short"),
    CASE ("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
          "abc.",
          "cut short"),
    CASE ("a.", "cut short"),
    CASE ("h\x05.", "cut short"),
    CASE ("(1.", "cut short"),
#undef CASE
  };
  g_autoptr(GString) deep = g_string_new_len (MAGIC, sizeof MAGIC - 1);
  g_autoptr(GBytes) nested = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) bytes = g_bytes_new (cases[i].pickle, cases[i].size);

      assert_refused (bytes, cases[i].says);
    }

  for (guint i = 0; i < 100000; i++)
    g_string_append (deep, i == 0 ? ")" : "\x85");
  nested = g_bytes_new (deep->str, deep->len);
  assert_refused (nested, "too large");
}

/* A folder gives the same tensors from .bin as from .safetensors. */
static void
test_folder (void)
{
  g_autofree char *torch = get_path ("text_encoder");
  g_autofree char *other = g_test_build_filename (G_TEST_DIST, "golden", "networks", "text-quick", "text_encoder", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiWeights) a = eshi_weights_open (torch, "model", &error);
  g_autoptr(EshiWeights) b = eshi_weights_open (other, "model", &error);
  g_autoptr(GPtrArray) names = NULL;

  g_assert_no_error (error);
  names = eshi_weights_list_names (b);
  g_assert_cmpuint (names->len, >, 0);
  for (guint i = 0; i < names->len; i++)
    {
      const EshiTensor *x = eshi_weights_lookup (a, g_ptr_array_index (names, i));
      const EshiTensor *y = eshi_weights_lookup (b, g_ptr_array_index (names, i));

      g_assert_true (x->dtype == y->dtype && eshi_shape_equal (&x->shape, &y->shape));
      g_assert_cmpmem (x->data, eshi_tensor_bytes (x), y->data, eshi_tensor_bytes (y));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/eshi/torch-file/reads/zip", "plain.bin", test_reads);
  g_test_add_data_func ("/eshi/torch-file/reads/legacy", "legacy.bin", test_reads);
  g_test_add_func ("/eshi/torch-file/kinds", test_kinds);
  g_test_add_data_func ("/eshi/torch-file/cut/zip", "plain.bin", test_cut);
  g_test_add_data_func ("/eshi/torch-file/cut/legacy", "legacy.bin", test_cut);
  g_test_add_func ("/eshi/torch-file/malice", test_malice);
  g_test_add_func ("/eshi/torch-file/folder", test_folder);
  return g_test_run ();
}
