/* emu-blas.cpp: in place of libcublasLt: matrix products in f32 arithmetic, with the epilogues that the backend uses.
 *
 * SPDX-License-Identifier: MIT
 */

#include <cstring>
#include <vector>

#include "cuda_fp16.h"
#include "emu-control.h"

namespace
{

enum
{
  SUCCESS = 0,
  ALLOC_FAILED = 3,
  INVALID_VALUE = 7,
  EXECUTION_FAILED = 13,
  NOT_SUPPORTED = 15,
  F32 = 0,
  F16 = 2,
  TRANSA = 3,
  EPILOGUE = 7,
  BIAS_POINTER = 8,
  ONLY_RESULT = 1,
  WITH_BIAS = 4,
};

/* What this stand-in asks for, so that callers have to reserve it. */
constexpr size_t WORKSPACE_BYTES = 1024;

typedef unsigned long long Address;

struct Description
{
  int     transposed = 0;
  int     epilogue = ONLY_RESULT;
  Address bias = 0;
};

struct Layout
{
  int    type;
  size_t rows, columns, stride;
};

struct Result
{
  unsigned long long algo[8];
  size_t             workspace_bytes;
  int                state;
  float              waves;
  int                reserved[4];
};

/* d [n, m] = x [n, k] · weight [m, k]ᵀ, read by rows. */
struct Work
{
  Description desc;
  int         type;
  size_t      m, n, k;
  Address     weight, x, c, d;
  float       alpha, beta;
};

size_t
size_of (int type)
{
  return type == F16 ? 2 : 4;
}

std::vector<float>
read (Address address,
      int     type,
      size_t  n)
{
  const void *memory = emu_memory (address, n * size_of (type));
  std::vector<float> values (n);

  if (type == F32)
    std::memcpy (values.data (), memory, n * sizeof (float));
  else
    for (size_t i = 0; i < n; i++)
      values[i] = __half2float (static_cast<const __half *> (memory)[i]);
  return values;
}

void
write (Address                   address,
       int                       type,
       const std::vector<float> &values)
{
  void *memory = emu_memory (address, values.size () * size_of (type));

  if (type == F32)
    std::memcpy (memory, values.data (), values.size () * sizeof (float));
  else
    for (size_t i = 0; i < values.size (); i++)
      static_cast<__half *> (memory)[i] = __float2half_rn (values[i]);
}

/* Sixteen sums side by side, which the compiler makes vectors of. */
float
multiply_rows (const float *a,
               const float *b,
               size_t       n)
{
  float sums[16] = {};
  float sum = 0;
  size_t i = 0;

  for (; i + 16 <= n; i += 16)
    for (size_t j = 0; j < 16; j++)
      sums[j] += a[i + j] * b[i + j];
  for (; i < n; i++)
    sum += a[i] * b[i];
  for (size_t j = 0; j < 16; j++)
    sum += sums[j];
  return sum;
}

void
multiply (void *data)
{
  const Work *w = static_cast<const Work *> (data);
  std::vector<float> weight = read (w->weight, w->type, w->m * w->k);
  std::vector<float> x = read (w->x, w->type, w->n * w->k);
  std::vector<float> bias (w->m);
  std::vector<float> d (w->n * w->m);

  if (w->beta != 0)
    d = read (w->c, w->type, w->n * w->m);
  if (w->desc.epilogue == WITH_BIAS)
    bias = read (w->desc.bias, w->type, w->m);
  for (size_t row = 0; row < w->n; row++)
    for (size_t i = 0; i < w->m; i++)
      {
        float rest = w->beta != 0 ? w->beta * d[row * w->m + i] : 0;

        d[row * w->m + i] = w->alpha * multiply_rows (&weight[i * w->k], &x[row * w->k], w->k) + rest + bias[i];
      }
  write (w->d, w->type, d);
}

} /* namespace */

extern "C" {

#define BEGIN_CALL                     \
  {                                    \
    int failure = emu_next_call ();    \
                                       \
    if (failure == 2)                  \
      return ALLOC_FAILED;             \
    if (failure != SUCCESS)            \
      return EXECUTION_FAILED;         \
  }

int
cublasLtCreate (void **handle)
{
  BEGIN_CALL
  *handle = new int;
  return SUCCESS;
}

int
cublasLtDestroy (void *handle)
{
  delete static_cast<int *> (handle);
  return SUCCESS;
}

size_t
cublasLtGetVersion (void)
{
  return 130000;
}

int
cublasLtMatmulDescCreate (void **desc,
                          int,
                          int)
{
  BEGIN_CALL
  *desc = new Description;
  return SUCCESS;
}

int
cublasLtMatmulDescDestroy (void *desc)
{
  delete static_cast<Description *> (desc);
  return SUCCESS;
}

int
cublasLtMatmulDescSetAttribute (void       *desc,
                                int         attribute,
                                const void *value,
                                size_t      bytes)
{
  Description *self = static_cast<Description *> (desc);

  BEGIN_CALL
  if (attribute == TRANSA && bytes == sizeof (int))
    std::memcpy (&self->transposed, value, bytes);
  else if (attribute == EPILOGUE && bytes == sizeof (int))
    std::memcpy (&self->epilogue, value, bytes);
  else if (attribute == BIAS_POINTER && bytes == sizeof (Address))
    std::memcpy (&self->bias, value, bytes);
  else
    return INVALID_VALUE;
  return SUCCESS;
}

int
cublasLtMatrixLayoutCreate (void               **layout,
                            int                  type,
                            unsigned long long   rows,
                            unsigned long long   columns,
                            long long            stride)
{
  BEGIN_CALL
  if (rows == 0 || columns == 0 || stride < (long long) rows)
    return INVALID_VALUE;
  *layout = new Layout { type, (size_t) rows, (size_t) columns, (size_t) stride };
  return SUCCESS;
}

int
cublasLtMatrixLayoutDestroy (void *layout)
{
  delete static_cast<Layout *> (layout);
  return SUCCESS;
}

int
cublasLtMatmulPreferenceCreate (void **preference)
{
  BEGIN_CALL
  *preference = new int;
  return SUCCESS;
}

int
cublasLtMatmulPreferenceDestroy (void *preference)
{
  delete static_cast<int *> (preference);
  return SUCCESS;
}

int
cublasLtMatmulPreferenceSetAttribute (void *,
                                      int,
                                      const void *,
                                      size_t)
{
  BEGIN_CALL
  return SUCCESS;
}

/* Whether the product is one of weight · xᵀ with packed rows, which is all that the backend asks for. */
static bool
is_known (const Description *desc,
          const Layout      *weight,
          const Layout      *x,
          const Layout      *d)
{
  return desc->transposed == 1 && weight->rows == x->rows && weight->columns == d->rows && x->columns == d->columns &&
         weight->stride == weight->rows && x->stride == x->rows && d->stride == d->rows && weight->type == x->type &&
         x->type == d->type && (d->type == F16 || d->type == F32);
}

int
cublasLtMatmulAlgoGetHeuristic (void   *,
                                void   *desc,
                                void   *a,
                                void   *b,
                                void   *,
                                void   *d,
                                void   *,
                                int     n_wanted,
                                Result *results,
                                int    *n_found)
{
  BEGIN_CALL
  *n_found = 0;
  if (n_wanted < 1 || !is_known (static_cast<Description *> (desc), static_cast<Layout *> (a), static_cast<Layout *> (b),
                                 static_cast<Layout *> (d)))
    return NOT_SUPPORTED;
  *n_found = 1;
  results[0] = {};
  results[0].workspace_bytes = WORKSPACE_BYTES;
  return SUCCESS;
}

int
cublasLtMatmul (void        *,
                void        *desc,
                const float *alpha,
                Address      a,
                void        *a_layout,
                Address      b,
                void        *b_layout,
                const float *beta,
                Address      c,
                void        *c_layout,
                Address      d,
                void        *d_layout,
                const void  *,
                Address      workspace,
                size_t       workspace_bytes,
                void        *stream)
{
  const Layout *x = static_cast<Layout *> (b_layout);
  const Layout *result = static_cast<Layout *> (d_layout);
  Work work = { *static_cast<Description *> (desc), x->type, result->rows, x->columns, x->rows,
                a, b, c, d, *alpha, *beta };

  BEGIN_CALL
  if (c_layout != d_layout || workspace_bytes < WORKSPACE_BYTES ||
      !is_known (&work.desc, static_cast<Layout *> (a_layout), x, result))
    return INVALID_VALUE;
  emu_memory (workspace, workspace_bytes);
  emu_enqueue (stream, multiply, &work, sizeof work);
  return SUCCESS;
}

} /* extern "C" */
