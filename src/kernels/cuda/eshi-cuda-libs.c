/* eshi-cuda-libs.c: see eshi-cuda-libs.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cuda-libs.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>

/* Where a driver that is there, and a module of its own that is not, show. */
#define DRIVER_FILE "/proc/driver/nvidia/version"
#define UVM_FILE "/dev/nvidia-uvm"

typedef struct
{
  const char *name;
  gsize       offset; /* of the pointer in its table */
} Symbol;

#define DRIVER_SYMBOL(result, field, name, params) { name, G_STRUCT_OFFSET (EshiCudaDriver, field) },
#define LT_SYMBOL(result, field, name, params) { name, G_STRUCT_OFFSET (EshiCudaLt, field) },
#define DNN_SYMBOL(result, field, name, params) { name, G_STRUCT_OFFSET (EshiCudaDnn, field) },

static const Symbol driver_symbols[] = { ESHI_CUDA_DRIVER_FUNCTIONS (DRIVER_SYMBOL) };
static const Symbol lt_symbols[] = { ESHI_CUDA_LT_FUNCTIONS (LT_SYMBOL) };
static const Symbol dnn_symbols[] = { ESHI_CUDA_DNN_FUNCTIONS (DNN_SYMBOL) };

static const char * const driver_files[] = { "libcuda.so.1", NULL };
static const char * const lt_files[] = { "libcublasLt.so.13", "libcublasLt.so.12", NULL };
static const char * const dnn_files[] = { "libcudnn.so.9", NULL };

/* The first of @files that can be opened, or NULL. */
static void *
open_library (const char *const *files)
{
  const char *wanted = g_getenv ("ESHI_CUDA_LIBS");
  g_auto(GStrv) folders = g_strsplit (wanted != NULL ? wanted : "", ":", -1);

  for (guint i = 0; files[i] != NULL; i++)
    {
      void *library = folders[0] == NULL ? dlopen (files[i], RTLD_NOW | RTLD_LOCAL) : NULL;

      for (guint k = 0; folders[k] != NULL && library == NULL; k++)
        {
          g_autofree char *path = g_build_filename (folders[k], files[i], NULL);

          library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
        }
      if (library != NULL)
        return library;
    }
  return NULL;
}

/* Fills in @table from @library. */
static gboolean
find_symbols (void          *library,
              const char    *file,
              const Symbol  *symbols,
              guint          n_symbols,
              char          *table,
              GError       **error)
{
  for (guint i = 0; i < n_symbols; i++)
    {
      gpointer symbol = dlsym (library, symbols[i].name);

      if (symbol == NULL)
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                       _("NVIDIA's library %s is too old: it lacks %s. Update the driver and CUDA."), file,
                       symbols[i].name);
          return FALSE;
        }
      memcpy (table + symbols[i].offset, &symbol, sizeof symbol);
    }
  return TRUE;
}

static gboolean
refuse_start (const EshiCudaDriver  *cu,
              int                    result,
              GError               **error)
{
  const char *words = NULL;

  if (result == ESHI_CU_NO_DEVICE)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("NVIDIA's driver is installed, but it found no graphics card that it can use."));
  else if (result == ESHI_CU_SYSTEM_DRIVER_MISMATCH)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("NVIDIA's driver was updated while it was in use. Restart the computer."));
  else if (g_file_test (DRIVER_FILE, G_FILE_TEST_EXISTS) && !g_file_test (UVM_FILE, G_FILE_TEST_EXISTS))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("The kernel module nvidia_uvm is not loaded. Run “sudo modprobe nvidia_uvm”, or restart the computer."));
  else
    {
      cu->get_error_string (result, &words);
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("NVIDIA's driver does not start: %s (error %d). Restart the computer, or install the driver again."),
                   words != NULL ? words : "?", result);
    }
  return FALSE;
}

static gboolean
start_driver (const EshiCudaDriver  *cu,
              GError               **error)
{
  int version = 0;
  int n_devices = 0;
  int result = cu->init (0);

  if (result == ESHI_CU_SUCCESS)
    result = cu->device_get_count (&n_devices);
  if (result == ESHI_CU_SUCCESS && n_devices == 0)
    result = ESHI_CU_NO_DEVICE;
  if (result != ESHI_CU_SUCCESS)
    return refuse_start (cu, result, error);

  cu->driver_get_version (&version);
  if (version >= ESHI_CUDA_TOOLKIT)
    return TRUE;
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("NVIDIA's driver is too old: it knows CUDA %d.%d, and CUDA %d.%d is needed. Update the driver."),
               version / 1000, version % 1000 / 10, ESHI_CUDA_TOOLKIT / 1000, ESHI_CUDA_TOOLKIT % 1000 / 10);
  return FALSE;
}

/* What makes convolutions faster, but is not needed. */
static void
load_dnn (EshiCudaLibs *libs)
{
  void *dnn = open_library (dnn_files);
  g_autoptr(GError) error = NULL;

  if (dnn != NULL)
    libs->has_dnn = find_symbols (dnn, dnn_files[0], dnn_symbols, G_N_ELEMENTS (dnn_symbols), (char *) &libs->dnn, &error);
  if (!libs->has_dnn)
    g_info ("cuda: convolutions are matrix products, which is slower: %s",
            error != NULL ? error->message : "NVIDIA's library cuDNN (libcudnn.so.9) was not found");
}

/* Says why there is no driver to open. A sandbox has its own half of it, which has to be of the same version. */
static void
refuse_driver (GError **error)
{
  gboolean sandboxed = g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS);

  if (sandboxed && g_file_test (DRIVER_FILE, G_FILE_TEST_EXISTS))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("This computer has NVIDIA's driver, but Flatpak has no part of the same version. "
                   "Run “flatpak update”, then start Eshi again."));
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("NVIDIA's driver is not installed (%s was not found)."), driver_files[0]);
}

static gboolean
load_libraries (EshiCudaLibs  *libs,
                GError       **error)
{
  void *driver = open_library (driver_files);
  void *lt = NULL;

  if (driver == NULL)
    {
      refuse_driver (error);
      return FALSE;
    }
  if (!find_symbols (driver, driver_files[0], driver_symbols, G_N_ELEMENTS (driver_symbols), (char *) &libs->cu, error) ||
      !start_driver (&libs->cu, error))
    return FALSE;

  lt = open_library (lt_files);
  if (lt == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("NVIDIA's library cuBLAS is not installed (%s was not found). Install CUDA's libraries."),
                   lt_files[0]);
      return FALSE;
    }
  if (!find_symbols (lt, lt_files[0], lt_symbols, G_N_ELEMENTS (lt_symbols), (char *) &libs->lt, error))
    return FALSE;
  load_dnn (libs);
  return TRUE;
}

const EshiCudaLibs *
eshi_cuda_libs_get (GError **error)
{
  static EshiCudaLibs libs;
  static GError *refusal = NULL;
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      load_libraries (&libs, &refusal);
      g_once_init_leave (&once, 1);
    }
  if (refusal == NULL)
    return &libs;
  g_propagate_error (error, g_error_copy (refusal));
  return NULL;
}
