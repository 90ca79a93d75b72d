/* emu-rig.h: what tests of the CUDA backend on stand-ins of NVIDIA's libraries begin with.
 *
 * The environment's ESHI_CUDA_LIBS names the folder of the stand-ins, ESHI_PLUGIN_DIR that of the plugin.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "emu-control.h"
#include "eshi-backend.h"

G_BEGIN_DECLS

/* The graph waits once more, and the backend for each lane, before they free what they have; nobody is left to be told of a
 * failure. */
#define EMU_N_PARTING_CALLS 3

/* What emu-control.h declares, as it is found in the stand-ins, which the plugin opens too. */
typedef struct
{
  void (*fail_call) (int n, int result, int sticky);
  int (*count_calls) (void);
  int (*count_alive) (void);
  int (*count_launches) (void);
  void (*get_counts) (EmuCounts *counts);
  void (*refuse_recording) (int refuse);
  void (*set_memory) (size_t bytes);
  size_t (*get_peak) (void);
  void (*set_device) (int n_devices, int major, int minor, int driver_version);
  void (*dnn_fail_call) (int n, int status);
  int (*dnn_count_calls) (void);
  int (*dnn_count_executed) (void);
  int (*dnn_count_alive) (void);
} EmuRig;

extern EmuRig emu;

/* g_test_init(), with a cache of this program's own, and the controls found. */
void                    emu_rig_init                 (int         *argc,
                                                      char      ***argv);

/* g_test_run(), after which the cache is gone. */
int                     emu_rig_run                  (void);

/* Handle of the stand-in @name, for dlsym(). */
void                   *emu_rig_open_stand_in        (const char  *name);

/* The plugin's class; it stays loaded. */
const EshiBackendClass *emu_rig_get_class            (void);

/* Takes each plan of cuDNN's off the disk, and returns the path of the last, (transfer full), or NULL. */
char                   *emu_rig_forget_plans         (void);

/* That all was given back to the stand-ins. */
void                    emu_rig_assert_nothing_alive (void);

/* In dB, of two pictures of the same size, u8. */
double                  emu_rig_get_psnr             (GBytes      *a,
                                                      GBytes      *b);

G_END_DECLS
