/* test-torch-malice.c: files made to do harm are refused in words, at once, and nothing in them is run.
 *
 * Archives are built here byte by byte after PKWARE's APPNOTE.TXT, and pickles after Python's pickletools, so that each
 * lie stands alone in a file that is otherwise good; the good one is read first.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "eshi-torch-file.h"
#include "eshi-weights.h"

#define LEGACY "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

/* What a refusal may take of one processor. AddressSanitizer makes it some five times slower. */
#define MAX_SECONDS 1.0
#define SANITIZER_FACTOR 8.0

#define N_NUMBERS 6

typedef struct
{
  GByteArray *file;
  GByteArray *directory;
  guint       n;
} Zip;

static void
put (GByteArray *array,
     guint64     value,
     guint       n)
{
  for (guint i = 0; i < n; i++)
    {
      guint8 byte = i < 8 ? (guint8) (value >> (8 * i)) : 0;

      g_byte_array_append (array, &byte, 1);
    }
}

static void
patch (GByteArray *array,
       guint       at,
       guint64     value,
       guint       n)
{
  g_assert_cmpuint (at + n, <=, array->len);
  for (guint i = 0; i < n; i++)
    array->data[at + i] = (guint8) (value >> (8 * i));
}

/* CRC-32 bit by bit, as APPNOTE.TXT 4.4.7 words it. */
static guint32
get_crc (const guint8 *data,
         gsize         size)
{
  guint32 crc = G_MAXUINT32;

  for (gsize i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
  return ~crc;
}

static void
zip_init (Zip *self)
{
  *self = (Zip) { g_byte_array_new (), g_byte_array_new (), 0 };
}

/* Adds a stored part; gives the place of its record in the directory. */
static guint
zip_add (Zip        *self,
         const char *name,
         const void *data,
         gsize       size)
{
  guint record = self->directory->len;
  guint32 crc = get_crc (data, size);
  guint begin = self->file->len;

  g_byte_array_append (self->file, (const guint8 *) "PK\003\004", 4);
  put (self->file, 0, 2 + 2 + 2 + 4);
  put (self->file, crc, 4);
  put (self->file, size, 4);
  put (self->file, size, 4);
  put (self->file, strlen (name), 2);
  put (self->file, 0, 2);
  g_byte_array_append (self->file, (const guint8 *) name, (guint) strlen (name));
  g_byte_array_append (self->file, data, (guint) size);

  g_byte_array_append (self->directory, (const guint8 *) "PK\001\002", 4);
  put (self->directory, 0, 2 + 2 + 2 + 2 + 4);
  put (self->directory, crc, 4);
  put (self->directory, size, 4);
  put (self->directory, size, 4);
  put (self->directory, strlen (name), 2);
  put (self->directory, 0, 2 + 2 + 2 + 2 + 4);
  put (self->directory, begin, 4);
  g_byte_array_append (self->directory, (const guint8 *) name, (guint) strlen (name));
  self->n++;
  return record;
}

/* The whole archive: a block of exactly its size, so that AddressSanitizer sees the first byte read beyond it. */
static GBytes *
zip_end (Zip *self)
{
  guint at = self->file->len;
  GBytes *bytes = NULL;

  g_byte_array_append (self->file, self->directory->data, self->directory->len);
  g_byte_array_append (self->file, (const guint8 *) "PK\005\006", 4);
  put (self->file, 0, 4);
  put (self->file, self->n, 2);
  put (self->file, self->n, 2);
  put (self->file, self->directory->len, 4);
  put (self->file, at, 4);
  put (self->file, 0, 2);
  bytes = g_bytes_new (self->file->data, self->file->len);
  g_byte_array_unref (self->file);
  g_byte_array_unref (self->directory);
  return bytes;
}

static void
put_text (GByteArray *pickle,
          const char *text)
{
  put (pickle, 'X', 1);
  put (pickle, strlen (text), 4);
  g_byte_array_append (pickle, (const guint8 *) text, (guint) strlen (text));
}

static void
put_code (GByteArray *pickle,
          const char *code)
{
  g_byte_array_append (pickle, (const guint8 *) code, (guint) strlen (code));
}

/* LONG1 of eight bytes. */
static void
put_number (GByteArray *pickle,
            gint64      number)
{
  put (pickle, 0x8a, 1);
  put (pickle, 8, 1);
  put (pickle, (guint64) number, 8);
}

static void
put_tuple (GByteArray   *pickle,
           const gint64 *numbers,
           guint         n)
{
  put (pickle, '(', 1);
  for (guint i = 0; i < n; i++)
    put_number (pickle, numbers[i]);
  put (pickle, 't', 1);
}

/* Where a tensor claims to lie. */
typedef struct
{
  const char *key;
  gint64      n_stored;
  gint64      offset;
  guint       rank;
  guint       n_strides;
  gint64      dim[10];
  gint64      stride[10];
} Claim;

static const Claim honest = { "0", N_NUMBERS, 0, 2, 2, { 2, 3 }, { 3, 1 } };

/* {"w": a float32 tensor}, as torch.save() writes it. */
static GByteArray *
make_pickle (const Claim *claim)
{
  GByteArray *pickle = g_byte_array_new ();

  put (pickle, 0x0280, 2);
  put_code (pickle, "}");
  put_text (pickle, "w");
  put_code (pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
  put_text (pickle, "storage");
  put_code (pickle, "ctorch\nFloatStorage\n");
  put_text (pickle, claim->key);
  put_text (pickle, "cpu");
  put_number (pickle, claim->n_stored);
  put_code (pickle, "tQ");
  put_number (pickle, claim->offset);
  put_tuple (pickle, claim->dim, claim->rank);
  put_tuple (pickle, claim->stride, claim->n_strides);
  put (pickle, 0x89, 1);
  put_code (pickle, "ccollections\nOrderedDict\n)RtRs.");
  return pickle;
}

static void
add_honest_parts (Zip   *zip,
                  guint  record[2])
{
  static const float numbers[N_NUMBERS] = { 0, 1, 2, 3, 4, 5 };
  g_autoptr(GByteArray) pickle = make_pickle (&honest);

  record[0] = zip_add (zip, "archive/data.pkl", pickle->data, pickle->len);
  record[1] = zip_add (zip, "archive/data/0", numbers, sizeof numbers);
}

static double
get_limit (void)
{
#ifdef __SANITIZE_ADDRESS__
  return MAX_SECONDS * SANITIZER_FACTOR;
#else
  return MAX_SECONDS;
#endif
}

/* Refused with a whole sentence that holds @says, before a second of computing is over. */
static void
assert_refused (GBytes     *bytes,
                const char *says)
{
  g_autoptr(GError) error = NULL;
  clock_t begin = clock ();
  EshiTorchFile *file = eshi_torch_file_new_for_bytes (bytes, "x.bin", &error);

  g_assert_cmpfloat ((double) (clock () - begin) / CLOCKS_PER_SEC, <, get_limit ());
  g_assert_null (file);
  g_assert_true (error != NULL && error->domain == ESHI_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL) && g_str_has_suffix (error->message, "."));
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static void
assert_pickle_refused (const void *pickle,
                       gsize       size,
                       const char *says)
{
  g_autoptr(GBytes) bytes = NULL;
  Zip zip;

  zip_init (&zip);
  zip_add (&zip, "archive/data.pkl", pickle, size);
  bytes = zip_end (&zip);
  assert_refused (bytes, says);
}

static void
test_honest (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(EshiTorchFile) file = NULL;
  float numbers[N_NUMBERS];
  guint record[2];
  Zip zip;

  zip_init (&zip);
  add_honest_parts (&zip, record);
  bytes = zip_end (&zip);
  file = eshi_torch_file_new_for_bytes (bytes, "x.bin", &error);
  g_assert_no_error (error);
  memcpy (numbers, eshi_torch_file_lookup (file, "w")->data, sizeof numbers);
  for (guint i = 0; i < N_NUMBERS; i++)
    g_assert_cmpfloat (numbers[i], ==, (float) i);
}

/* One field of one record of the directory says something else. */
static void
test_directory (void)
{
  static const struct
  {
    guint part;
    guint at;
    guint n;
    guint64 value;
    const char *says;
  } lies[] = {
    { 1, 10, 2, 8, "compressed" },
    { 1, 8, 2, 1, "encrypted" },
    { 1, 20, 4, 7, "contents" },
    { 1, 20, 8, 0x0000100000001000, "outside" },
    { 1, 20, 8, 0xfffffffefffffffe, "outside" },
    { 1, 20, 8, 0xffffffffffffffff, "contents" },
    { 1, 42, 4, 0, "contents" },
    { 1, 42, 4, 0x7fffffff, "contents" },
    { 1, 42, 4, 0xffffffff, "contents" },
    { 1, 28, 2, 0, "contents" },
    { 1, 28, 2, 0xffff, "contents" },
    { 1, 30, 2, 0xffff, "contents" },
    { 1, 32, 2, 0xffff, "contents" },
    { 1, 34, 2, 1, "contents" },
    { 0, 16, 4, 0x12345678, "not what was packed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autoptr(GBytes) bytes = NULL;
      guint record[2];
      Zip zip;

      zip_init (&zip);
      add_honest_parts (&zip, record);
      patch (zip.directory, record[lies[i].part] + lies[i].at, lies[i].value, lies[i].n);
      bytes = zip_end (&zip);
      assert_refused (bytes, lies[i].says);
    }
}

/* Fields of the record at the very end, counted from there. */
static void
test_end (void)
{
  static const struct
  {
    guint from_end;
    guint n;
    guint64 value;
  } lies[] = {
    { 18, 2, 1 }, { 14, 2, 0xffff }, { 14, 4, 0xffffffff }, { 12, 2, 1 }, { 10, 4, 0xffffffff },
    { 10, 4, 1 },
    { 6, 4, 0 },
    { 6, 4, 0xffffffff },
    { 6, 4, 0x7fffffff },
    { 2, 2, 9 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(GByteArray) copy = NULL;
      g_autoptr(GBytes) spoilt = NULL;
      guint record[2];
      Zip zip;

      zip_init (&zip);
      add_honest_parts (&zip, record);
      bytes = zip_end (&zip);
      copy = g_bytes_unref_to_array (g_steal_pointer (&bytes));
      patch (copy, copy->len - lies[i].from_end, lies[i].value, lies[i].n);
      spoilt = g_bytes_new (copy->data, copy->len);
      assert_refused (spoilt, "contents");
    }
}

/* A record for large archives that contradicts the small one, lies about itself, or lies outside. */
static void
test_zip64 (void)
{
  static const struct
  {
    guint64 n_here;
    guint64 n;
    guint64 size;
    guint64 at;
    guint64 record;
  } lies[] = {
    { 2, 3, 0, 0, 0 }, { G_MAXUINT64, G_MAXUINT64, 0, 0, 0 }, { 2, 2, G_MAXUINT64, 0, 0 },
    { 2, 2, 0, G_MAXUINT64, 0 },
    { 2, 2, 0, 0, G_MAXUINT64 },
    { 2, 2, 1, 0, 0 },
    { 2, 2, 0, 1, 0 },
    { G_MAXUINT64 / 46, G_MAXUINT64 / 46, G_MAXUINT64 - 100, 100, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autoptr(GBytes) bytes = NULL;
      guint record[2];
      guint at = 0;
      Zip zip;

      zip_init (&zip);
      add_honest_parts (&zip, record);
      at = zip.file->len;
      put_code (zip.directory, "PK\006\006");
      put (zip.directory, 44, 8);
      put (zip.directory, 0, 2 + 2 + 4 + 4);
      put (zip.directory, lies[i].n_here, 8);
      put (zip.directory, lies[i].n, 8);
      put (zip.directory, lies[i].size, 8);
      put (zip.directory, lies[i].at, 8);
      put_code (zip.directory, "PK\006\007");
      put (zip.directory, 0, 4);
      put (zip.directory, lies[i].record != 0 ? lies[i].record : at, 8);
      put (zip.directory, 1, 4);
      bytes = zip_end (&zip);
      assert_refused (bytes, "contents");
    }
}

static void
test_parts (void)
{
  static const struct
  {
    const char *name;
    const char *says;
  } extra[] = {
    { "archive/data.pkl", "twice" },
    { "archive/data/0", "twice" },
    { "other/data.pkl", "none of a PyTorch file" },
    { "archive/../../etc/passwd", "none of a PyTorch file" },
    { "../data/1", "none of a PyTorch file" },
    { "/data/1", "none of a PyTorch file" },
    { "archive/data/../1", "none of a PyTorch file" },
    { "archive/data/-1", "none of a PyTorch file" },
    { "archive/data/", "none of a PyTorch file" },
    { "archive/code/__torch__.py", "none of a PyTorch file" },
    { "archive\\data\\1", "none of a PyTorch file" },
    { "\xff\xfe/data/1", "contents" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (extra); i++)
    {
      g_autoptr(GBytes) bytes = NULL;
      guint record[2];
      Zip zip;

      zip_init (&zip);
      add_honest_parts (&zip, record);
      zip_add (&zip, extra[i].name, "x", 1);
      bytes = zip_end (&zip);
      assert_refused (bytes, extra[i].says);
    }
}

static void
test_parts_only_above (void)
{
  g_autoptr(GByteArray) pickle = make_pickle (&honest);
  g_autoptr(GBytes) bytes = NULL;
  Zip zip;

  zip_init (&zip);
  zip_add (&zip, "../data.pkl", pickle->data, pickle->len);
  bytes = zip_end (&zip);
  assert_refused (bytes, "none of a PyTorch file");
}

/* A second record that shows the same bytes under another name, as an archive of one small part posing as terabytes
 * does. */
static void
test_overlap (void)
{
  g_autoptr(GBytes) bytes = NULL;
  guint record[2];
  guint inner = 0;
  Zip zip;

  zip_init (&zip);
  add_honest_parts (&zip, record);
  inner = zip_add (&zip, "archive/data/1", "PK\003\004", 4);
  patch (zip.directory, record[1] + 20, sizeof (float) * N_NUMBERS + 30, 4);
  patch (zip.directory, record[1] + 24, sizeof (float) * N_NUMBERS + 30, 4);
  g_assert_cmpuint (inner, >, 0);
  bytes = zip_end (&zip);
  assert_refused (bytes, "overlaps");
}

/* Many parts are no offence, and cost no more than in proportion. */
static void
test_many_parts (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(EshiTorchFile) file = NULL;
  clock_t begin = 0;
  guint record[2];
  Zip zip;

  zip_init (&zip);
  add_honest_parts (&zip, record);
  for (guint i = 1; i <= 60000; i++)
    {
      g_autofree char *name = g_strdup_printf ("archive/data/%u", i);

      zip_add (&zip, name, "", 0);
    }
  bytes = zip_end (&zip);
  begin = clock ();
  file = eshi_torch_file_new_for_bytes (bytes, "x.bin", &error);
  g_assert_no_error (error);
  g_assert_cmpfloat ((double) (clock () - begin) / CLOCKS_PER_SEC, <, get_limit ());
}

/* Every way that a pickle has of calling a function; the command would leave a file behind. */
static void
test_calls (void)
{
  static const char * const globals[][2] = {
    { "os", "system" }, { "posix", "system" }, { "nt", "system" }, { "subprocess", "call" },
    { "builtins", "eval" }, { "builtins", "exec" }, { "__builtin__", "eval" }, { "runpy", "run_path" },
    { "socket", "create_connection" }, { "shutil", "rmtree" }, { "sys", "exit" }, { "torch", "serialization.os.system" },
    { "importlib", "import_module" }, { "os.path", "join" },
  };
  g_autofree char *folder = g_dir_make_tmp ("eshi-malice-XXXXXX", NULL);
  g_autofree char *canary = g_build_filename (folder, "canary", NULL);
  g_autofree char *command = g_strdup_printf ("touch '%s'", canary);

  for (guint i = 0; i < G_N_ELEMENTS (globals); i++)
    for (guint form = 0; form < 6; form++)
      {
        g_autoptr(GByteArray) pickle = g_byte_array_new ();
        g_autofree char *global = g_strdup_printf ("c%s\n%s\n", globals[i][0], globals[i][1]);
        g_autofree char *inst = g_strdup_printf ("i%s\n%s\n", globals[i][0], globals[i][1]);

        put (pickle, 0x0480, 2);
        if (form == 3 || form == 4)
          put_code (pickle, "(");
        if (form == 1)
          {
            put_text (pickle, globals[i][0]);
            put_text (pickle, globals[i][1]);
            put_code (pickle, "\x93");
          }
        else if (form != 3)
          {
            put_code (pickle, global);
          }
        put_text (pickle, command);
        put_code (pickle, form == 2 ? "\x85\x81" : form == 3 ? inst : form == 4 ? "o" : form == 5 ? "\x85}\x92" : "\x85R");
        put_code (pickle, "}b.");
        assert_pickle_refused (pickle->data, pickle->len, form == 3 ? "0x69" : "tries to run a program");
      }

  g_assert_false (g_file_test (canary, G_FILE_TEST_EXISTS));
  g_rmdir (folder);
}

/* The same under names that do no harm by themselves: read, and left as they are. */
static void
test_unknown_calls (void)
{
  static const struct
  {
    const char *code;
    gsize size;
  } calls[] = {
#define CALL(code) { code, sizeof code - 1 }
    CALL ("cbuiltins\ngetattr\n(X\x01\0\0\0"
          "aX\x01\0\0\0"
          "btR."),
    CALL ("cwebbrowser\nopen\nX\x01\0\0\0"
          "a\x85R."),
    CALL ("coperator\nattrgetter\nX\x06\0\0\0system\x85R)R."),
    CALL ("cpickle\nloads\nX\x01\0\0\0"
          "a\x85R."),
#undef CALL
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_pickle_refused (calls[i].code, calls[i].size, "no tensors under names");
}

static void
repeat (GByteArray *pickle,
        const char *code,
        guint       n)
{
  for (guint i = 0; i < n; i++)
    put_code (pickle, code);
}

/* Files of some megabytes that would unfold to far more, or nest until a stack is full. */
static void
test_bombs (void)
{
  static const struct
  {
    const char *first;
    const char *again;
    guint n;
    const char *last;
  } bombs[] = {
    { ")", "\x85", 100000, "." },              /* tuples in tuples */
    { "", "(", 100000, "." },                  /* marks */
    { "", "](", 100000, "." },                 /* lists that never end */
    { ")", "q\x01h\x01h\x01\x86", 1000, "." }, /* each tuple holds the one before it twice */
    { "", "N", 1100000, "." },                 /* a high stack */
    { "", "N0", 4100000, "." },                /* many values */
    { "Nr\xff\xff\xff\x7f", "", 0, "." },      /* a memo of two thousand million places */
    { "\x8b\xff\xff\xff\xff", "\x01", 64, "." },
    { "\x8b\xff\xff\xff\x7f", "\x01", 64, "." },
    { "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f", "a", 64, "." },
    { "X\xff\xff\xff\xff", "a", 64, "." },
    { "\x95\xff\xff\xff\xff\xff\xff\xff\xff", "", 0, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bombs); i++)
    {
      g_autoptr(GByteArray) pickle = g_byte_array_new ();

      put (pickle, 0x0480, 2);
      put_code (pickle, bombs[i].first);
      repeat (pickle, bombs[i].again, bombs[i].n);
      put_code (pickle, bombs[i].last);
      assert_pickle_refused (pickle->data, pickle->len, "its description of the tensors is ");
    }
}

/* A list that is its own item is no tensor, and is not followed. */
static void
test_circle (void)
{
  static const char code[] = "\x80\x02}q\x01X\x01\0\0\0ah\x01sX\x01\0\0\0b]q\x02h\x02"
                             "as.";

  assert_pickle_refused (code, sizeof code - 1, "no tensors");
}

/* Persistent ids of every wrong shape, each as the storage of a tensor of one number. */
static void
test_storage_ids (void)
{
  static const struct
  {
    const char *code;
    gsize size;
  } ids[] = {
#define ID(code) { code, sizeof code - 1 }
    ID ("N"),
    ID (")"),
    ID ("K\x01"),
    ID ("X\x07\0\0\0storage"),
    ID ("(X\x07\0\0\0storagetQ"),
    ID ("(NNNNNtQ"),
    ID ("(K\x01"
        "ctorch\nFloatStorage\nX\x01\0\0\0"
        "0X\x03\0\0\0cpuK\x01tQ"),
    ID ("(X\x07\0\0\0storagectorch\nFloatStorage\nK\0X\x03\0\0\0cpuK\x01tQ"),
    ID ("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        "0X\x03\0\0\0cpuJ\xff\xff\xff\xfftQ"),
    ID ("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        "0X\x03\0\0\0cpuNtQ"),
    ID ("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        "9X\x03\0\0\0cpuK\x01tQ"),
    ID ("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        "0X\x03\0\0\0cpuK\x01X\x01\0\0\0vJ\xff\xff\xff\xffK\x01\x87tQ"),
    ID ("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x05\0\0\0../..X\x03\0\0\0cpuK\x01tQ"),
    ID ("]Q"),
#undef ID
  };
  static const char head[] = "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(";
  static const char tail[] = "K\0)K\x01\x85\x89)tRs.";

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr(GByteArray) pickle = g_byte_array_new ();

      g_byte_array_append (pickle, (const guint8 *) head, sizeof head - 1);
      g_byte_array_append (pickle, (const guint8 *) ids[i].code, (guint) ids[i].size);
      g_byte_array_append (pickle, (const guint8 *) tail, sizeof tail - 1);
      assert_pickle_refused (pickle->data, pickle->len, "x.bin");
    }
}

/* Tensors that lie outside of their storage, or nowhere. */
static void
test_layouts (void)
{
  static const Claim claims[] = {
    { "0", N_NUMBERS, 1, 2, 2, { 2, 3 }, { 3, 1 } },                          /* one too far */
    { "0", N_NUMBERS, 0, 2, 2, { 2, 4 }, { 3, 1 } },                          /* one too many */
    { "0", N_NUMBERS, 0, 2, 2, { 2, 3 }, { 4, 1 } },                          /* stride too wide */
    { "0", N_NUMBERS, -1, 2, 2, { 2, 3 }, { 3, 1 } },                         /* before the beginning */
    { "0", N_NUMBERS, 0, 2, 2, { -2, 3 }, { 3, 1 } },
    { "0", N_NUMBERS, 5, 2, 2, { 2, 3 }, { -3, -1 } },                        /* backwards */
    { "0", 1000, 0, 1, 1, { 1000 }, { 1 } },                                  /* storage shorter than it says */
    { "0", G_MAXINT64, 0, 1, 1, { 1 }, { 1 } },
    { "0", G_MAXINT64 / 2, 0, 1, 1, { G_MAXINT64 / 2 }, { 1 } },
    { "0", N_NUMBERS, G_MAXINT64, 1, 1, { 1 }, { 1 } },
    { "0", N_NUMBERS, 0, 1, 1, { 2 }, { G_MAXINT64 } },                       /* sums that overflow */
    { "0", N_NUMBERS, G_MAXINT64, 2, 2, { 2, 2 }, { G_MAXINT64, 1 } },
    { "0", N_NUMBERS, 0, 2, 2, { G_MAXINT64, G_MAXINT64 }, { 0, 0 } },        /* products that overflow */
    { "0", N_NUMBERS, 0, 4, 4, { 1 << 20, 1 << 20, 1 << 20, 16 }, { 0 } },
    { "0", N_NUMBERS, 0, 2, 2, { 1 << 20, 1 << 14 }, { 0, 0 } },              /* 64 GiB out of one number */
    { "0", N_NUMBERS, 0, 9, 9, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, { 0 } },        /* too many dimensions */
    { "0", N_NUMBERS, 0, 2, 1, { 2, 3 }, { 1 } },                             /* a stride too few */
    { "1", N_NUMBERS, 0, 1, 1, { 1 }, { 1 } },                                /* no such storage */
  };

  for (guint i = 0; i < G_N_ELEMENTS (claims); i++)
    {
      static const float numbers[N_NUMBERS] = { 0 };
      g_autoptr(GByteArray) pickle = make_pickle (&claims[i]);
      g_autoptr(GBytes) bytes = NULL;
      Zip zip;

      zip_init (&zip);
      zip_add (&zip, "archive/data.pkl", pickle->data, pickle->len);
      zip_add (&zip, "archive/data/0", numbers, sizeof numbers);
      bytes = zip_end (&zip);
      assert_refused (bytes, "tensor “w” is described wrongly or lies outside of its storage");
    }
}

/* The old form: numbers of storages that nobody named, and counts that the file does not hold. */
static void
test_legacy (void)
{
  static const struct
  {
    const char *code;
    gsize size;
  } files[] = {
#define FILE_OF(code) { LEGACY code, sizeof (LEGACY code) - 1 }
    FILE_OF ("K\x01.}.N.]."),
    FILE_OF ("K\x01.}.}.](X\x01\0\0\0"
             "0e.\xff\xff\xff\xff\xff\xff\xff\xff"),
    FILE_OF ("K\x01.}.(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
             "0X\x03\0\0\0cpuK\x01NtQ.](X\x01\0\0\0"
             "0e.\xff\xff\xff\xff\xff\xff\xff\x3f"),
    FILE_OF ("K\x01.}.(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
             "0X\x03\0\0\0cpuK\x01NtQ.](X\x01\0\0\0"
             "0e.\x01\0\0"),
    FILE_OF ("K\x01.}.}.](K\x01N)]e."),
#undef FILE_OF
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr(GBytes) bytes = g_bytes_new (files[i].code, files[i].size);

      assert_refused (bytes, "x.bin");
    }
}

/* What an index of shards may not name. */
static void
test_shards (void)
{
  static const struct
  {
    const char *shard;
    const char *says;
  } cases[] = {
    { "\"../secret.bin\"", "weight_map" }, { "\"/etc/passwd\"", "weight_map" }, { "\"a\\\\b.bin\"", "weight_map" },
    { "\"..\"", "weight_map" },
    { "\"\"", "weight_map" },
    { "7", "weight_map" },
    { "null", "weight_map" },
    { "\".\"", "plain file" },
    { "\"loop.bin\"", "loop.bin" },
    { "\"missing.bin\"", "missing.bin" },
  };
  g_autofree char *folder = g_dir_make_tmp ("eshi-malice-XXXXXX", NULL);
  g_autofree char *index = g_build_filename (folder, "model.safetensors.index.json", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop.bin", NULL);

  g_assert_cmpint (symlink ("loop.bin", loop), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"weight_map\": {\"w\": %s}}", cases[i].shard);
      g_autoptr(GError) error = NULL;

      g_assert_true (g_file_set_contents (index, text, -1, NULL));
      g_assert_null (eshi_weights_open (folder, "model", &error));
      g_assert_true (error != NULL && error->domain == ESHI_ERROR);
      g_assert_nonnull (strstr (error->message, cases[i].says));
    }

  g_unlink (index);
  g_unlink (loop);
  g_rmdir (folder);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/torch-malice/honest", test_honest);
  g_test_add_func ("/eshi/torch-malice/zip/directory", test_directory);
  g_test_add_func ("/eshi/torch-malice/zip/end", test_end);
  g_test_add_func ("/eshi/torch-malice/zip/wide-record", test_zip64);
  g_test_add_func ("/eshi/torch-malice/zip/parts", test_parts);
  g_test_add_func ("/eshi/torch-malice/zip/only-part-above", test_parts_only_above);
  g_test_add_func ("/eshi/torch-malice/zip/overlap", test_overlap);
  g_test_add_func ("/eshi/torch-malice/zip/many-parts", test_many_parts);
  g_test_add_func ("/eshi/torch-malice/pickle/calls", test_calls);
  g_test_add_func ("/eshi/torch-malice/pickle/unknown-calls", test_unknown_calls);
  g_test_add_func ("/eshi/torch-malice/pickle/bombs", test_bombs);
  g_test_add_func ("/eshi/torch-malice/pickle/circle", test_circle);
  g_test_add_func ("/eshi/torch-malice/storage/ids", test_storage_ids);
  g_test_add_func ("/eshi/torch-malice/storage/layouts", test_layouts);
  g_test_add_func ("/eshi/torch-malice/storage/legacy", test_legacy);
  g_test_add_func ("/eshi/torch-malice/shards", test_shards);
  return g_test_run ();
}
