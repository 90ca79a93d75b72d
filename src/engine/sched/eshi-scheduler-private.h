/* eshi-scheduler-private.h: what the sampler families share. Only files of this folder include it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-noise-schedule.h"
#include "eshi-scheduler.h"
#include "eshi-sigma-schedule.h"

G_BEGIN_DECLS

#define ESHI_SCHEDULER_MAX_HISTORY 4

/* One noise level: x = clean_scale · clean + noise_scale · noise, and how the network's output m reads there. */
typedef struct
{
  double timestep;
  double sigma;            /* noise_scale / clean_scale */
  double clean_scale;
  double noise_scale;
  double input_scale;
  double clean_from_x;     /* clean = clean_from_x · x + clean_from_model · m */
  double clean_from_model;
  double noise_from_x;     /* noise = noise_from_x · x + noise_from_model · m */
  double noise_from_model;
} EshiNoiseLevel;

typedef struct
{
  const char *id;
  const char *label;
  const char *own_schedule;   /* where the artist chose none; NULL: the sampler spreads its levels itself */
  gboolean    takes_schedule; /* another one may be chosen */
  gboolean    discards_sigma; /* makes one level more, and leaves the last but one out */
  guint       calls_per_step; /* 0 means 1; 2 all but for the last step, see _eshi_scheduler_step_two_calls() */
  guint       n_history;   /* model outputs or clean predictions to remember, at most MAX_HISTORY */
  gboolean    keeps_x;     /* remembers one sample as well */
  gboolean    draws_noise; /* steps use @noise */
  gboolean    needs_noise; /* steps cannot do without a generator */
  gboolean    has_offset;  /* timesteps start at config.steps_offset, which shifts where img2img begins */

  /* Fills n_calls, levels and init_noise_sigma. */
  void (*prepare) (EshiScheduler *self);

  /* Moves @x from levels[i] to levels[i + 1]. */
  void (*step)    (EshiScheduler *self,
                   guint          i,
                   const float   *model_output,
                   float         *x,
                   EshiRng       *noise_rng);

  /* Of samplers that ask twice a step. The σ of the second call, by those of the step's two ends. */
  double (*get_middle) (double from,
                        double to);

  /* The second call @i: from kept_x at levels[i − 1] to levels[i + 1], into @x, which is the first call's result. */
  void (*finish)  (EshiScheduler *self,
                   guint          i,
                   const float   *model_output,
                   float         *x,
                   EshiRng       *noise_rng);
} EshiSchedulerClass;

struct _EshiScheduler
{
  const EshiSchedulerClass *class;
  EshiSchedulerConfig       config;
  EshiNoiseSchedule        *schedule;
  const EshiSigmaSchedule  *sigma_schedule; /* NULL: the sampler's own way */
  guint                     n_steps;
  gsize                     n_elements;

  guint                     n_calls;
  EshiNoiseLevel           *levels; /* [n_calls + 1]; the last is where the picture ends */
  double                    init_noise_sigma;

  guint                     counter;   /* steps done since the last reset */
  guint                     n_history; /* valid entries of @history, newest first */
  float                    *history[ESHI_SCHEDULER_MAX_HISTORY]; /* each [n_elements] */
  float                    *kept_x;    /* [n_elements], or NULL */
  float                    *noise;     /* [n_elements], or NULL */
  float                    *memory;    /* all of the above in one piece */
};

extern const EshiSchedulerClass _eshi_scheduler_lms;
extern const EshiSchedulerClass _eshi_scheduler_pndm;
extern const EshiSchedulerClass _eshi_scheduler_ddim;
extern const EshiSchedulerClass _eshi_scheduler_euler;
extern const EshiSchedulerClass _eshi_scheduler_euler_a;
extern const EshiSchedulerClass _eshi_scheduler_heun;
extern const EshiSchedulerClass _eshi_scheduler_dpm2;
extern const EshiSchedulerClass _eshi_scheduler_dpm2_a;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_2s_a;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_2m;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_2m_karras;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_sde;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_2m_sde;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_2m_sde_heun;
extern const EshiSchedulerClass _eshi_scheduler_dpmpp_3m_sde;
extern const EshiSchedulerClass _eshi_scheduler_unipc;
extern const EshiSchedulerClass _eshi_scheduler_lcm;

/* Allocates @n_calls + 1 zeroed levels. */
void         _eshi_scheduler_set_n_calls     (EshiScheduler             *self,
                                              guint                      n_calls);

/* A level whose x keeps its variance: clean_scale² = @alpha_bar, noise_scale² = 1 − @alpha_bar. */
void         _eshi_noise_level_init_alpha    (EshiNoiseLevel            *level,
                                              EshiPrediction             prediction,
                                              double                     timestep,
                                              double                     alpha_bar);

/* A level whose x grows with the noise: clean_scale = 1, noise_scale = @sigma. */
void         _eshi_noise_level_init_sigma    (EshiNoiseLevel            *level,
                                              EshiPrediction             prediction,
                                              double                     timestep,
                                              double                     sigma);

/* Levels of LMS and the Euler samplers: those of sigma_schedule where there is one; otherwise timesteps evenly from
 * n_train − 1 to 0, fractional, then σ = 0. */
void         _eshi_scheduler_prepare_sigmas  (EshiScheduler             *self);

/* The levels of sigma_schedule, which must be set, then σ = 0. */
void         _eshi_scheduler_prepare_schedule (EshiScheduler            *self);

/* The levels of sigma_schedule, which must be set: (transfer full): [n_steps + 1], falling, the last one 0. */
double      *_eshi_scheduler_get_sigmas      (EshiScheduler             *self);

/* A prepare of samplers that ask twice a step: call 2k at the step's start, call 2k + 1 at the class's middle of its two
 * ends, and once for the last step, to σ = 0. */
void         _eshi_scheduler_prepare_two_calls (EshiScheduler           *self);

/* A step of such samplers: the first call goes plainly to the level of the second one, which is the class's to finish. */
void         _eshi_scheduler_step_two_calls  (EshiScheduler             *self,
                                              guint                      i,
                                              const float               *model_output,
                                              float                     *x,
                                              EshiRng                   *noise_rng);

/* A first call @i, plainly to @target's noise; keeps @x in kept_x, and its slope in the history where the class has one. */
void         _eshi_scheduler_try_step_to     (EshiScheduler             *self,
                                              guint                      i,
                                              double                     target,
                                              const float               *model_output,
                                              float                     *x);

/* The second call @i: from kept_x to @target's noise with the clean prediction of this call, into @x. */
void         _eshi_scheduler_redo_step       (EshiScheduler             *self,
                                              guint                      i,
                                              double                     target,
                                              const float               *model_output,
                                              float                     *x);

/* x += @amount · noise, drawn from @noise_rng into self->noise. */
void         _eshi_scheduler_stir            (EshiScheduler             *self,
                                              double                     amount,
                                              float                     *x,
                                              EshiRng                   *noise_rng);

/* An ancestral step from noise @from to @to, at most @from: how far to go down (returned) before noise of
 * deviation @up is added, so that the sum has @to's. */
double       _eshi_sigma_split               (double                     from,
                                              double                     to,
                                              double                    *up);

/* Middles in ln σ: of a step's ends, and of its start and where it goes before noise is added. */
double       _eshi_sigma_middle              (double                     from,
                                              double                     to);
double       _eshi_sigma_middle_ancestral    (double                     from,
                                              double                     to);

/* Timestep of step @i by config.spacing, which is not OWN, for the Euler samplers, LMS and DDIM: fractional where even. */
double       _eshi_scheduler_spaced_timestep (const EshiScheduler       *self,
                                              guint                      i);

/* Levels of "dpmpp-2m" and "unipc" by config.spacing, OWN being LINSPACE, whose timesteps are whole and never reach 0;
 * then one of share @end_alpha_bar. */
void         _eshi_scheduler_prepare_whole   (EshiScheduler             *self,
                                              double                     end_alpha_bar);

/* ᾱ at the end of a sampler with a chosen spacing: none of the noise remains, or that of timestep 0. */
double       _eshi_scheduler_get_end_alpha_bar (const EshiScheduler     *self);

/* Timestep of step @i of "pndm" and "ddim": multiples of n_train / n_steps plus the offset, from above. */
int          _eshi_scheduler_leading_timestep (const EshiScheduler      *self,
                                               guint                     i);

/* ᾱ at @timestep, or that of the last step's end when it is negative. */
double       _eshi_scheduler_get_alpha_bar   (const EshiScheduler       *self,
                                              int                        timestep);

/* Room for the newest entry of the history; the oldest falls out when it is full. */
float       *_eshi_scheduler_push_history    (EshiScheduler             *self);

G_END_DECLS
