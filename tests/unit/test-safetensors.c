/* test-safetensors.c: the reader accepts what the format allows and refuses everything else with a sentence; the writer
 * leaves a whole file or none.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eshi-safetensors.h"
#include "eshi-weights.h"

/* A file of @header and @n_data bytes 0, 1, 2, …; @header_size other than -1 is a lie about the header's length. */
static GBytes *
make_file (const char *header,
           gsize       n_data,
           gint64      header_size)
{
  GByteArray *file = g_byte_array_new ();
  guint64 size = header_size < 0 ? strlen (header) : (guint64) header_size;

  size = GUINT64_TO_LE (size);
  g_byte_array_append (file, (const guint8 *) &size, 8);
  g_byte_array_append (file, (const guint8 *) header, (guint) strlen (header));
  for (gsize i = 0; i < n_data; i++)
    {
      guint8 byte = (guint8) i;

      g_byte_array_append (file, &byte, 1);
    }

  return g_byte_array_free_to_bytes (file);
}

static EshiSafetensors *
open_header (const char  *header,
             gsize        n_data,
             GError     **error)
{
  g_autoptr(GBytes) bytes = make_file (header, n_data, -1);

  return eshi_safetensors_new_for_bytes (bytes, "test.safetensors", error);
}

static void
test_reads (void)
{
  /* Out of order, unaligned, escaped, padded, with metadata, an unknown key, a rank of 0 and an empty tensor. */
  static const char header[] =
    "{\"b\\u3042\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[24,26]},"
    "\"__metadata__\":{\"format\":\"pt\",\"a\":\"\\\"\"},"
    " \"a\" : { \"shape\" : [ 2 , 3 ] , \"x\" : [ { \"y\" : -1.5e3 } , null ] , \"dtype\" : \"F32\" ,"
    "\"data_offsets\":[0,24]},\"empty\":{\"dtype\":\"I64\",\"shape\":[4,0],\"data_offsets\":[26,26]},"
    "\"bool\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[26,27]}}   ";
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = open_header (header, 27, &error);
  const EshiTensor *a = NULL;
  const EshiTensor *b = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (eshi_safetensors_get_n (file), ==, 4);
  g_assert_cmpstr (eshi_safetensors_get_name (file, 0), ==, "a");

  a = eshi_safetensors_lookup (file, "a");
  g_assert_nonnull (a);
  g_assert_cmpint (a->dtype, ==, ESHI_DTYPE_F32);
  g_assert_cmpuint (a->shape.rank, ==, 2);
  g_assert_cmpint (a->shape.dim[0], ==, 2);
  g_assert_cmpint (a->shape.dim[1], ==, 3);
  g_assert_cmpuint (((const guint8 *) a->data)[5], ==, 5);

  b = eshi_safetensors_lookup (file, "bあ");
  g_assert_nonnull (b);
  g_assert_cmpint (eshi_tensor_count (b), ==, 1);
  g_assert_cmpuint (((const guint8 *) b->data)[0], ==, 24);

  g_assert_cmpint (eshi_tensor_count (eshi_safetensors_lookup (file, "empty")), ==, 0);
  g_assert_null (eshi_safetensors_lookup (file, "bool"));
  g_assert_cmpstr (eshi_safetensors_get_type_name (file, "bool"), ==, "BOOL");
  g_assert_null (eshi_safetensors_lookup (file, "c"));
  g_assert_cmpstr (eshi_safetensors_get_metadata (file, "format"), ==, "pt");
  g_assert_cmpstr (eshi_safetensors_get_metadata (file, "a"), ==, "\"");
}

/* More than four dimensions are usable once leading ones of size 1 are dropped. */
static void
test_rank (void)
{
  static const char header[] =
    "{\"five\":{\"dtype\":\"U8\",\"shape\":[1,1,2,1,3],\"data_offsets\":[0,6]},"
    "\"wide\":{\"dtype\":\"U8\",\"shape\":[2,1,1,1,1],\"data_offsets\":[6,8]}}";
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = open_header (header, 8, &error);
  const EshiTensor *five = NULL;

  g_assert_no_error (error);
  five = eshi_safetensors_lookup (file, "five");
  g_assert_nonnull (five);
  g_assert_cmpuint (five->shape.rank, ==, 4);
  g_assert_cmpint (five->shape.dim[0], ==, 1);
  g_assert_cmpint (five->shape.dim[3], ==, 3);
  g_assert_null (eshi_safetensors_lookup (file, "wide"));
}

typedef struct
{
  const char *name;
  const char *header;
  gsize       n_data;
  int         code;
  const char *says; /* part of the sentence in English */
} Hostile;

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const Hostile hostile[] = {
  { "empty-table-with-data", "{}", 1, ESHI_ERROR_MODEL_INVALID, "no tensor" },
  { "not-an-object", "[]", 0, ESHI_ERROR_MODEL_INVALID, "begin" },
  { "space-first", " {}", 0, ESHI_ERROR_MODEL_INVALID, "begin" },
  { "cut-json", "{\"a\":{\"dtype\":\"F32\"", 0, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "trailing-json", "{}{}", 0, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "bad-utf8", "{\"\xff\":" T ("U8", "[1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "bad-escape", "{\"\\q\":" T ("U8", "[1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "nul-escape", "{\"a\\u0000b\":" T ("U8", "[1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "lone-surrogate", "{\"\\ud800\":" T ("U8", "[1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "trailing-comma", "{\"a\":" T ("U8", "[1]", "[0,1]") ",}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "leading-zero", "{\"a\":" T ("U8", "[01]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "fraction", "{\"a\":" T ("U8", "[1.0]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "negative", "{\"a\":" T ("U8", "[-1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "three-offsets", "{\"a\":" T ("U8", "[1]", "[0,1,2]") "}", 1, ESHI_ERROR_MODEL_INVALID, "dimensions" },
  { "one-offset", "{\"a\":" T ("U8", "[1]", "[0]") "}", 1, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "huge-number", "{\"a\":" T ("U8", "[99999999999999999999]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "too large" },
  { "rank-9", "{\"a\":" T ("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "dimensions" },
  { "overflow", "{\"a\":" T ("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, ESHI_ERROR_MODEL_INVALID, "does not fit" },
  { "wraps-to-size", "{\"a\":" T ("U8", "[4611686018427387905,4]", "[0,4]") "}", 4, ESHI_ERROR_MODEL_INVALID,
    "does not fit" },
  { "wrong-size", "{\"a\":" T ("F32", "[2]", "[0,4]") "}", 4, ESHI_ERROR_MODEL_INVALID, "does not fit" },
  { "beyond-end", "{\"a\":" T ("F32", "[2]", "[0,8]") "}", 7, ESHI_ERROR_MODEL_INVALID, "cut short" },
  { "backwards", "{\"a\":" T ("F32", "[0]", "[4,0]") "}", 4, ESHI_ERROR_MODEL_INVALID, "beyond" },
  { "overlap", "{\"a\":" T ("U8", "[4]", "[0,4]") ",\"b\":" T ("U8", "[4]", "[2,6]") "}", 6, ESHI_ERROR_MODEL_INVALID,
    "overlaps" },
  { "hole", "{\"a\":" T ("U8", "[2]", "[0,2]") ",\"b\":" T ("U8", "[2]", "[3,5]") "}", 5, ESHI_ERROR_MODEL_INVALID,
    "gap before tensor “b”" },
  { "late-start", "{\"a\":" T ("U8", "[2]", "[1,3]") "}", 3, ESHI_ERROR_MODEL_INVALID, "gap" },
  { "early-end", "{\"a\":" T ("U8", "[2]", "[0,2]") "}", 3, ESHI_ERROR_MODEL_INVALID, "no tensor" },
  { "duplicate-tensor", "{\"a\":" T ("U8", "[2]", "[0,2]") ",\"\\u0061\":" T ("U8", "[2]", "[2,4]") "}", 4,
    ESHI_ERROR_MODEL_INVALID, "twice" },
  { "duplicate-key", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
    ESHI_ERROR_MODEL_INVALID, "twice" },
  { "duplicate-metadata", "{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}}", 0, ESHI_ERROR_MODEL_INVALID, "twice" },
  { "two-metadata", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, ESHI_ERROR_MODEL_INVALID, "twice" },
  { "metadata-number", "{\"__metadata__\":{\"a\":1}}", 0, ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "no-shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, ESHI_ERROR_MODEL_INVALID, "lacks" },
  { "unknown-type", "{\"a\":" T ("Q3", "[1]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "unknown type" },
  { "half-bytes", "{\"a\":" T ("F4", "[3]", "[0,1]") "}", 1, ESHI_ERROR_MODEL_INVALID, "does not fit" },
  { "sub-byte", "{\"a\":" T ("F4", "[2]", "[0,1]") "}", 1, ESHI_ERROR_UNSUPPORTED, "F4" },
};

static void
assert_sentence (const GError *error,
                 const char   *file,
                 const char   *says)
{
  g_assert_nonnull (strstr (error->message, file));
  g_assert_nonnull (strstr (error->message, says));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
test_hostile (gconstpointer data)
{
  const Hostile *test = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = open_header (test->header, test->n_data, &error);

  g_assert_null (file);
  g_assert_error (error, ESHI_ERROR, test->code);
  assert_sentence (error, "test.safetensors", test->says);
}

static void
test_deep (void)
{
  g_autoptr(GString) header = g_string_new ("{\"a\":{\"x\":");
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append_c (header, '[');
  file = open_header (header->str, 0, &error);
  g_assert_null (file);
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  assert_sentence (error, "test.safetensors", "deep");
}

static void
test_header_length (void)
{
  static const gint64 lengths[] = { 3, 100000001, G_MAXINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GBytes) bytes = make_file ("{}", 0, lengths[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiSafetensors) file = eshi_safetensors_new_for_bytes (bytes, "long", &error);

      g_assert_null (file);
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
      assert_sentence (error, "long", "length");
    }
}

/* Every beginning of a sound file is refused, and none reads beyond its end. */
static void
test_truncated (void)
{
  g_autoptr(GBytes) whole = make_file ("{\"a\":" T ("F32", "[2,2]", "[0,16]") "}", 16, -1);

  for (gsize size = 0; size < g_bytes_get_size (whole); size++)
    {
      /* A copy of its own, so that a sanitizer sees its end. */
      g_autoptr(GBytes) part = g_bytes_new (g_bytes_get_data (whole, NULL), size);
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiSafetensors) file = eshi_safetensors_new_for_bytes (part, "part", &error);

      g_assert_null (file);
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
      assert_sentence (error, "part", "“part”");
    }
}

static char *
make_folder (void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("eshi-safetensors-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
write_file (const char *folder,
            const char *name,
            const char *contents,
            gssize      size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, contents, size, &error);
  g_assert_no_error (error);
}

static void
remove_folder (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_round_trip (void)
{
  static const gint64 dims[][2] = { { 2, 3 }, { 2, 0 } };
  static const float values[] = { 1, 2, 3, 4, 5, 6 };
  static const gint64 ids[] = { 7, -8 };
  const EshiSafetensorsEntry entries[] = {
    { "values", ESHI_DTYPE_F32, 2, dims[0], values },
    { "i\"ds", ESHI_DTYPE_I64, 1, dims[0], ids },
    { "empty", ESHI_DTYPE_U8, 2, dims[1], values },
    { "one", ESHI_DTYPE_F32, 0, NULL, values },
  };
  g_autofree char *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "out.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = NULL;

  eshi_safetensors_write (path, entries, G_N_ELEMENTS (entries), &error);
  g_assert_no_error (error);
  file = eshi_safetensors_open (path, &error);
  g_assert_no_error (error);

  g_assert_cmpuint (eshi_safetensors_get_n (file), ==, 4);
  g_assert_cmpmem (eshi_safetensors_lookup (file, "values")->data, sizeof values, values, sizeof values);
  g_assert_cmpmem (eshi_safetensors_lookup (file, "i\"ds")->data, sizeof ids, ids, sizeof ids);
  g_assert_cmpuint (eshi_safetensors_lookup (file, "one")->shape.rank, ==, 0);
  remove_folder (folder);
}

static void
test_write_fails_whole (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "missing", "out.safetensors", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (eshi_safetensors_write (path, NULL, 0, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_folder (folder);
}

/* A file that shrinks after it was opened is noticed before its weights are read. */
static void
test_shrunk (void)
{
  static const float values[1024] = { 0 };
  static const gint64 dim = 1024;
  const EshiSafetensorsEntry entry = { "values", ESHI_DTYPE_F32, 1, &dim, values };
  g_autofree char *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "out.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = NULL;

  eshi_safetensors_write (path, &entry, 1, &error);
  g_assert_no_error (error);
  file = eshi_safetensors_open (path, &error);
  g_assert_no_error (error);
  g_assert_true (eshi_safetensors_check_unchanged (file, &error));

  g_assert_cmpint (truncate (path, 100), ==, 0);
  g_assert_false (eshi_safetensors_check_unchanged (file, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  assert_sentence (error, "out.safetensors", "shorter");
  remove_folder (folder);
}

typedef struct
{
  const char *file;     /* name in the component's folder; NULL for an empty folder */
  const char *contents;
  int         code;
  const char *says;
} Wrong;

static void
test_wrong_files (void)
{
  static const Wrong wrong[] = {
    { NULL, NULL, ESHI_ERROR_MODEL_MISSING, "model.safetensors" },
    { "pytorch_model.bin", "PK\003\004", ESHI_ERROR_MODEL_INVALID, "list of contents" },
    { "model.safetensors", "version https://git-lfs.github.com/spec/v1\n", ESHI_ERROR_MODEL_INVALID, "placeholder" },
    { "model.safetensors", "{\"error\":\"Access to model is restricted\"}", ESHI_ERROR_MODEL_INVALID, "message" },
    { "model.safetensors", "PK\003\004zip zip zip", ESHI_ERROR_MODEL_INVALID, "list of contents" },
    { "model.safetensors", "GGUF........", ESHI_ERROR_UNSUPPORTED, "GGUF" },
    { "model.safetensors", "", ESHI_ERROR_MODEL_INVALID, "too short" },
    { "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"../b\"}}", ESHI_ERROR_MODEL_INVALID, "weight_map" },
    { "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"b.safetensors\"}}", ESHI_ERROR_MODEL_MISSING, "b.safe" },
    { "model.safetensors.index.json", "[[[[[[", ESHI_ERROR_MODEL_INVALID, "JSON" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *folder = make_folder ();
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiWeights) weights = NULL;

      if (wrong[i].file != NULL)
        write_file (folder, wrong[i].file, wrong[i].contents, -1);
      weights = eshi_weights_open (folder, "model", &error);
      g_assert_null (weights);
      g_assert_error (error, ESHI_ERROR, wrong[i].code);
      assert_sentence (error, folder, wrong[i].says);
      remove_folder (folder);
    }
}

static void
test_not_plain (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_autoptr(GError) error = NULL;

  /* Opening it for reading would wait for a writer forever. */
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_null (eshi_safetensors_open (fifo, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  g_clear_error (&error);
  g_assert_null (eshi_safetensors_open (folder, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  remove_folder (folder);
}

static void
write_tensor (const char *folder,
              const char *file,
              const char *name)
{
  static const float value = 1;
  static const gint64 dim = 1;
  const EshiSafetensorsEntry entry = { name, ESHI_DTYPE_F32, 1, &dim, &value };
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr(GError) error = NULL;

  eshi_safetensors_write (path, &entry, 1, &error);
  g_assert_no_error (error);
}

static void
test_shards (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiWeights) weights = NULL;

  write_tensor (folder, "model-00001-of-00002.safetensors", "a");
  write_tensor (folder, "model-00002-of-00002.safetensors", "b");
  write_file (folder, "model.safetensors.index.json",
              "{\"metadata\":{\"total_size\":8},\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\","
              "\"b\":\"model-00002-of-00002.safetensors\"}}",
              -1);
  weights = eshi_weights_open (folder, "model", &error);
  g_assert_no_error (error);
  g_assert_nonnull (eshi_weights_lookup (weights, "a"));
  g_assert_nonnull (eshi_weights_lookup (weights, "b"));
  g_assert_null (eshi_weights_lookup (weights, "c"));
  g_clear_pointer (&weights, eshi_weights_free);

  /* A variant is taken where the plain file is missing, and the plain one before it. */
  write_tensor (folder, "model.fp16.safetensors", "half");
  weights = eshi_weights_open (folder, "model", &error);
  g_assert_no_error (error);
  g_assert_nonnull (eshi_weights_lookup (weights, "half"));
  remove_folder (folder);
}

static void
test_old_names (void)
{
  static const char * const names[][2] = {
    { "decoder.mid_block.attentions.0.query.weight", "decoder.mid_block.attentions.0.to_q.weight" },
    { "decoder.mid_block.attentions.0.q.weight", "decoder.mid_block.attentions.0.to_q.weight" },
    { "decoder.mid_block.attentions.0.proj_attn.bias", "decoder.mid_block.attentions.0.to_out.0.bias" },
    { "decoder.mid_block.attentions.0.proj_out.bias", "decoder.mid_block.attentions.0.to_out.0.bias" },
    { "decoder.mid_block.attentions.0.norm.bias", "decoder.mid_block.attentions.0.group_norm.bias" },
    { "embeddings.token_embedding.weight", "text_model.embeddings.token_embedding.weight" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *folder = make_folder ();
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiWeights) weights = NULL;

      write_tensor (folder, "model.safetensors", names[i][0]);
      weights = eshi_weights_open (folder, "model", &error);
      g_assert_no_error (error);
      g_assert_nonnull (eshi_weights_lookup (weights, names[i][1]));
      g_assert_null (eshi_weights_lookup (weights, "decoder.mid_block.attentions.0.to_k.weight"));
      remove_folder (folder);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/safetensors/reads", test_reads);
  g_test_add_func ("/eshi/safetensors/rank", test_rank);
  g_test_add_func ("/eshi/safetensors/deep", test_deep);
  g_test_add_func ("/eshi/safetensors/header-length", test_header_length);
  g_test_add_func ("/eshi/safetensors/truncated", test_truncated);
  g_test_add_func ("/eshi/safetensors/round-trip", test_round_trip);
  g_test_add_func ("/eshi/safetensors/write-fails-whole", test_write_fails_whole);
  g_test_add_func ("/eshi/safetensors/shrunk", test_shrunk);
  g_test_add_func ("/eshi/safetensors/not-plain", test_not_plain);
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/safetensors/hostile/", hostile[i].name, NULL);

      g_test_add_data_func (path, &hostile[i], test_hostile);
    }
  g_test_add_func ("/eshi/weights/wrong-files", test_wrong_files);
  g_test_add_func ("/eshi/weights/shards", test_shards);
  g_test_add_func ("/eshi/weights/old-names", test_old_names);
  return g_test_run ();
}
