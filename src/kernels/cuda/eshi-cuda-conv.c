/* eshi-cuda-conv.c: CONV2D by cuDNN, where it is there and has a plan; eshi-cuda-matrix.c does the others.
 *
 * One plan for each shape lasts as long as the backend is open, and as text in the user's cache folder, under a name made
 * of the device, the driver, cuDNN's version and the shape. Only f16: for f32 cuDNN would round to fewer digits.
 *
 * Refuses to read and write the same memory: cuDNN does not promise that the residual may be the result, so where it is,
 * it is copied first.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "eshi-cuda-backend.h"

/* As much as the matrix products take for their rows. */
#define WORKSPACE_BYTES (64 << 20)

struct _EshiCudaConvUse
{
  const EshiCudaDnnPlan *plan; /* the backend's */
  gsize                  copy_bytes; /* of the scratch, for a residual that is the result too */

  /* What pack was made of; the arena and the scratch hardly ever move. */
  EshiCuPtr              addresses[ESHI_DNN_ID_SUMS];
  EshiCuPtr              workspace;
  void                  *pack;
};

/* --- errors --- */

/* An error of the device shows at the driver too, which knows whether it stays. */
static gboolean
check_dnn (EshiCudaBackend  *self,
           int               status,
           GError          **error)
{
  char words[256] = "";

  if (status == ESHI_DNN_SUCCESS)
    return TRUE;
  if (status == ESHI_DNN_HOST_ALLOCATION_FAILED || status == ESHI_DNN_DEVICE_ALLOCATION_FAILED)
    return _eshi_cuda_check (self, ESHI_CU_OUT_OF_MEMORY, error);
  self->libs->dnn.get_last_error (words, sizeof words);
  if (status >= ESHI_DNN_EXECUTION_FAILED && !_eshi_cuda_check_device (self, error))
    return FALSE;
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED, _("NVIDIA's library cuDNN reported an error: %s (status %d)."),
               words, status);
  return FALSE;
}

/* --- opening --- */

gboolean
_eshi_cuda_conv_open (EshiCudaBackend  *self,
                      GError          **error)
{
  const EshiCudaDnn *dnn = &self->libs->dnn;
  int status = ESHI_DNN_SUCCESS;

  if (!self->libs->has_dnn)
    return TRUE;
  status = dnn->create (&self->dnn);
  if (status == ESHI_DNN_SUCCESS)
    status = dnn->set_stream (self->dnn, self->lane->stream);
  if (status == ESHI_DNN_SUCCESS)
    return TRUE;
  _eshi_cuda_conv_close (self);
  if (!eshi_cuda_dnn_is_refusal (status))
    return check_dnn (self, status, error);
  g_info ("cuda: cuDNN does not start (status %d): convolutions are matrix products, which is slower", status);
  return TRUE;
}

gboolean
_eshi_cuda_conv_use_lane (EshiCudaBackend  *self,
                          GError          **error)
{
  return self->dnn == NULL || check_dnn (self, self->libs->dnn.set_stream (self->dnn, self->lane->stream), error);
}

void
_eshi_cuda_conv_close (EshiCudaBackend *self)
{
  g_clear_pointer (&self->conv_plans, g_hash_table_unref);
  if (self->dnn != NULL)
    self->libs->dnn.destroy (self->dnn);
  self->dnn = NULL;
}

/* --- plans on disk --- */

/* Everything that a plan depends on. */
static char *
get_key (EshiCudaBackend    *self,
         const EshiCudaConv *conv)
{
  g_autofree char *shape = eshi_cuda_conv_describe (conv);
  int driver = 0;

  self->libs->cu.driver_get_version (&driver);
  return g_strdup_printf ("%s, %s, driver %d, %s", self->info.name, self->info.features, driver, shape);
}

static char *
get_path (const char *key)
{
  g_autofree char *name = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);

  return g_build_filename (g_get_user_cache_dir (), "eshi", "cudnn", name, NULL);
}

/* The plan that was kept under @key: a line with the key, then cuDNN's text; NULL if there is none that cuDNN takes. */
static EshiCudaDnnPlan *
read_plan (const EshiCudaPlanner *planner,
           const char            *key,
           int                   *status)
{
  g_autofree char *path = get_path (key);
  g_autofree char *text = NULL;
  EshiCudaDnnPlan *plan = NULL;

  *status = ESHI_DNN_NOT_SUPPORTED;
  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_str_has_prefix (text, key) || text[strlen (key)] != '\n')
    return NULL;
  *status = eshi_cuda_dnn_plan_load (planner, text + strlen (key) + 1, &plan);
  return plan;
}

/* A cache that cannot be written costs time alone. */
static void
keep_plan (const EshiCudaDnnPlan *plan,
           const char            *key)
{
  g_autofree char *path = get_path (key);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *json = eshi_cuda_dnn_plan_save (plan);
  g_autofree char *text = g_strconcat (key, "\n", json, NULL);
  g_autoptr(GError) error = NULL;

  if (json == NULL)
    return;
  if (g_mkdir_with_parents (folder, 0700) != 0 || !g_file_set_contents (path, text, -1, &error))
    g_debug ("cuda: a plan of cuDNN's is not kept: %s", error != NULL ? error->message : g_strerror (errno));
}

/* --- plans --- */

/* Makes the plan for @conv, from the disk if it can; NULL without an error if cuDNN has none. */
static EshiCudaDnnPlan *
make_plan (EshiCudaBackend     *self,
           const EshiCudaConv  *conv,
           const char          *key,
           GError             **error)
{
  EshiCudaPlanner planner = { &self->libs->dnn, self->dnn, NULL, WORKSPACE_BYTES };
  int status = ESHI_DNN_SUCCESS;
  EshiCudaDnnPlan *plan = read_plan (&planner, key, &status);

  if (plan == NULL && status == ESHI_DNN_NOT_SUPPORTED)
    {
      status = eshi_cuda_dnn_plan_new (&planner, conv, &plan);
      if (plan != NULL)
        keep_plan (plan, key);
    }
  if (status == ESHI_DNN_NOT_SUPPORTED)
    g_info ("cuda: cuDNN has no plan for a convolution, which is a matrix product instead: %s", key);
  else
    check_dnn (self, status, error);
  return plan;
}

/* Finds the plan for @conv, made at the first time; NULL also where there is none. */
static gboolean
find_plan (EshiCudaBackend        *self,
           const EshiCudaConv     *conv,
           const EshiCudaDnnPlan **plan,
           GError                **error)
{
  g_autofree char *key = get_key (self, conv);
  gpointer found = NULL;
  GError *failure = NULL;

  if (self->conv_plans == NULL)
    self->conv_plans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify) eshi_cuda_dnn_plan_free);
  if (!g_hash_table_lookup_extended (self->conv_plans, key, NULL, &found))
    {
      found = make_plan (self, conv, key, &failure);
      if (failure != NULL)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
      g_hash_table_insert (self->conv_plans, g_steal_pointer (&key), found);
    }
  *plan = found;
  return TRUE;
}

gboolean
_eshi_cuda_conv_prepare (EshiCudaBackend  *self,
                         const EshiOp     *op,
                         EshiCudaConvUse **use,
                         GError          **error)
{
  const EshiCudaDnnPlan *plan = NULL;
  EshiCudaConv conv = eshi_cuda_conv_from_op (op);

  *use = NULL;
  if (self->dnn == NULL || op->dst->dtype != ESHI_DTYPE_F16)
    return TRUE;
  if (!find_plan (self, &conv, &plan, error))
    return FALSE;
  if (plan == NULL)
    return TRUE;
  *use = g_new0 (EshiCudaConvUse, 1);
  (*use)->plan = plan;
  if (conv.has_residual)
    (*use)->copy_bytes = _eshi_cuda_align (eshi_tensor_bytes (op->dst));
  return TRUE;
}

gsize
_eshi_cuda_conv_scratch (const EshiCudaConvUse *use)
{
  return use->copy_bytes + (gsize) use->plan->workspace_bytes;
}

void
_eshi_cuda_conv_unprepare (EshiCudaBackend *self,
                           EshiCudaConvUse *use)
{
  if (use == NULL)
    return;
  if (use->pack != NULL)
    self->libs->dnn.descriptor_destroy (use->pack);
  g_free (use);
}

/* --- running --- */

/* Packs the addresses anew if they are not those of the last time. */
static gboolean
pack (EshiCudaBackend  *self,
      EshiCudaConvUse  *use,
      const EshiCuPtr   addresses[ESHI_DNN_ID_SUMS],
      EshiCuPtr         workspace,
      GError          **error)
{
  const EshiCudaDnn *dnn = &self->libs->dnn;

  if (use->pack != NULL && use->workspace == workspace &&
      memcmp (use->addresses, addresses, sizeof use->addresses) == 0)
    return TRUE;
  if (use->pack != NULL)
    dnn->descriptor_destroy (use->pack);
  use->pack = NULL;
  memcpy (use->addresses, addresses, sizeof use->addresses);
  use->workspace = workspace;
  return check_dnn (self, eshi_cuda_dnn_pack_new (dnn, addresses, workspace, &use->pack), error);
}

gboolean
_eshi_cuda_conv_run (EshiCudaBackend  *self,
                     const EshiOp     *op,
                     EshiCudaConvUse  *use,
                     EshiCuPtr         weight,
                     EshiCuPtr         bias,
                     EshiCuPtr         scratch,
                     GError          **error)
{
  EshiCuPtr residual = _eshi_cuda_data (op->src[ESHI_SRC_RESIDUAL]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  gboolean in_place = residual != 0 && residual == dst;
  EshiCuPtr addresses[ESHI_DNN_ID_SUMS] = {
    [ESHI_DNN_ID_X] = _eshi_cuda_data (op->src[ESHI_SRC_X]),
    [ESHI_DNN_ID_WEIGHT] = weight,
    [ESHI_DNN_ID_Y] = dst,
    [ESHI_DNN_ID_BIAS] = bias,
    [ESHI_DNN_ID_RESIDUAL] = in_place ? scratch : residual,
  };

  if (in_place &&
      !_eshi_cuda_check (self, self->libs->cu.on_device (scratch, dst, eshi_tensor_bytes (op->dst), self->lane->stream), error))
    return FALSE;
  return pack (self, use, addresses, scratch + use->copy_bytes, error) &&
         check_dnn (self, self->libs->dnn.execute (self->dnn, use->plan->descriptor, use->pack), error);
}
