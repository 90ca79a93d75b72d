/* test-graph.c: graphs on the reference backend behind a wrapper that counts, poisons and refuses memory.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eshi-arena.h"
#include "eshi-graph.h"

/* Every allocation of the process is counted where glibc lets itself be replaced and no sanitizer does so already. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define COUNTS_MALLOC 1

static guint n_mallocs;

extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *block, size_t size);

__attribute__ ((visibility ("default"))) void * malloc (size_t size)
{
  n_mallocs++;
  return __libc_malloc (size);
}

__attribute__ ((visibility ("default"))) void *
calloc (size_t n,
        size_t size)
{
  n_mallocs++;
  return __libc_calloc (n, size);
}

__attribute__ ((visibility ("default"))) void *
realloc (void *block,
         size_t size)
{
  n_mallocs++;
  return __libc_realloc (block, size);
}
#else
#define COUNTS_MALLOC 0
static guint n_mallocs;
#endif

/* The wrapper's state; one test runs at a time. */
static EshiBackendClass wrapper_class;
static guint n_allocs;
static guint n_live;
static guint n_runs;
static guint fail_alloc; /* the number of the allocation to refuse, counted from 1; 0 for none */

static EshiBuffer *
wrapper_alloc (EshiBackend  *self,
               gsize         size,
               GError      **error)
{
  g_autofree guint8 *poison = NULL;
  EshiBuffer *buffer = NULL;

  n_allocs++;
  if (n_allocs == fail_alloc)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY, "refused by the test");
      return NULL;
    }

  buffer = eshi_backend_ref_class.alloc (self, size, error);
  g_assert_nonnull (buffer);
  poison = g_malloc (size);
  memset (poison, 0xff, size); /* NaN */
  g_assert_true (eshi_backend_ref_class.upload (self, buffer, 0, poison, size, NULL));
  n_live++;

  return buffer;
}

static void
wrapper_release (EshiBackend *self,
                 EshiBuffer  *buffer)
{
  n_live--;
  eshi_backend_ref_class.release (self, buffer);
}

static gboolean
wrapper_run (EshiBackend   *self,
             const EshiOp  *op,
             GError       **error)
{
  n_runs++;
  return eshi_backend_ref_class.run (self, op, error);
}

static EshiBackend *
open_wrapper (void)
{
  EshiBackend *backend = eshi_backend_ref_class.open (NULL, NULL);

  wrapper_class = eshi_backend_ref_class;
  wrapper_class.alloc = wrapper_alloc;
  wrapper_class.release = wrapper_release;
  wrapper_class.run = wrapper_run;
  backend->klass = &wrapper_class;
  n_allocs = n_live = n_runs = fail_alloc = 0;

  return backend;
}

static void
close_wrapper (EshiBackend *backend)
{
  g_assert_cmpuint (n_live, ==, 0);
  backend->klass->close (backend);
}

static EshiTensor *
make_weight (GPtrArray *weights,
             GRand     *rand,
             EshiShape  shape)
{
  gint64 n = eshi_shape_count (&shape);
  double scale = shape.rank > 1 ? 1 / sqrt ((double) (n / shape.dim[0])) : 1;
  float *data = g_new (float, (gsize) n);
  EshiTensor *tensor = NULL;

  for (gint64 i = 0; i < n; i++)
    data[i] = (float) (g_rand_double_range (rand, -1, 1) * scale);
  tensor = eshi_tensor_new_weight ("w", ESHI_DTYPE_F32, &shape, data);
  g_ptr_array_add (weights, tensor);

  return tensor;
}

static void
free_weight (gpointer tensor)
{
  g_free ((gpointer) ((EshiTensor *) tensor)->data);
  eshi_tensor_free (tensor);
}

static GPtrArray *
new_weights (void)
{
  return g_ptr_array_new_with_free_func (free_weight);
}

static void
assert_prepared (EshiGraph *graph)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_prepare (graph, NULL, &error);
  g_assert_no_error (error);
}

/* Fills the input @x with a fixed pattern. */
static void
fill (EshiGraph  *graph,
      EshiTensor *x)
{
  gint64 n = eshi_tensor_count (x);
  g_autofree float *data = g_new (float, (gsize) n);

  for (gint64 i = 0; i < n; i++)
    data[i] = (float) sin ((double) i);
  g_assert_true (eshi_graph_upload (graph, x, data, NULL));
}

/* A random tensor of @pool with the shape of @x (or any, if NULL). */
static EshiTensor *
pick (GPtrArray  *pool,
      GRand      *rand,
      EshiTensor *x)
{
  guint start = (guint) g_rand_int_range (rand, 0, (int) pool->len);

  for (guint i = 0; i < pool->len; i++)
    {
      EshiTensor *y = g_ptr_array_index (pool, (start + i) % pool->len);

      if (x == NULL || (y != x && eshi_shape_equal (&x->shape, &y->shape)))
        return y;
    }

  return NULL;
}

static EshiTensor *
random_op (EshiGraph *graph,
           GPtrArray *weights,
           GPtrArray *pool,
           GRand     *rand)
{
  EshiTensor *x = pick (pool, rand, NULL);
  EshiTensor *y = pick (pool, rand, x);
  gint64 c = x->shape.dim[3];
  EshiShape flat = ESHI_SHAPE3 (1, x->shape.dim[1] * x->shape.dim[2], c);
  EshiConvParams conv = { 1, 1, 1, 1, 1 };

  switch (g_rand_int_range (rand, 0, 7))
    {
    case 0:
      return eshi_graph_conv2d (graph, "conv", x, make_weight (weights, rand, ESHI_SHAPE4 (c, c, 3, 3)), NULL, NULL, y,
                                conv);
    case 1: /* through views of both operands */
      x = eshi_graph_reshape (graph, x, flat);
      y = y != NULL ? eshi_graph_reshape (graph, y, flat) : NULL;
      x = eshi_graph_linear (graph, "linear", x, make_weight (weights, rand, ESHI_SHAPE2 (c, c)),
                             make_weight (weights, rand, ESHI_SHAPE1 (c)), ESHI_ACT_SILU, y);
      return eshi_graph_reshape (graph, x, ESHI_SHAPE4 (1, flat.dim[1], 1, c));
    case 2:
      return eshi_graph_group_norm (graph, "norm", x, make_weight (weights, rand, ESHI_SHAPE1 (c)),
                                    make_weight (weights, rand, ESHI_SHAPE1 (c)), (guint) c / 2, 1e-5f, ESHI_ACT_SILU);
    case 3:
      return y != NULL && c < 16 ? eshi_graph_concat (graph, "concat", x, y) : x;
    case 4:
      return eshi_graph_activation (graph, "act", x, ESHI_ACT_GELU);
    case 5:
      x = eshi_graph_reshape (graph, x, flat);
      x = eshi_graph_attention (graph, "attention", x, x, x, 2, FALSE);
      return eshi_graph_reshape (graph, x, ESHI_SHAPE4 (1, flat.dim[1], 1, c));
    default: /* the residual is x itself, which dst must not overwrite */
      return eshi_graph_conv2d (graph, "twice", x, make_weight (weights, rand, ESHI_SHAPE4 (c, c, 1, 3)), NULL, NULL, x,
                                (EshiConvParams) { .stride = 1, .left = 1, .right = 1 });
    }
}

/* Builds and runs a random graph of 40 ops and returns its last three tensors. @keep: give every tensor memory of its
 * own, so that nothing is ever reused. */
static GBytes *
run_random (guint32   seed,
            gboolean  keep,
            gsize    *arena_bytes)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GPtrArray) pool = g_ptr_array_new ();
  g_autoptr(GByteArray) result = g_byte_array_new ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *input = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 5, 3, 4));
  EshiTensor *outputs[3] = { NULL };

  g_ptr_array_add (pool, eshi_graph_activation (graph, "first", input, ESHI_ACT_NONE));
  for (guint i = 0; i < 40; i++)
    {
      EshiTensor *x = random_op (graph, weights, pool, rand);

      g_assert_nonnull (x);
      g_ptr_array_add (pool, x);
      if (pool->len > 5)
        g_ptr_array_remove_index (pool, (guint) g_rand_int_range (rand, 0, 3));
      if (keep)
        eshi_graph_output (graph, "kept", x, ESHI_DTYPE_F32);
    }
  for (guint i = 0; i < 3; i++)
    outputs[i] = eshi_graph_output (graph, "out", g_ptr_array_index (pool, pool->len - 1 - i), ESHI_DTYPE_F32);

  assert_prepared (graph);
  fill (graph, input);
  for (guint repeat = 0; repeat < 2; repeat++)
    g_assert_true (eshi_graph_run (graph, NULL, NULL));
  for (guint i = 0; i < 3; i++)
    {
      guint offset = result->len;

      g_byte_array_set_size (result, offset + (guint) eshi_tensor_bytes (outputs[i]));
      g_assert_true (eshi_graph_download (graph, outputs[i], result->data + offset, NULL));
    }
  *arena_bytes = eshi_graph_arena_bytes (graph);

  eshi_graph_free (graph);
  close_wrapper (backend);

  return g_byte_array_free_to_bytes (g_steal_pointer (&result));
}

static void
test_reuse (void)
{
  gsize reused_bytes = 0;
  gsize kept_bytes = 0;

  for (guint32 seed = 0; seed < 200; seed++)
    {
      gsize arena_bytes[2] = { 0 };
      g_autoptr(GBytes) reused = run_random (seed, FALSE, &arena_bytes[0]);
      g_autoptr(GBytes) kept = run_random (seed, TRUE, &arena_bytes[1]);
      const float *values = g_bytes_get_data (reused, NULL);

      g_assert_true (g_bytes_equal (reused, kept));
      for (gsize i = 0; i < g_bytes_get_size (reused) / sizeof *values; i++)
        g_assert_true (isfinite (values[i]));
      reused_bytes += arena_bytes[0];
      kept_bytes += arena_bytes[1];
    }

  g_assert_cmpuint (reused_bytes, >, kept_bytes);
}

/* No two slots that live at once overlap, and the arena is hardly larger than the most that lives at once. */
static void
test_plan (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (7);

  for (guint round = 0; round < 100; round++)
    {
      EshiArenaSlot slots[60] = { 0 };
      gsize total = 0;
      gsize most = 0;

      for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
        {
          slots[i].size = (gsize) g_rand_int_range (rand, 1, 5000);
          slots[i].first = (guint) g_rand_int_range (rand, 0, 60);
          slots[i].last = slots[i].first + (guint) g_rand_int_range (rand, 0, 10);
        }
      total = eshi_arena_plan (slots, G_N_ELEMENTS (slots));

      for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
        {
          g_assert_cmpuint (slots[i].offset % ESHI_ARENA_ALIGNMENT, ==, 0);
          g_assert_cmpuint (slots[i].offset + slots[i].size, <=, total);
          for (guint k = 0; k < i; k++)
            g_assert_true (slots[i].first > slots[k].last || slots[k].first > slots[i].last ||
                           slots[i].offset >= slots[k].offset + slots[k].size ||
                           slots[k].offset >= slots[i].offset + slots[i].size);
        }
      for (guint step = 0; step < 70; step++)
        {
          gsize live = 0;

          for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
            if (slots[i].first <= step && step <= slots[i].last)
              live += eshi_arena_align (slots[i].size);
          most = MAX (most, live);
        }
      g_assert_cmpuint (total, >=, most);
      g_assert_cmpuint (total, <=, most * 3 / 2);
    }

  g_assert_cmpuint (eshi_arena_plan (NULL, 0), ==, 0);
}

/* Who shares memory with whom, spelled out. */
static void
test_in_place (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (1);
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *w = make_weight (weights, rand, ESHI_SHAPE2 (8, 8));
  EshiTensor *vector = make_weight (weights, rand, ESHI_SHAPE1 (8));
  EshiTensor *input = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 2, 4, 8));
  EshiTensor *a = eshi_graph_activation (graph, "a", input, ESHI_ACT_SILU);
  EshiTensor *b = eshi_graph_activation (graph, "b", a, ESHI_ACT_SILU);
  EshiTensor *c = eshi_graph_linear (graph, "c", b, w, NULL, ESHI_ACT_NONE, a); /* a's last reader */
  EshiTensor *d = eshi_graph_linear (graph, "d", b, w, NULL, ESHI_ACT_NONE, c); /* c is read again below */
  EshiTensor *view = eshi_graph_reshape (graph, c, ESHI_SHAPE4 (1, 4, 2, 8));
  EshiTensor *e = eshi_graph_group_norm (graph, "e", view, vector, vector, 2, 1e-5f, ESHI_ACT_NONE);
  EshiTensor *f = eshi_graph_linear (graph, "f", d, w, NULL, ESHI_ACT_NONE, d); /* x and residual are one */
  EshiTensor *g = eshi_graph_linear (graph, "g", e, w, NULL, ESHI_ACT_NONE, NULL);
  EshiTensor *h = eshi_graph_linear (graph, "h", g, w, NULL, ESHI_ACT_NONE,
                                     eshi_graph_reshape (graph, f, ESHI_SHAPE4 (1, 4, 2, 8)));

  g_assert_nonnull (eshi_graph_output (graph, "out", h, ESHI_DTYPE_F32));
  assert_prepared (graph);

  g_assert_cmpuint (c->offset, ==, a->offset);
  g_assert_cmpuint (d->offset, !=, c->offset);
  g_assert_cmpuint (view->offset, ==, c->offset);
  g_assert_cmpuint (e->offset, ==, c->offset);
  g_assert_cmpuint (f->offset, !=, d->offset);
  g_assert_true (h->buffer != f->buffer);
  g_assert_cmpuint (c->last_op, ==, 4);
  g_assert_cmpuint (eshi_graph_total_bytes (graph), ==, 7 * 256);
  g_assert_cmpuint (eshi_graph_arena_bytes (graph), ==, 3 * 256);

  eshi_graph_free (graph);
  close_wrapper (backend);
}

/* x → linear → silu → out, with nothing special about it. */
static EshiGraph *
small_graph (EshiBackend  *backend,
             GPtrArray    *weights,
             EshiTensor  **input,
             EshiTensor  **output)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (3);
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, 3, 8));

  *input = x;
  eshi_graph_set_scope (graph, "mid.0");
  x = eshi_graph_linear (graph, "fc", x, make_weight (weights, rand, ESHI_SHAPE2 (8, 8)), NULL, ESHI_ACT_NONE, NULL);
  x = eshi_graph_attention (graph, "attn", x, x, x, 2, TRUE);
  eshi_graph_set_scope (graph, NULL);
  x = eshi_graph_activation (graph, "act", x, ESHI_ACT_SILU);
  *output = eshi_graph_output (graph, "out", x, ESHI_DTYPE_F32);

  return graph;
}

static void
test_run_allocates_nothing (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  EshiBackend *backend = open_wrapper ();
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;
  EshiGraph *graph = small_graph (backend, weights, &input, &output);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  guint before = 0;
  guint before_allocs = 0;
  float result[24] = { 0 };

  assert_prepared (graph);
  fill (graph, input);

  before = n_mallocs;
  before_allocs = n_allocs;
  g_assert_true (eshi_graph_run (graph, cancellable, NULL));
  g_assert_true (eshi_graph_download (graph, output, result, NULL));
  g_assert_cmpuint (n_allocs, ==, before_allocs);
  g_assert_cmpuint (n_mallocs, ==, before);
  if (COUNTS_MALLOC)
    g_assert_cmpuint (n_mallocs, >, 0);

  eshi_graph_free (graph);
  close_wrapper (backend);
}

static void
test_first_error_stays (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (1);
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, 3, 8));

  eshi_graph_set_scope (graph, "down.1");
  x = eshi_graph_linear (graph, "fc", x, make_weight (weights, rand, ESHI_SHAPE2 (8, 9)), NULL, ESHI_ACT_NONE, NULL);
  g_assert_null (x);
  x = eshi_graph_activation (graph, "act", x, ESHI_ACT_SILU);
  x = eshi_graph_reshape (graph, x, ESHI_SHAPE1 (24));
  g_assert_null (eshi_graph_output (graph, "out", x, ESHI_DTYPE_F32));
  eshi_graph_fail (graph, g_error_new (ESHI_ERROR, ESHI_ERROR_MODEL_INVALID, "later"));

  g_assert_false (eshi_graph_prepare (graph, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "down.1.fc (linear: x [1, 3, 8] f32, weight [8, 9] f32)"));
  g_assert_false (eshi_graph_run (graph, NULL, NULL));
  g_assert_cmpuint (n_allocs, ==, 0);

  eshi_graph_free (graph);
  close_wrapper (backend);
}

static void
test_labels (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  EshiBackend *backend = open_wrapper ();
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;
  EshiGraph *graph = small_graph (backend, weights, &input, &output);

  g_assert_cmpuint (eshi_graph_n_ops (graph), ==, 3);
  g_assert_cmpstr (eshi_graph_get_op (graph, 0)->label, ==, "mid.0.fc");
  g_assert_cmpstr (eshi_graph_get_op (graph, 1)->label, ==, "mid.0.attn");
  g_assert_cmpstr (eshi_graph_get_op (graph, 2)->label, ==, "act");
  g_assert_cmpfloat (eshi_graph_get_op (graph, 1)->attention.scale, ==, 0.5f);
  g_assert_cmpstr (output->name, ==, "out");

  eshi_graph_free (graph);
  close_wrapper (backend);
}

static const char *
refuse_doubled (EshiBackend  *self,
                const EshiOp *op)
{
  if (op->kind == ESHI_OP_CONV2D && op->conv.doubled)
    return "refused by the test";
  return eshi_backend_ref_class.why_not (self, op);
}

/* A 3×3 convolution of an image of 4 × 3 enlarged to @height × @width; says of how many ops. */
static GBytes *
run_upsample (gboolean  refuse,
              gint64    height,
              gint64    width,
              guint    *n_ops)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (3);
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *input = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE4 (2, 4, 3, 5));
  EshiTensor *output = NULL;
  g_autofree guint8 *data = NULL;

  if (refuse)
    wrapper_class.why_not = refuse_doubled;
  output = eshi_graph_upsample_conv2d (graph, "up", input, height, width,
                                       make_weight (weights, rand, ESHI_SHAPE4 (7, 5, 3, 3)),
                                       make_weight (weights, rand, ESHI_SHAPE1 (7)),
                                       (EshiConvParams) { 1, 1, 1, 1, 1 });
  output = eshi_graph_output (graph, "out", output, ESHI_DTYPE_F32);
  assert_prepared (graph);
  fill (graph, input);
  g_assert_true (eshi_graph_run (graph, NULL, NULL));
  data = g_malloc (eshi_tensor_bytes (output));
  g_assert_true (eshi_graph_download (graph, output, data, NULL));
  *n_ops = eshi_graph_n_ops (graph);
  g_assert_cmpint (output->shape.dim[1], ==, height);
  g_assert_cmpint (output->shape.dim[2], ==, width);

  eshi_graph_free (graph);
  close_wrapper (backend);

  return g_bytes_new_take (g_steal_pointer (&data), 2 * 7 * (gsize) (height * width) * sizeof (float));
}

/* One op where the backend doubles, two where it does not or the size is no double, and the same numbers. */
static void
test_upsample (void)
{
  guint n_ops[4] = { 0 };
  g_autoptr(GBytes) one = run_upsample (FALSE, 8, 6, &n_ops[0]);
  g_autoptr(GBytes) two = run_upsample (TRUE, 8, 6, &n_ops[1]);
  g_autoptr(GBytes) odd = run_upsample (FALSE, 7, 6, &n_ops[2]);
  g_autoptr(GBytes) wide = run_upsample (FALSE, 8, 5, &n_ops[3]);

  g_assert_true (g_bytes_equal (one, two));
  g_assert_cmpuint (n_ops[0], ==, 1);
  for (guint i = 1; i < G_N_ELEMENTS (n_ops); i++)
    g_assert_cmpuint (n_ops[i], ==, 2);
}

static void
test_unsupported (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *x = NULL;

  eshi_graph_set_compute (graph, ESHI_DTYPE_BF16);
  g_assert_cmpint (eshi_graph_get_compute (graph), ==, ESHI_DTYPE_BF16);
  x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, 3, 8));
  x = eshi_graph_convert (graph, "narrow", x, ESHI_DTYPE_BF16);
  g_assert_nonnull (x);
  g_assert_false (eshi_graph_prepare (graph, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "narrow (convert: x [1, 3, 8] f32, dst [1, 3, 8] bf16): activations in f32"));

  eshi_graph_free (graph);
  close_wrapper (backend);
}

/* Whichever allocation fails, the error comes out, nothing leaks, and a second attempt works. */
static void
test_out_of_memory (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  EshiBackend *backend = open_wrapper ();
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;
  EshiGraph *graph = small_graph (backend, weights, &input, &output);

  for (guint i = 1; i <= 3; i++)
    {
      g_autoptr(GError) error = NULL;

      n_allocs = 0;
      fail_alloc = i;
      g_assert_false (eshi_graph_prepare (graph, NULL, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY);
      g_assert_cmpuint (n_live, ==, 0);
    }

  fail_alloc = 0;
  assert_prepared (graph);
  fill (graph, input);
  g_assert_true (eshi_graph_run (graph, NULL, NULL));

  eshi_graph_free (graph);
  close_wrapper (backend);
}

static void
cancel_cb (const EshiOp *op,
           double        seconds,
           gpointer      cancellable)
{
  g_assert_cmpfloat (seconds, >=, 0);
  if (op->kind == ESHI_OP_ATTENTION)
    g_cancellable_cancel (cancellable);
}

static void
test_cancel (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = open_wrapper ();
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;
  EshiGraph *graph = small_graph (backend, weights, &input, &output);

  assert_prepared (graph);
  fill (graph, input);
  eshi_graph_set_profile (graph, cancel_cb, cancellable);
  g_assert_false (eshi_graph_run (graph, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n_runs, ==, 2);
  g_clear_error (&error);

  eshi_graph_set_profile (graph, NULL, NULL);
  g_assert_true (eshi_graph_run (graph, NULL, NULL));
  eshi_graph_free (graph);

  graph = small_graph (backend, weights, &input, &output);
  g_assert_false (eshi_graph_prepare (graph, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  eshi_graph_free (graph);
  close_wrapper (backend);
}

/* One graph reads another's output, also through a view, but never its activations. */
static void
test_across_graphs (void)
{
  g_autoptr(GPtrArray) weights = new_weights ();
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = open_wrapper ();
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;
  EshiTensor *copy = NULL;
  EshiGraph *first = small_graph (backend, weights, &input, &output);
  EshiGraph *second = eshi_graph_new (backend);
  float expected[24] = { 0 };
  float got[24] = { 0 };

  copy = eshi_graph_reshape (second, output, ESHI_SHAPE2 (6, 4));
  copy = eshi_graph_output (second, "copy", copy, ESHI_DTYPE_F32);
  g_assert_false (eshi_graph_prepare (second, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_FAILED);
  g_clear_error (&error);

  assert_prepared (first);
  assert_prepared (second);
  fill (first, input);
  g_assert_true (eshi_graph_run (first, NULL, NULL));
  g_assert_true (eshi_graph_run (second, NULL, NULL));
  g_assert_true (eshi_graph_download (first, output, expected, NULL));
  g_assert_true (eshi_graph_download (second, copy, got, NULL));
  g_assert_cmpmem (got, sizeof got, expected, sizeof expected);

  g_assert_false (eshi_graph_download (second, output, got, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  eshi_graph_free (second);

  second = eshi_graph_new (backend);
  g_assert_null (eshi_graph_activation (second, "steal", eshi_graph_get_op (first, 0)->dst, ESHI_ACT_SILU));
  g_assert_false (eshi_graph_prepare (second, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  eshi_graph_free (second);
  eshi_graph_free (first);
  close_wrapper (backend);
}

static void
test_outputs (void)
{
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE2 (2, 3));
  EshiTensor *y = eshi_graph_activation (graph, "y", x, ESHI_ACT_NONE);
  EshiTensor *view = eshi_graph_reshape (graph, y, ESHI_SHAPE1 (6));
  float values[6] = { 0 };

  g_assert_true (eshi_graph_output (graph, "a", view, ESHI_DTYPE_F32) == view);
  g_assert_true (eshi_graph_output (graph, "b", x, ESHI_DTYPE_F32) != x);
  g_assert_cmpint (y->storage, ==, ESHI_STORAGE_OUTPUT);
  g_assert_cmpint (eshi_graph_get_op (graph, 1)->kind, ==, ESHI_OP_CONVERT);
  assert_prepared (graph);
  fill (graph, x);
  g_assert_true (eshi_graph_run (graph, NULL, NULL));
  g_assert_true (eshi_graph_download (graph, view, values, NULL));
  g_assert_cmpfloat (values[5], ==, (float) sin (5));
  g_assert_cmpuint (eshi_graph_arena_bytes (graph), ==, 0);

  /* Closed once it is prepared. */
  g_assert_null (eshi_graph_activation (graph, "late", y, ESHI_ACT_NONE));

  eshi_graph_free (graph);
  close_wrapper (backend);
}

static void
test_bad_inputs (void)
{
  EshiBackend *backend = open_wrapper ();
  EshiGraph *graph = eshi_graph_new (backend);

  g_assert_null (eshi_graph_input (graph, "empty", ESHI_DTYPE_F32, ESHI_SHAPE2 (0, 3)));
  g_assert_false (eshi_graph_prepare (graph, NULL, NULL));
  eshi_graph_free (graph);

  graph = eshi_graph_new (backend);
  g_assert_null (eshi_graph_input (graph, "huge", ESHI_DTYPE_F32, ESHI_SHAPE2 (G_MAXINT64, 2)));
  eshi_graph_free (graph);

  graph = eshi_graph_new (backend);
  g_assert_null (eshi_graph_reshape (graph, eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE2 (2, 3)),
                                     ESHI_SHAPE1 (5)));
  g_assert_false (eshi_graph_prepare (graph, NULL, NULL));
  eshi_graph_free (graph);
  close_wrapper (backend);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/graph/arena/plan", test_plan);
  g_test_add_func ("/eshi/graph/arena/reuse-changes-nothing", test_reuse);
  g_test_add_func ("/eshi/graph/arena/in-place", test_in_place);
  g_test_add_func ("/eshi/graph/run-allocates-nothing", test_run_allocates_nothing);
  g_test_add_func ("/eshi/graph/first-error-stays", test_first_error_stays);
  g_test_add_func ("/eshi/graph/labels", test_labels);
  g_test_add_func ("/eshi/graph/upsample-and-convolution", test_upsample);
  g_test_add_func ("/eshi/graph/unsupported", test_unsupported);
  g_test_add_func ("/eshi/graph/out-of-memory", test_out_of_memory);
  g_test_add_func ("/eshi/graph/cancel", test_cancel);
  g_test_add_func ("/eshi/graph/across-graphs", test_across_graphs);
  g_test_add_func ("/eshi/graph/outputs", test_outputs);
  g_test_add_func ("/eshi/graph/bad-inputs", test_bad_inputs);

  return g_test_run ();
}
