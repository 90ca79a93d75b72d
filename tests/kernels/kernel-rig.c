/* kernel-rig.c: every operand lies in one buffer with a guard on either side, so that a stray write is seen.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <gmodule.h>
#include <string.h>

#include "kernel-rig.h"

#define GUARD 64 /* bytes; keeps offsets aligned */
#define POISON 0xa5

/* An op with its tensors placed on a backend. */
typedef struct
{
  EshiBackend      *backend;
  const KernelData *data;
  EshiTensor        src[ESHI_OP_MAX_SRC];
  EshiTensor        dst;
  EshiOp            op;
  EshiBuffer       *buffers[ESHI_OP_MAX_SRC + 1]; /* dst's is the last one; NULL if it shares another's */
} Run;

static const EshiBackendClass *
load_plugin (const char  *name,
             GError     **error)
{
  const char *folder = g_getenv ("ESHI_PLUGIN_DIR");
  g_autofree char *file = g_strdup_printf ("libeshi-%s.so", name);
  g_autofree char *path = g_build_filename (folder != NULL ? folder : ".", file, NULL);
  const EshiBackendClass *klass = NULL;
  gpointer function = NULL;
  GModule *module = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED, "%s was not built", file);
      return NULL;
    }

  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL || !g_module_symbol (module, ESHI_BACKEND_PLUGIN_SYMBOL, &function))
    g_error ("%s is not a backend: %s", path, g_module_error ());

  g_module_make_resident (module);
  klass = ((EshiBackendPluginFunc) function) ();
  g_assert_cmpuint (klass->abi, ==, ESHI_BACKEND_ABI);
  g_assert_cmpstr (klass->name, ==, name);

  return klass;
}

EshiBackend *
kernel_open_backend (const char     *name,
                     EshiPrecision   precision,
                     guint           n_threads,
                     GError        **error)
{
  EshiBackendOptions options = { .precision = precision, .n_threads = n_threads };
  const EshiBackendClass *klass = &eshi_backend_ref_class;
  EshiBackend *backend = NULL;
  EshiDeviceInfo info = { 0 };

  if (strcmp (name, klass->name) != 0)
    klass = load_plugin (name, error);
  if (klass == NULL || !klass->probe (&info, error))
    return NULL;

  backend = klass->open (&options, error);
  if (backend != NULL)
    g_test_message ("%s: %s, %s; activations in %s", name, info.name, info.features, eshi_dtype_name (backend->compute));

  return backend;
}

static void
upload (Run        *run,
        EshiBuffer *buffer,
        gsize       offset,
        const void *bytes,
        gsize       size)
{
  g_autoptr(GError) error = NULL;

  run->backend->klass->upload (run->backend, buffer, offset, bytes, size, &error);
  g_assert_no_error (error);
}

static guint8 *
download (Run        *run,
          EshiBuffer *buffer,
          gsize       size)
{
  g_autoptr(GError) error = NULL;
  guint8 *bytes = g_malloc (size);

  run->backend->klass->download (run->backend, bytes, buffer, 0, size, &error);
  g_assert_no_error (error);

  return bytes;
}

/* Room for @tensor between two guards, all poisoned. */
static EshiBuffer *
place (Run        *run,
       EshiTensor *tensor)
{
  gsize size = eshi_tensor_bytes (tensor) + 3 * GUARD;
  g_autofree guint8 *poison = g_malloc (size);
  g_autoptr(GError) error = NULL;

  tensor->buffer = run->backend->klass->alloc (run->backend, size, &error);
  g_assert_no_error (error);
  tensor->offset = GUARD;
  memset (poison, POISON, size);
  upload (run, tensor->buffer, 0, poison, size);

  return tensor->buffer;
}

/* Which operand dst shares the memory of; ESHI_OP_MAX_SRC for none. */
static guint
shared_slot (const KernelCase *test)
{
  if ((test->flags & CASE_IN_PLACE) == 0)
    return ESHI_OP_MAX_SRC;

  return test->kind == ESHI_OP_GROUP_NORM ? ESHI_SRC_X : ESHI_SRC_RESIDUAL;
}

static void
place_all (Run *run)
{
  guint shared = shared_slot (run->data->test);

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    {
      if (run->data->op.src[i] == NULL)
        continue;
      run->src[i] = run->data->src[i];
      run->op.src[i] = &run->src[i];
      if (run->src[i].storage != ESHI_STORAGE_WEIGHT)
        run->buffers[i] = place (run, &run->src[i]);
    }

  run->dst = run->data->dst;
  run->op.dst = &run->dst;
  if (shared < ESHI_OP_MAX_SRC)
    {
      run->dst.buffer = run->src[shared].buffer;
      run->dst.offset = run->src[shared].offset;
    }
  else
    run->buffers[ESHI_OP_MAX_SRC] = place (run, &run->dst);
}

static void
check_guard (const guint8 *bytes,
             gsize         n)
{
  for (gsize i = 0; i < n; i++)
    g_assert_cmphex (bytes[i], ==, POISON);
}

/* The guards of @tensor, and unless it is dst the operand between them, are as they were before the run. A backend may
 * write up to the next multiple of 64 bytes, which belongs to nobody else. */
static void
check_untouched (Run              *run,
                 const EshiTensor *tensor,
                 const guint8     *expected)
{
  gsize size = eshi_tensor_bytes (tensor);
  gsize end = GUARD + (size + GUARD - 1) / GUARD * GUARD;
  g_autofree guint8 *bytes = download (run, tensor->buffer, size + 3 * GUARD);

  check_guard (bytes, GUARD);
  check_guard (bytes + end, size + 3 * GUARD - end);
  if (expected != NULL)
    g_assert_true (memcmp (bytes + GUARD, expected, size) == 0);
}

static guint8 *
run_once (Run *run)
{
  guint shared = shared_slot (run->data->test);
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *bytes = NULL;

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (run->buffers[i] != NULL)
      upload (run, run->buffers[i], GUARD, run->data->bytes[i], eshi_tensor_bytes (&run->src[i]));

  run->backend->klass->run (run->backend, &run->op, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (run->buffers[i] != NULL && i != shared)
      check_untouched (run, &run->src[i], run->data->bytes[i]);
  check_untouched (run, &run->dst, NULL);

  bytes = download (run, run->dst.buffer, GUARD + eshi_tensor_bytes (&run->dst));
  return g_memdup2 (bytes + GUARD, eshi_tensor_bytes (&run->dst));
}

static float *
to_float (const EshiTensor *tensor,
          const guint8     *bytes)
{
  gsize n = (gsize) eshi_tensor_count (tensor);
  float *values = g_new (float, n);

  if (tensor->dtype == ESHI_DTYPE_U8)
    for (gsize i = 0; i < n; i++)
      values[i] = bytes[i];
  else
    eshi_convert_to_f32 (values, bytes, tensor->dtype, n);

  return values;
}

float *
kernel_run (EshiBackend       *backend,
            const KernelData  *data,
            const char       **why_not)
{
  const EshiBackendClass *klass = backend->klass;
  Run run = { .backend = backend, .data = data, .op = data->op };
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *first = NULL;
  g_autofree guint8 *second = NULL;

  *why_not = klass->why_not (backend, &data->op);
  if (*why_not != NULL)
    return NULL;

  place_all (&run);
  if (klass->prepare != NULL)
    klass->prepare (backend, &run.op, &error);
  g_assert_no_error (error);

  first = run_once (&run);
  second = run_once (&run);
  g_assert_true (memcmp (first, second, eshi_tensor_bytes (&run.dst)) == 0);

  if (klass->unprepare != NULL)
    klass->unprepare (backend, &run.op);
  g_assert_null (run.op.plan);
  for (guint i = 0; i < G_N_ELEMENTS (run.buffers); i++)
    if (run.buffers[i] != NULL)
      klass->release (backend, run.buffers[i]);

  return to_float (&run.dst, first);
}
