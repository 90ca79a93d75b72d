/* emu-dnn.cpp: in place of libcudnn.so.9: the descriptors of its backend interface, and convolutions in f32 arithmetic.
 *
 * As strict as the library: attributes have one type and one place, nothing changes after it was finalized, a plan needs
 * engines that take its pattern, and tensors do not overlap. Among the engines that it proposes one is right; the others
 * are compiled late, vary from run to run, want too much memory, or refuse, and fail when they are executed.
 *
 * SPDX-License-Identifier: MIT
 */

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cuda_fp16.h"
#include "emu-control.h"
#include "eshi-cuda-api.h"

namespace
{

enum
{
  BAD_PARAM = 2000,
  NOT_FINALIZED = 2004,
  EXECUTION_FAILED_DRIVER = 5001,
};

enum Engine
{
  COMPILED_LATE,
  VARIES,
  GREEDY,
  REFUSES,
  RIGHT,
  N_ENGINES,
};

constexpr int64_t WORKSPACE_BYTES = 4096;
constexpr int64_t GREEDY_BYTES = int64_t (1) << 40;
constexpr uintptr_t ALIGNMENT = 16;

/* The ids that eshi-cuda-dnn.h gives tensors: what a plan is read by, since its text has no names. */
enum
{
  ID_X = 1,
  ID_WEIGHT,
  ID_Y,
  ID_BIAS,
  ID_RESIDUAL,
  N_IDS,
};

struct Value
{
  int                        type = 0;
  int64_t                    n = 0;
  std::vector<unsigned char> bytes;
};

struct Conv
{
  int64_t n = 0, h = 0, w = 0, c = 0, out_h = 0, out_w = 0, out_c = 0, kh = 0, kw = 0, stride = 0, top = 0, left = 0;
  int64_t has_bias = 0, has_residual = 0;
};

struct Descriptor
{
  int                  type;
  bool                 finalized = false;
  std::map<int, Value> values;
  Conv                 conv;                   /* GRAPH, PLAN */
  bool                 bias_comes_last = true; /* GRAPH */
  int                  engine = -1;            /* ENGINE, ENGINECFG, PLAN */
};

struct Handle
{
  void *stream = nullptr;
};

struct Allowed
{
  int     descriptor, attribute, type;
  int64_t max_n;
  bool    needed;
};

const Allowed allowed[] = {
  { ESHI_DNN_TENSOR, ESHI_DNN_TENSOR_ALIGNMENT, ESHI_DNN_TYPE_INT64, 1, true },
  { ESHI_DNN_TENSOR, ESHI_DNN_TENSOR_DATA_TYPE, ESHI_DNN_TYPE_DATA_TYPE, 1, true },
  { ESHI_DNN_TENSOR, ESHI_DNN_TENSOR_DIMENSIONS, ESHI_DNN_TYPE_INT64, 4, true },
  { ESHI_DNN_TENSOR, ESHI_DNN_TENSOR_STRIDES, ESHI_DNN_TYPE_INT64, 4, true },
  { ESHI_DNN_TENSOR, ESHI_DNN_TENSOR_UNIQUE_ID, ESHI_DNN_TYPE_INT64, 1, true },
  { ESHI_DNN_TENSOR, ESHI_DNN_TENSOR_IS_VIRTUAL, ESHI_DNN_TYPE_BOOLEAN, 1, false },
  { ESHI_DNN_POINTWISE, ESHI_DNN_POINTWISE_MODE, ESHI_DNN_TYPE_POINTWISE_MODE, 1, true },
  { ESHI_DNN_POINTWISE, ESHI_DNN_POINTWISE_PRECISION, ESHI_DNN_TYPE_DATA_TYPE, 1, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_COMPUTE, ESHI_DNN_TYPE_DATA_TYPE, 1, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_MODE, ESHI_DNN_TYPE_CONVOLUTION_MODE, 1, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_DILATIONS, ESHI_DNN_TYPE_INT64, 2, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_STRIDES, ESHI_DNN_TYPE_INT64, 2, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_POST_PADDINGS, ESHI_DNN_TYPE_INT64, 2, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_PRE_PADDINGS, ESHI_DNN_TYPE_INT64, 2, true },
  { ESHI_DNN_CONVOLUTION, ESHI_DNN_CONVOLUTION_SPATIAL_DIMS, ESHI_DNN_TYPE_INT64, 1, true },
  { ESHI_DNN_OPERATION_CONVOLUTION, ESHI_DNN_CONV_ALPHA, ESHI_DNN_TYPE_FLOAT, 1, true },
  { ESHI_DNN_OPERATION_CONVOLUTION, ESHI_DNN_CONV_BETA, ESHI_DNN_TYPE_FLOAT, 1, true },
  { ESHI_DNN_OPERATION_CONVOLUTION, ESHI_DNN_CONV_DESCRIPTOR, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_CONVOLUTION, ESHI_DNN_CONV_W, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_CONVOLUTION, ESHI_DNN_CONV_X, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_CONVOLUTION, ESHI_DNN_CONV_Y, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_POINTWISE, ESHI_DNN_ADD_DESCRIPTOR, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_POINTWISE, ESHI_DNN_ADD_X, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_POINTWISE, ESHI_DNN_ADD_B, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATION_POINTWISE, ESHI_DNN_ADD_Y, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_OPERATIONGRAPH, ESHI_DNN_GRAPH_HANDLE, ESHI_DNN_TYPE_HANDLE, 1, true },
  { ESHI_DNN_OPERATIONGRAPH, ESHI_DNN_GRAPH_OPS, ESHI_DNN_TYPE_DESCRIPTOR, 3, true },
  { ESHI_DNN_ENGINEHEUR, ESHI_DNN_ENGINEHEUR_MODE, ESHI_DNN_TYPE_HEUR_MODE, 1, true },
  { ESHI_DNN_ENGINEHEUR, ESHI_DNN_ENGINEHEUR_GRAPH, ESHI_DNN_TYPE_DESCRIPTOR, 1, true },
  { ESHI_DNN_EXECUTION_PLAN, ESHI_DNN_PLAN_HANDLE, ESHI_DNN_TYPE_HANDLE, 1, true },
  { ESHI_DNN_EXECUTION_PLAN, ESHI_DNN_PLAN_ENGINECFG, ESHI_DNN_TYPE_DESCRIPTOR, 1, false },
  { ESHI_DNN_EXECUTION_PLAN, ESHI_DNN_PLAN_JSON, ESHI_DNN_TYPE_CHAR, 4096, false },
  { ESHI_DNN_VARIANT_PACK, ESHI_DNN_VARIANT_UNIQUE_IDS, ESHI_DNN_TYPE_INT64, N_IDS - 1, true },
  { ESHI_DNN_VARIANT_PACK, ESHI_DNN_VARIANT_POINTERS, ESHI_DNN_TYPE_VOID_PTR, N_IDS - 1, true },
  { ESHI_DNN_VARIANT_PACK, ESHI_DNN_VARIANT_WORKSPACE, ESHI_DNN_TYPE_VOID_PTR, 1, true },
};

std::set<void *> alive;
int n_calls, failing_call, failure, n_executed;

size_t
size_of (int type)
{
  switch (type)
    {
    case ESHI_DNN_TYPE_BOOLEAN:
    case ESHI_DNN_TYPE_CHAR:
      return 1;
    case ESHI_DNN_TYPE_HANDLE:
    case ESHI_DNN_TYPE_INT64:
    case ESHI_DNN_TYPE_VOID_PTR:
    case ESHI_DNN_TYPE_DESCRIPTOR:
      return 8;
    default:
      return 4;
    }
}

/* Whether this call is to fail, and with which status of cuDNN's. */
int
next_call ()
{
  int result = emu_next_call ();

  n_calls++;
  if (result == 2)
    return ESHI_DNN_DEVICE_ALLOCATION_FAILED;
  if (result != 0)
    return EXECUTION_FAILED_DRIVER;
  return n_calls == failing_call || (failing_call < 0 && n_calls >= -failing_call) ? failure : 0;
}

template <typename T>
std::vector<T>
get (const Descriptor *descriptor,
     int               attribute)
{
  const Value &value = descriptor->values.at (attribute);
  std::vector<T> values ((size_t) value.n);

  std::memcpy (values.data (), value.bytes.data (), values.size () * sizeof (T));
  return values;
}

/* The finalized descriptor of @type that @attribute names; nullptr if it is not one, or has been destroyed. */
const Descriptor *
get_part (const Descriptor *descriptor,
          int               attribute,
          int               type,
          size_t            index = 0)
{
  void *part = get<void *> (descriptor, attribute)[index];
  const Descriptor *found = static_cast<Descriptor *> (part);

  return alive.count (part) != 0 && found->type == type && found->finalized ? found : nullptr;
}

/* --- what is finalized --- */

bool
is_packed (const Descriptor *tensor)
{
  std::vector<int64_t> dims = get<int64_t> (tensor, ESHI_DNN_TENSOR_DIMENSIONS);
  std::vector<int64_t> strides = get<int64_t> (tensor, ESHI_DNN_TENSOR_STRIDES);

  return dims.size () == 4 && strides.size () == 4 && strides[1] == 1 && strides[3] == dims[1] &&
         strides[2] == dims[3] * dims[1] && strides[0] == dims[2] * dims[3] * dims[1];
}

bool
is_virtual (const Descriptor *tensor)
{
  return tensor->values.count (ESHI_DNN_TENSOR_IS_VIRTUAL) != 0 &&
         get<unsigned char> (tensor, ESHI_DNN_TENSOR_IS_VIRTUAL)[0] != 0;
}

int64_t
get_id (const Descriptor *tensor)
{
  return get<int64_t> (tensor, ESHI_DNN_TENSOR_UNIQUE_ID)[0];
}

bool
is_tensor (const Descriptor *tensor,
           int64_t           id,
           const int64_t     dims[4])
{
  int type = get<int> (tensor, ESHI_DNN_TENSOR_DATA_TYPE)[0];
  std::vector<int64_t> found = get<int64_t> (tensor, ESHI_DNN_TENSOR_DIMENSIONS);

  return (is_virtual (tensor) ? type == ESHI_DNN_F32 : get_id (tensor) == id && type == ESHI_DNN_F16) &&
         std::memcmp (found.data (), dims, 4 * sizeof *dims) == 0;
}

/* Reads the convolution that a graph begins with; false if it is none, or its shapes do not go together. */
bool
read_convolution (const Descriptor *op,
                  Conv             *conv)
{
  const Descriptor *x = get_part (op, ESHI_DNN_CONV_X, ESHI_DNN_TENSOR);
  const Descriptor *weight = get_part (op, ESHI_DNN_CONV_W, ESHI_DNN_TENSOR);
  const Descriptor *y = get_part (op, ESHI_DNN_CONV_Y, ESHI_DNN_TENSOR);
  const Descriptor *window = get_part (op, ESHI_DNN_CONV_DESCRIPTOR, ESHI_DNN_CONVOLUTION);

  if (x == nullptr || weight == nullptr || y == nullptr || window == nullptr || get_id (x) != ID_X ||
      get_id (weight) != ID_WEIGHT)
    return false;

  std::vector<int64_t> x_dims = get<int64_t> (x, ESHI_DNN_TENSOR_DIMENSIONS);
  std::vector<int64_t> w_dims = get<int64_t> (weight, ESHI_DNN_TENSOR_DIMENSIONS);
  std::vector<int64_t> y_dims = get<int64_t> (y, ESHI_DNN_TENSOR_DIMENSIONS);
  std::vector<int64_t> before = get<int64_t> (window, ESHI_DNN_CONVOLUTION_PRE_PADDINGS);
  std::vector<int64_t> after = get<int64_t> (window, ESHI_DNN_CONVOLUTION_POST_PADDINGS);
  int64_t stride = get<int64_t> (window, ESHI_DNN_CONVOLUTION_STRIDES)[0];

  *conv = { x_dims[0], x_dims[2], x_dims[3], x_dims[1], y_dims[2], y_dims[3], y_dims[1], w_dims[2], w_dims[3],
            stride, before[0], before[1], 0, 0 };
  return w_dims[1] == x_dims[1] && w_dims[0] == y_dims[1] && y_dims[0] == x_dims[0] &&
         y_dims[2] == (x_dims[2] + before[0] + after[0] - w_dims[2]) / stride + 1 &&
         y_dims[3] == (x_dims[3] + before[1] + after[1] - w_dims[3]) / stride + 1;
}

/* Reads what is added; each sum takes up the tensor that the op before it wrote. */
bool
read_sum (Descriptor       *graph,
          const Descriptor *op,
          const Descriptor *previous)
{
  const Descriptor *x = get_part (op, ESHI_DNN_ADD_X, ESHI_DNN_TENSOR);
  const Descriptor *b = get_part (op, ESHI_DNN_ADD_B, ESHI_DNN_TENSOR);
  const Descriptor *y = get_part (op, ESHI_DNN_ADD_Y, ESHI_DNN_TENSOR);
  Conv *conv = &graph->conv;
  int64_t whole[] = { conv->n, conv->out_c, conv->out_h, conv->out_w };
  int64_t vector[] = { 1, conv->out_c, 1, 1 };

  if (x == nullptr || b == nullptr || y == nullptr || x != previous || !is_virtual (x) || !is_tensor (y, ID_Y, whole))
    return false;
  if (is_tensor (b, ID_BIAS, vector) && get_id (b) == ID_BIAS)
    conv->has_bias = 1;
  else if (is_tensor (b, ID_RESIDUAL, whole) && get_id (b) == ID_RESIDUAL)
    {
      graph->bias_comes_last = graph->bias_comes_last && !conv->has_bias;
      conv->has_residual = 1;
    }
  else
    return false;
  return true;
}

bool
read_graph (Descriptor *graph)
{
  size_t n_ops = get<void *> (graph, ESHI_DNN_GRAPH_OPS).size ();
  const Descriptor *first = get_part (graph, ESHI_DNN_GRAPH_OPS, ESHI_DNN_OPERATION_CONVOLUTION);
  const Descriptor *written = nullptr;

  if (first == nullptr || !read_convolution (first, &graph->conv))
    return false;
  written = get_part (first, ESHI_DNN_CONV_Y, ESHI_DNN_TENSOR);
  for (size_t i = 1; i < n_ops; i++)
    {
      const Descriptor *op = get_part (graph, ESHI_DNN_GRAPH_OPS, ESHI_DNN_OPERATION_POINTWISE, i);

      if (op == nullptr || !read_sum (graph, op, written))
        return false;
      written = get_part (op, ESHI_DNN_ADD_Y, ESHI_DNN_TENSOR);
    }
  return !is_virtual (written);
}

std::string
write_plan (const Descriptor *plan)
{
  const Conv &c = plan->conv;
  char text[512];

  std::snprintf (text, sizeof text, "{\"emulated\":[%d,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld]}",
                 plan->engine, (long) c.n, (long) c.h, (long) c.w, (long) c.c, (long) c.out_h, (long) c.out_w,
                 (long) c.out_c, (long) c.kh, (long) c.kw, (long) c.stride, (long) c.top, (long) c.left, (long) c.has_bias,
                 (long) c.has_residual);
  return text;
}

/* Takes back what write_plan() wrote, to the last character. */
bool
read_plan (Descriptor *plan)
{
  std::vector<char> bytes = get<char> (plan, ESHI_DNN_PLAN_JSON);
  std::string text (bytes.begin (), bytes.end ());
  long v[14] = {};
  int n = std::sscanf (text.c_str (), "{\"emulated\":[%d,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld]}",
                       &plan->engine, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9], &v[10],
                       &v[11], &v[12], &v[13]);

  plan->conv = { v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13] };
  return n == 15 && text == write_plan (plan);
}

int
finalize_plan (Descriptor *plan)
{
  bool read = plan->values.count (ESHI_DNN_PLAN_JSON) != 0;
  bool chosen = plan->values.count (ESHI_DNN_PLAN_ENGINECFG) != 0;

  if (read == chosen)
    return BAD_PARAM;
  if (read)
    return read_plan (plan) ? 0 : BAD_PARAM;

  const Descriptor *config = get_part (plan, ESHI_DNN_PLAN_ENGINECFG, ESHI_DNN_ENGINECFG);

  if (config == nullptr)
    return NOT_FINALIZED;
  plan->conv = config->conv;
  plan->engine = config->engine;
  return config->engine == REFUSES ? ESHI_DNN_NOT_SUPPORTED : 0;
}

/* --- what the heuristics propose --- */

/* Engines that are compiled take bias last and the same padding on both sides; the fallback knows one for the rest. */
std::vector<int>
get_proposals (const Descriptor *heuristics)
{
  const Descriptor *graph = get_part (heuristics, ESHI_DNN_ENGINEHEUR_GRAPH, ESHI_DNN_OPERATIONGRAPH);
  bool fallback = get<int> (heuristics, ESHI_DNN_ENGINEHEUR_MODE)[0] == ESHI_DNN_HEUR_FALLBACK;
  std::vector<int> engines = { COMPILED_LATE, VARIES, GREEDY, REFUSES };
  const Conv &conv = graph->conv;
  bool even = conv.out_h == (conv.h + 2 * conv.top - conv.kh) / conv.stride + 1 &&
              conv.out_w == (conv.w + 2 * conv.left - conv.kw) / conv.stride + 1;

  if (!graph->bias_comes_last || !even)
    return { COMPILED_LATE };
  if (fallback)
    return { RIGHT };
  if (conv.c % 8 == 0)
    engines.push_back (RIGHT);
  return engines;
}

int
give (const void *values,
      int64_t     n,
      size_t      size,
      int64_t     n_wanted,
      int64_t    *n_found,
      void       *dst)
{
  *n_found = n_wanted == 0 ? n : std::min (n, n_wanted);
  if (n_wanted > 0)
    std::memcpy (dst, values, (size_t) *n_found * size);
  return 0;
}

int
give_proposals (const Descriptor *heuristics,
                int64_t           n_wanted,
                int64_t          *n_found,
                void             *dst)
{
  std::vector<int> engines = get_proposals (heuristics);
  const Descriptor *graph = get_part (heuristics, ESHI_DNN_ENGINEHEUR_GRAPH, ESHI_DNN_OPERATIONGRAPH);

  *n_found = (int64_t) engines.size ();
  for (int64_t i = 0; i < std::min (n_wanted, (int64_t) engines.size ()); i++)
    {
      Descriptor *config = static_cast<Descriptor **> (dst)[i];

      if (config->type != ESHI_DNN_ENGINECFG)
        return BAD_PARAM;
      config->engine = engines[(size_t) i];
      config->conv = graph->conv;
      config->finalized = true;
      *n_found = i + 1;
    }
  return 0;
}

int
give_engine (const Descriptor *config,
             int64_t           n_wanted,
             int64_t          *n_found,
             void             *dst)
{
  Descriptor *engine = *static_cast<Descriptor **> (dst);

  if (n_wanted != 1 || engine->type != ESHI_DNN_ENGINE)
    return BAD_PARAM;
  engine->engine = config->engine;
  engine->finalized = true;
  *n_found = 1;
  return 0;
}

/* --- running --- */

struct Work
{
  Conv     conv;
  uint64_t address[N_IDS];
};

std::vector<float>
read (uint64_t address,
      int64_t  n)
{
  const __half *memory = static_cast<const __half *> (emu_memory (address, (size_t) n * sizeof (__half)));
  std::vector<float> values ((size_t) n);

  for (size_t i = 0; i < values.size (); i++)
    values[i] = __half2float (memory[i]);
  return values;
}

/* Sixteen sums side by side, which the compiler makes vectors of. */
float
multiply_rows (const float *a,
               const float *b,
               int64_t      n)
{
  float sums[16] = {};
  float sum = 0;
  int64_t i = 0;

  for (; i + 16 <= n; i += 16)
    for (int64_t j = 0; j < 16; j++)
      sums[j] += a[i + j] * b[i + j];
  for (; i < n; i++)
    sum += a[i] * b[i];
  for (float part : sums)
    sum += part;
  return sum;
}

/* One output pixel of one channel. */
float
look (const Conv  &c,
      const float *x,
      const float *weight,
      int64_t      out_y,
      int64_t      out_x)
{
  float sum = 0;

  for (int64_t ky = 0; ky < c.kh; ky++)
    for (int64_t kx = 0; kx < c.kw; kx++)
      {
        int64_t y = out_y * c.stride + ky - c.top;
        int64_t at = out_x * c.stride + kx - c.left;

        if (y >= 0 && y < c.h && at >= 0 && at < c.w)
          sum += multiply_rows (x + (y * c.w + at) * c.c, weight + (ky * c.kw + kx) * c.c, c.c);
      }
  return sum;
}

void
convolve (void *data)
{
  const Work *work = static_cast<const Work *> (data);
  const Conv &c = work->conv;
  int64_t n_out = c.n * c.out_h * c.out_w * c.out_c;
  std::vector<float> x = read (work->address[ID_X], c.n * c.h * c.w * c.c);
  std::vector<float> weight = read (work->address[ID_WEIGHT], c.out_c * c.kh * c.kw * c.c);
  std::vector<float> bias ((size_t) c.out_c);
  std::vector<float> residual ((size_t) n_out);
  __half *y = static_cast<__half *> (emu_memory (work->address[ID_Y], (size_t) n_out * sizeof (__half)));

  if (c.has_bias)
    bias = read (work->address[ID_BIAS], c.out_c);
  if (c.has_residual)
    residual = read (work->address[ID_RESIDUAL], n_out);
  for (int64_t i = 0; i < n_out; i++)
    {
      int64_t channel = i % c.out_c;
      int64_t pixel = i / c.out_c;
      int64_t image = pixel / (c.out_h * c.out_w);

      y[i] = __float2half_rn (look (c, &x[(size_t) (image * c.h * c.w * c.c)],
                                    &weight[(size_t) (channel * c.kh * c.kw * c.c)], pixel / c.out_w % c.out_h,
                                    pixel % c.out_w) +
                              residual[(size_t) i] + bias[(size_t) channel]);
    }
}

/* Whether what is written lies apart from what is read. */
bool
is_apart (const Work &work)
{
  const Conv &c = work.conv;
  uint64_t y = work.address[ID_Y];
  uint64_t y_bytes = 2 * (uint64_t) (c.n * c.out_h * c.out_w * c.out_c);
  uint64_t bytes[N_IDS] = { 0, 2 * (uint64_t) (c.n * c.h * c.w * c.c), 2 * (uint64_t) (c.out_c * c.kh * c.kw * c.c), 0,
                            2 * (uint64_t) c.out_c, y_bytes };

  for (int id = ID_X; id < N_IDS; id++)
    if (id != ID_Y && work.address[id] != 0 && work.address[id] < y + y_bytes && y < work.address[id] + bytes[id])
      return false;
  return true;
}

int
collect (const Descriptor *plan,
         const Descriptor *pack,
         Work             *work)
{
  std::vector<int64_t> ids = get<int64_t> (pack, ESHI_DNN_VARIANT_UNIQUE_IDS);
  std::vector<uint64_t> addresses = get<uint64_t> (pack, ESHI_DNN_VARIANT_POINTERS);
  const bool needed[N_IDS] = { false, true, true, true, plan->conv.has_bias != 0, plan->conv.has_residual != 0 };

  *work = { plan->conv, {} };
  for (size_t i = 0; i < ids.size () && ids.size () == addresses.size (); i++)
    if (ids[i] >= ID_X && ids[i] < N_IDS && addresses[i] % ALIGNMENT == 0)
      work->address[ids[i]] = addresses[i];
  for (int id = ID_X; id < N_IDS; id++)
    if (needed[id] != (work->address[id] != 0))
      return BAD_PARAM;
  return is_apart (*work) ? 0 : BAD_PARAM;
}

} /* namespace */

extern "C" {

/* --- for tests --- */

void
emu_dnn_fail_call (int n,
                   int status)
{
  n_calls = 0;
  failing_call = n;
  failure = status;
}

int
emu_dnn_count_calls (void)
{
  return n_calls;
}

int
emu_dnn_count_executed (void)
{
  return n_executed;
}

int
emu_dnn_count_alive (void)
{
  return (int) alive.size ();
}

/* --- the library --- */

#define BEGIN_CALL                   \
  {                                  \
    int status = next_call ();       \
                                     \
    if (status != 0)                 \
      return status;                 \
  }

size_t
cudnnGetVersion (void)
{
  return 91900;
}

void
cudnnGetLastErrorString (char   *text,
                         size_t  max_bytes)
{
  std::snprintf (text, max_bytes, "emulated error");
}

int
cudnnCreate (void **handle)
{
  BEGIN_CALL
  *handle = new Handle;
  alive.insert (*handle);
  return 0;
}

int
cudnnDestroy (void *handle)
{
  alive.erase (handle);
  delete static_cast<Handle *> (handle);
  return 0;
}

int
cudnnSetStream (void *handle,
                void *stream)
{
  BEGIN_CALL
  static_cast<Handle *> (handle)->stream = stream;
  return 0;
}

int
cudnnBackendCreateDescriptor (int    type,
                              void **descriptor)
{
  BEGIN_CALL
  Descriptor *made = new Descriptor;

  made->type = type;
  alive.insert (made);
  *descriptor = made;
  return 0;
}

int
cudnnBackendDestroyDescriptor (void *descriptor)
{
  if (alive.erase (descriptor) == 0)
    return BAD_PARAM;
  delete static_cast<Descriptor *> (descriptor);
  return 0;
}

int
cudnnBackendSetAttribute (void       *descriptor,
                          int         attribute,
                          int         type,
                          int64_t     n,
                          const void *values)
{
  Descriptor *self = static_cast<Descriptor *> (descriptor);
  const unsigned char *bytes = static_cast<const unsigned char *> (values);

  BEGIN_CALL
  if (alive.count (descriptor) == 0 || self->finalized)
    return BAD_PARAM;
  for (const Allowed &rule : allowed)
    if (rule.descriptor == self->type && rule.attribute == attribute && rule.type == type && n >= 1 && n <= rule.max_n)
      {
        self->values[attribute] = { type, n, std::vector<unsigned char> (bytes, bytes + (size_t) n * size_of (type)) };
        return 0;
      }
  return BAD_PARAM;
}

int
cudnnBackendFinalize (void *descriptor)
{
  Descriptor *self = static_cast<Descriptor *> (descriptor);
  int status = 0;

  BEGIN_CALL
  for (const Allowed &rule : allowed)
    if (rule.descriptor == self->type && rule.needed && self->values.count (rule.attribute) == 0)
      return BAD_PARAM;
  if (self->type == ESHI_DNN_TENSOR && !is_packed (self))
    status = BAD_PARAM;
  else if (self->type == ESHI_DNN_OPERATIONGRAPH && !read_graph (self))
    status = BAD_PARAM;
  else if (self->type == ESHI_DNN_ENGINEHEUR &&
           get_part (self, ESHI_DNN_ENGINEHEUR_GRAPH, ESHI_DNN_OPERATIONGRAPH) == nullptr)
    status = NOT_FINALIZED;
  else if (self->type == ESHI_DNN_EXECUTION_PLAN)
    status = finalize_plan (self);
  self->finalized = status == 0;
  return status;
}

int
cudnnBackendGetAttribute (void    *descriptor,
                          int      attribute,
                          int      type,
                          int64_t  n_wanted,
                          int64_t *n_found,
                          void    *values)
{
  const Descriptor *self = static_cast<Descriptor *> (descriptor);
  int tensor_core = ESHI_DNN_NOTE_TENSOR_CORE;
  int varies[] = { ESHI_DNN_NOTE_TENSOR_CORE, 4 };
  int compiled_late = ESHI_DNN_NOTE_RUNTIME_COMPILATION;
  int64_t index = self->engine;
  int64_t bytes = self->engine == GREEDY ? GREEDY_BYTES : WORKSPACE_BYTES;

  BEGIN_CALL
  if (alive.count (descriptor) == 0 || !self->finalized)
    return NOT_FINALIZED;
  if (attribute == ESHI_DNN_ENGINEHEUR_RESULTS && type == ESHI_DNN_TYPE_DESCRIPTOR)
    return give_proposals (self, n_wanted, n_found, values);
  if (attribute == ESHI_DNN_ENGINECFG_ENGINE && type == ESHI_DNN_TYPE_DESCRIPTOR)
    return give_engine (self, n_wanted, n_found, values);
  if (attribute == ESHI_DNN_ENGINE_INDEX && type == ESHI_DNN_TYPE_INT64)
    return give (&index, 1, sizeof index, n_wanted, n_found, values);
  if (attribute == ESHI_DNN_ENGINE_NUMERICAL_NOTE && type == ESHI_DNN_TYPE_NUMERICAL_NOTE)
    return self->engine == VARIES ? give (varies, 2, sizeof (int), n_wanted, n_found, values)
                                  : give (&tensor_core, 1, sizeof (int), n_wanted, n_found, values);
  if (attribute == ESHI_DNN_ENGINE_BEHAVIOR_NOTE && type == ESHI_DNN_TYPE_BEHAVIOR_NOTE)
    return give (&compiled_late, self->engine == COMPILED_LATE, sizeof (int), n_wanted, n_found, values);
  if (attribute == ESHI_DNN_PLAN_WORKSPACE_BYTES && type == ESHI_DNN_TYPE_INT64)
    return give (&bytes, 1, sizeof bytes, n_wanted, n_found, values);
  if (attribute == ESHI_DNN_PLAN_JSON && type == ESHI_DNN_TYPE_CHAR)
    {
      std::string text = write_plan (self);

      return give (text.data (), (int64_t) text.size (), 1, n_wanted, n_found, values);
    }
  return BAD_PARAM;
}

int
cudnnBackendExecute (void *handle,
                     void *plan_descriptor,
                     void *pack_descriptor)
{
  const Descriptor *plan = static_cast<Descriptor *> (plan_descriptor);
  const Descriptor *pack = static_cast<Descriptor *> (pack_descriptor);
  Work work;
  int status = 0;

  BEGIN_CALL
  if (alive.count (handle) == 0 || alive.count (plan_descriptor) == 0 || alive.count (pack_descriptor) == 0 ||
      !plan->finalized || !pack->finalized)
    return NOT_FINALIZED;
  if (plan->engine != RIGHT)
    return ESHI_DNN_EXECUTION_FAILED;
  status = collect (plan, pack, &work);
  if (status != 0)
    return status;
  emu_memory (get<uint64_t> (pack, ESHI_DNN_VARIANT_WORKSPACE)[0], WORKSPACE_BYTES);
  n_executed++;
  emu_enqueue (static_cast<Handle *> (handle)->stream, convolve, &work, sizeof work);
  return 0;
}

} /* extern "C" */
