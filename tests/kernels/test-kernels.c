/* test-kernels.c: ops × backends × types × awkward shapes.
 *
 * The reference backend is judged by the definitions in double (kernel-oracle.c) and, so that the two do not err
 * together, by values that PyTorch computed (kernel-goldens.h). Every other backend is judged by the reference, on the
 * same operands rounded to its type. What a backend refuses is reported as a skip with its reason.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "../parity.h"
#include "eshi-peak.h"
#include "kernel-goldens.h"
#include "kernel-rig.h"

/* Normalised error energy Σ (got − expected)² / Σ expected², and the largest error as a multiple of the expected values'
 * root mean square. */
typedef struct
{
  double nmse;
  double largest;
} Limits;

/* By the type of the activations: what rounding alone explains, with some room. */
static const Limits ref_limits = { 1e-14, 1e-6 }; /* double sums; dst rounds by 2⁻²⁵ at most */
static const Limits limits[ESHI_N_DTYPES] = {
  [ESHI_DTYPE_F32] = { 1e-11, 5e-5 },               /* f32 sums over up to 11520 products, in any order */
  [ESHI_DTYPE_F16] = { 2e-6, 1e-2 },                /* dst rounds by 2⁻¹², weights and inner results too */
  [ESHI_DTYPE_BF16] = { 6e-5, 6e-2 },               /* the same by 2⁻⁹; GEGLU's products reach ten times their rms */
};

/* What needs another limit than its type's. */
static const struct
{
  EshiOpKind  kind;
  EshiDType   dtype;
  const char *name;  /* of the case; NULL for all */
  Limits      limits;
  const char *reason;
} exceptions[] = {
  { ESHI_OP_UPSAMPLE, ESHI_N_DTYPES, NULL, { 0, 0 }, "only moves data" },
  { ESHI_OP_CONCAT, ESHI_N_DTYPES, NULL, { 0, 0 }, "only moves data" },
  { ESHI_OP_CONVERT, ESHI_N_DTYPES, NULL, { 0, 0 }, "rounding to nearest even has one result" },
  { ESHI_OP_IMAGE_TO_U8, ESHI_N_DTYPES, NULL, { 0, 0 }, "rounding to nearest even has one result" },
  { ESHI_OP_TIME_EMBEDDING, ESHI_DTYPE_F32, NULL, { 1e-8, 3e-4 },
    "a frequency off by 2⁻²⁵ turns the angle of step 1000 by 3·10⁻⁵, one in f32 arithmetic by some times that" },
  { ESHI_OP_GEGLU, ESHI_DTYPE_F16, "one", { 1e-5, 1e-2 },
    "one value, which is small beside the two it is the sum of: their roundings by 2⁻¹² weigh more" },
  { ESHI_OP_GEGLU, ESHI_DTYPE_BF16, "blocks-odd", { 6e-5, 8e-2 },
    "one product is far above the others' rms, and the roundings by 2⁻⁹ of value, gate and product meet in it" },
  { ESHI_OP_ATTENTION, ESHI_DTYPE_F32, "sharp", { 1e-8, 1e-3 },
    "scores in the thousands: a rounding of 10⁻⁴ in the exponent" },
  { ESHI_OP_GROUP_NORM, ESHI_DTYPE_F32, "far-from-zero", { 1e-10, 2e-4 }, "one-pass statistics lose 16² : 1 of a bit" },
  { ESHI_OP_LAYER_NORM, ESHI_DTYPE_F32, "far-from-zero", { 1e-10, 2e-4 }, "one-pass statistics lose 16² : 1 of a bit" },
};

typedef struct
{
  const char    *name;   /* in test paths */
  const char    *plugin; /* the backend's name */
  EshiPrecision  precision;
} Target;

static const Target targets[] = {
  { "ref", "ref", ESHI_PRECISION_F32 },
  { "cpu", "cpu", ESHI_PRECISION_F32 },
  { "cpu-half", "cpu", ESHI_PRECISION_HALF },
  { "cuda", "cuda", ESHI_PRECISION_HALF },
  { "cuda-f32", "cuda", ESHI_PRECISION_F32 },
};

/* One test. */
typedef struct
{
  EshiBackend      *backend;
  EshiBackend      *ref;
  const KernelCase *test;
  EshiDType         dtype;
} Trial;

static Limits
find_limits (const Trial *trial)
{
  if (trial->backend == trial->ref)
    return ref_limits;

  for (guint i = 0; i < G_N_ELEMENTS (exceptions); i++)
    if (exceptions[i].kind == trial->test->kind &&
        (exceptions[i].dtype == ESHI_N_DTYPES || exceptions[i].dtype == trial->dtype) &&
        (exceptions[i].name == NULL || strcmp (exceptions[i].name, trial->test->name) == 0))
      return exceptions[i].limits;

  return limits[trial->dtype];
}

/* Fails the test, without ending the program, so that one run shows all that is wrong with a backend. */
static void
compare (const float  *got,
         const double *expected,
         gsize         n,
         Limits        limit)
{
  double energy = 0;
  double error = 0;
  double largest = 0;
  double rms = 0;
  guint n_strange = 0;
  g_autofree char *report = NULL;

  for (gsize i = 0; i < n; i++)
    {
      double difference = got[i] - expected[i];

      n_strange += !isfinite (got[i]);
      energy += expected[i] * expected[i];
      error += difference * difference;
      largest = fmax (largest, fabs (difference));
    }

  rms = sqrt (energy / (double) n);
  report = g_strdup_printf ("nmse %.2g of %.2g, largest %.2g of %.2g", energy > 0 ? error / energy : 0, limit.nmse,
                            rms > 0 ? largest / rms : 0, limit.largest);
  g_test_message ("%s", report);
  if (n_strange > 0 || error > limit.nmse * energy || largest > limit.largest * rms)
    g_test_fail_printf ("%s, %u values are not numbers", report, n_strange);
}

/* What the reference makes of @trial's operands in f32; CONVERT's rounding is known without it. */
static double *
expect (const Trial      *trial,
        const KernelData *data)
{
  gsize n = (gsize) eshi_tensor_count (&data->dst);
  g_autoptr(KernelData) exact = kernel_data_new (trial->test, ESHI_DTYPE_F32, trial->dtype);
  g_autofree float *values = NULL;
  double *expected = NULL;

  if (trial->backend == trial->ref)
    return kernel_oracle (data);

  if (trial->test->kind == ESHI_OP_CONVERT)
    {
      g_autofree guint8 *rounded = g_malloc (n * sizeof (float));

      values = g_new (float, n);
      eshi_convert_from_f32 (rounded, data->dst.dtype, data->values[ESHI_SRC_X], n);
      eshi_convert_to_f32 (values, rounded, data->dst.dtype, n);
    }
  else
    {
      const char *why_not = NULL;

      values = kernel_run (trial->ref, exact, &why_not);
      g_assert_cmpstr (why_not, ==, NULL);
    }

  expected = g_new (double, n);
  for (gsize i = 0; i < n; i++)
    expected[i] = values[i];

  return expected;
}

static void
test_case (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr(KernelData) data = kernel_data_new (trial->test, trial->dtype, trial->dtype);
  const char *why_not = NULL;
  g_autofree float *got = kernel_run (trial->backend, data, &why_not);
  g_autofree double *expected = NULL;
  g_autofree char *reason = NULL;

  if (got == NULL)
    {
      reason = g_strdup_printf ("unsupported: %s", why_not);
      g_test_skip (reason);
      return;
    }

  expected = expect (trial, data);
  compare (got, expected, (gsize) eshi_tensor_count (&data->dst), find_limits (trial));
}

static const KernelCase *
find_case (EshiOpKind  kind,
           const char *name)
{
  for (guint i = 0; i < kernel_n_cases; i++)
    if (kernel_cases[i].kind == kind && strcmp (kernel_cases[i].name, name) == 0)
      return &kernel_cases[i];

  g_error ("There is no case %s/%s.", eshi_op_kind_name (kind), name);
}

/* The error's rms in units of the values'. */
static double
get_relative_error (const float  *got,
                    const double *expected,
                    gsize         n)
{
  double energy = 0;
  double error = 0;

  for (gsize i = 0; i < n; i++)
    {
      error += (got[i] - expected[i]) * (got[i] - expected[i]);
      energy += expected[i] * expected[i];
    }
  return energy > 0 ? sqrt (error / energy) : sqrt (error);
}

/* Both the oracle and the reference against PyTorch's doubles, at every @golden->step-th element. */
static void
test_golden (gconstpointer user_data)
{
  const KernelGolden *golden = user_data;
  EshiBackend *ref = kernel_open_backend ("ref", ESHI_PRECISION_F32, 0, NULL);
  const KernelCase *test = find_case (golden->kind, golden->name);
  g_autoptr(KernelData) data = kernel_data_new (test, ESHI_DTYPE_F32, ESHI_DTYPE_F32);
  gsize n = (gsize) eshi_tensor_count (&data->dst);
  gsize n_values = (n + golden->step - 1) / golden->step;
  g_autofree double *oracle = kernel_oracle (data);
  g_autofree float *sampled = g_new (float, n_values);
  const char *why_not = NULL;
  g_autofree float *got = kernel_run (ref, data, &why_not);

  g_assert_cmpuint (n_values, ==, golden->n);
  for (gsize i = 0; i < n_values; i++)
    {
      sampled[i] = got[i * golden->step];
      g_assert_cmpfloat (fabs (oracle[i * golden->step] - golden->values[i]), <=, golden->oracle_error);
    }
  compare (sampled, golden->values, n_values, (Limits) { golden->nmse, sqrt (golden->nmse) * 10 });
  parity_row ("ops of the reference backend", eshi_op_kind_name (golden->kind), "PyTorch 2.15.0, in double",
              get_relative_error (sampled, golden->values, n_values), sqrt (golden->nmse));

  ref->klass->close (ref);
}

/* Two ops with one weight: the packed form outlives the first of them. */
static void
test_shared_weight (gconstpointer user_data)
{
  EshiBackend *backend = (gpointer) user_data;
  g_autoptr(KernelData) data = kernel_data_new (find_case (ESHI_OP_LINEAR, "primes"), backend->compute,
                                                 backend->compute);
  gsize size = eshi_tensor_bytes (&data->dst);
  g_autofree guint8 *got = g_malloc (size);
  g_autofree guint8 *expected = g_malloc (size);
  g_autoptr(GError) error = NULL;
  EshiBuffer *x = backend->klass->alloc (backend, eshi_tensor_bytes (&data->src[ESHI_SRC_X]), &error);
  EshiBuffer *dst = backend->klass->alloc (backend, size, &error);
  EshiOp first = data->op;
  EshiOp second = data->op;

  if (backend->klass->prepare == NULL)
    {
      g_test_skip ("the backend prepares nothing");
      return;
    }

  data->src[ESHI_SRC_X].buffer = x;
  data->dst.buffer = dst;
  g_assert_true (backend->klass->upload (backend, x, 0, data->bytes[ESHI_SRC_X],
                                         eshi_tensor_bytes (&data->src[ESHI_SRC_X]), &error));
  g_assert_true (backend->klass->prepare (backend, &first, &error));
  g_assert_true (backend->klass->prepare (backend, &second, &error));
  g_assert_true (backend->klass->run (backend, &first, &error));
  g_assert_true (backend->klass->download (backend, expected, dst, 0, size, &error));
  backend->klass->unprepare (backend, &first);
  g_assert_true (backend->klass->run (backend, &second, &error));
  g_assert_true (backend->klass->download (backend, got, dst, 0, size, &error));
  g_assert_cmpmem (got, size, expected, size);

  backend->klass->unprepare (backend, &second);
  backend->klass->release (backend, x);
  backend->klass->release (backend, dst);
}

/* Runs every case in @dtype on @one and on @many, which differ in the number of threads only. */
static void
compare_threads (EshiBackend *one,
                 EshiBackend *many,
                 EshiDType    dtype)
{
  for (guint i = 0; i < kernel_n_cases; i++)
    {
      const KernelCase *test = &kernel_cases[i];
      g_autoptr(KernelData) data = kernel_data_new (test, dtype, dtype);
      const char *why_not = NULL;
      g_autofree float *expected = kernel_run (one, data, &why_not);
      g_autofree float *got = expected != NULL ? kernel_run (many, data, &why_not) : NULL;

      if (expected == NULL || memcmp (got, expected, eshi_tensor_count (&data->dst) * sizeof *got) == 0)
        continue;
      g_test_message ("%s/%s in %s depends on the number of threads", eshi_op_kind_name (test->kind), test->name,
                      eshi_dtype_name (dtype));
      g_test_fail ();
    }
}

/* Sums are cut by shape, never by thread, and whichever thread is free may compute any part of them. */
static void
test_threads (gconstpointer user_data)
{
  const Target *target = user_data;
  EshiBackend *one = kernel_open_backend (target->plugin, target->precision, 1, NULL);

  for (guint n = 2; n <= 3; n++)
    {
      EshiBackend *many = kernel_open_backend (target->plugin, target->precision, n, NULL);

      compare_threads (one, many, one->compute);
      if (one->compute != ESHI_DTYPE_F32)
        compare_threads (one, many, ESHI_DTYPE_F32);
      many->klass->close (many);
    }
  one->klass->close (one);
}

/* Ids outside of the table are an error, not a crash. */
static void
test_bad_id (gconstpointer user_data)
{
  EshiBackend *backend = (gpointer) user_data;
  g_autoptr(KernelData) data = kernel_data_new (find_case (ESHI_OP_EMBEDDING, "more-positions"), backend->compute,
                                                 backend->compute);
  EshiBuffer *x = backend->klass->alloc (backend, eshi_tensor_bytes (&data->src[ESHI_SRC_X]), NULL);
  EshiBuffer *dst = backend->klass->alloc (backend, eshi_tensor_bytes (&data->dst), NULL);
  const gint32 ids[] = { -1, 13, G_MININT32, G_MAXINT32 };
  gint32 *all = (gint32 *) (gpointer) data->bytes[ESHI_SRC_X];
  EshiOp op = data->op;

  data->src[ESHI_SRC_X].buffer = x;
  data->dst.buffer = dst;
  g_assert_true (backend->klass->prepare == NULL || backend->klass->prepare (backend, &op, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr(GError) error = NULL;

      all[3] = ids[i];
      g_assert_true (backend->klass->upload (backend, x, 0, all, eshi_tensor_bytes (&data->src[ESHI_SRC_X]), NULL));
      g_assert_false (backend->klass->run (backend, &op, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
    }

  if (backend->klass->unprepare != NULL)
    backend->klass->unprepare (backend, &op);
  backend->klass->release (backend, x);
  backend->klass->release (backend, dst);
}

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Which type a processor without tiles gets by itself: the one whose multiply-adds the benchmarks' peak, measured longer
 * and by other code, finds faster. Where the two are near each other either will do, and a sanitizer has its sums in
 * memory. */
static void
test_auto_precision (void)
{
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = kernel_open_backend ("cpu", ESHI_PRECISION_AUTO, 1, &error);
  EshiDeviceInfo info = { 0 };
  double f32 = 0.0;
  double bf16 = 0.0;

  if (backend == NULL)
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_true (backend->klass->probe (&info, NULL));
  if (g_getenv ("ESHI_CPU_ISA") == NULL && !SANITIZED)
    {
      f32 = eshi_peak_f32 (1);
      bf16 = eshi_peak_bf16 (1);
    }
  g_test_message ("%s: f32 %.0f, bf16 %.0f GFLOP/s", info.features, f32, bf16);
  if (strstr (info.features, "AMX") != NULL || bf16 > 1.7 * f32)
    g_assert_cmpstr (eshi_dtype_name (backend->compute), ==, "bf16");
  else if (bf16 < f32)
    g_assert_cmpstr (eshi_dtype_name (backend->compute), ==, "f32");
  else
    g_test_skip ("the processor was named or cannot be measured, or its types are about as fast");

  backend->klass->close (backend);
}

static void
test_unavailable (gconstpointer reason)
{
  g_test_skip (reason);
}

static void
add_backend_test (const Target  *target,
                  EshiBackend   *backend,
                  const char    *name,
                  GTestDataFunc  function)
{
  g_autofree char *path = g_strdup_printf ("/eshi/kernels/%s/%s", target->name, name);

  g_test_add_data_func (path, backend, function);
}

static void
add_cases (const Target *target,
           EshiBackend  *backend,
           EshiBackend  *ref,
           EshiDType     dtype)
{
  for (guint i = 0; i < kernel_n_cases; i++)
    {
      const KernelCase *test = &kernel_cases[i];
      Trial trial = { backend, ref, test, dtype };
      g_autofree char *path = g_strdup_printf ("/eshi/kernels/%s/%s/%s/%s", target->name, eshi_dtype_name (dtype),
                                               eshi_op_kind_name (test->kind), test->name);

      g_test_add_data_func_full (path, g_memdup2 (&trial, sizeof trial), test_case, g_free);
    }
}

/* A backend that computes in half precision must also run every op in f32, for a decoder that is redone in it. */
static void
add_target (const Target *target,
            EshiBackend  *backend,
            EshiBackend  *ref)
{
  add_cases (target, backend, ref, backend->compute);
  if (backend->compute != ESHI_DTYPE_F32)
    add_cases (target, backend, ref, ESHI_DTYPE_F32);
  add_backend_test (target, backend, "shared-weight", test_shared_weight);
  add_backend_test (target, backend, "bad-token-id", test_bad_id);
  if (strcmp (target->plugin, "cpu") == 0)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/kernels/%s/threads-change-nothing", target->name);

      g_test_add_data_func (path, target, test_threads);
    }
}

static void
add_goldens (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kernel_goldens); i++)
    {
      const KernelGolden *golden = &kernel_goldens[i];
      g_autofree char *path = g_strdup_printf ("/eshi/kernels/golden/%s/%s", eshi_op_kind_name (golden->kind),
                                               golden->name);

      g_test_add_data_func (path, golden, test_golden);
    }
}

int
main (int    argc,
      char **argv)
{
  EshiBackend *backends[G_N_ELEMENTS (targets)] = { NULL };
  int result = 0;

  g_test_init (&argc, &argv, NULL);

  add_goldens ();
  g_test_add_func ("/eshi/kernels/auto-precision", test_auto_precision);
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *path = g_strdup_printf ("/eshi/kernels/%s/available", targets[i].name);

      backends[i] = kernel_open_backend (targets[i].plugin, targets[i].precision, 0, &error);
      if (backends[i] != NULL)
        add_target (&targets[i], backends[i], backends[0]);
      else
        g_test_add_data_func_full (path, g_strdup (error->message), test_unavailable, g_free);
    }

  result = g_test_run ();
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    if (backends[i] != NULL)
      backends[i]->klass->close (backends[i]);

  return result;
}
