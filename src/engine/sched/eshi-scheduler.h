/* eshi-scheduler.h: how noise becomes a picture, step by step: the samplers.
 *
 * A scheduler knows which timesteps the network is asked at, scales its input, and moves the latents from one
 * noise level to the next. It never runs the network, never draws the first latents, and never guides: the caller
 * hands it the network's (guided) output. All arrays are f32 in the computer's memory, [n_elements], in the
 * reference's order [channels, height, width]; only samplers that draw noise care about that order.
 *
 * One scheduler serves one picture at a time and one thread at a time.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-rng.h"

G_BEGIN_DECLS

#define ESHI_SCHEDULER_MAX_STEPS 1000

typedef struct _EshiScheduler EshiScheduler;

/* How the training noise grew: β linear in its square root (Stable Diffusion), or linear itself. */
typedef enum
{
  ESHI_BETA_SCALED_LINEAR,
  ESHI_BETA_LINEAR,
} EshiBetaSchedule;

/* What the network predicts: the noise, or the velocity √ᾱ·noise − √(1−ᾱ)·clean. */
typedef enum
{
  ESHI_PREDICTION_EPSILON,
  ESHI_PREDICTION_V,
} EshiPrediction;

/**
 * EshiTimestepSpacing:
 * @ESHI_SPACING_OWN: as the sampler's first version did
 * @ESHI_SPACING_LINSPACE: evenly from the last timestep to the first
 * @ESHI_SPACING_LEADING: multiples of a whole number, plus the offset: the last timestep is never asked about
 * @ESHI_SPACING_TRAILING: evenly from the last timestep, not quite to the first
 *
 * How later versions of diffusers spread the timesteps where the model's scheduler_config.json says so.
 */
typedef enum
{
  ESHI_SPACING_OWN,
  ESHI_SPACING_LINSPACE,
  ESHI_SPACING_LEADING,
  ESHI_SPACING_TRAILING,
} EshiTimestepSpacing;

/**
 * EshiSchedulerConfig:
 * @n_train: timesteps the network was trained with; 2 to 10,000
 * @beta_start: first β; above 0, at most @beta_end
 * @beta_end: last β; below 1
 * @schedule: the curve between them
 * @prediction: what the network predicts
 * @steps_offset: added to each timestep of "pndm" and "ddim", and where @spacing is leading; the others ignore it
 * @set_alpha_to_one: whether the last step of "pndm" and "ddim" ends without any noise
 * @eta: noise that "ddim" adds at each step, 0 (none) to 1; the others ignore it
 * @spacing: timesteps of "lms", "euler", "euler-a", "ddim", "dpmpp-2m" and "unipc" where no schedule was chosen; the
 *   others ignore it
 * @ends_noisy: whether "dpmpp-2m" and "unipc" with a @spacing end with the noise of timestep 0, and not without any
 *
 * Facts about a model, as in its scheduler_config.json.
 */
typedef struct
{
  guint               n_train;
  double              beta_start;
  double              beta_end;
  EshiBetaSchedule    schedule;
  EshiPrediction      prediction;
  guint               steps_offset;
  gboolean            set_alpha_to_one;
  double              eta;
  EshiTimestepSpacing spacing;
  gboolean            ends_noisy;
} EshiSchedulerConfig;

/* What Stable Diffusion 1.x and japanese-stable-diffusion were trained with. */
#define ESHI_SCHEDULER_CONFIG_INIT          \
  {                                         \
    .n_train = 1000,                        \
    .beta_start = 0.00085,                  \
    .beta_end = 0.012,                      \
    .schedule = ESHI_BETA_SCALED_LINEAR,    \
    .prediction = ESHI_PREDICTION_EPSILON,  \
    .steps_offset = 1,                      \
    .set_alpha_to_one = FALSE,              \
    .eta = 0.0,                             \
  }

/**
 * eshi_scheduler_get_ids:
 *
 * Thread: any.
 *
 * Returns: (transfer none): the samplers' ids, "lms" first, ended by %NULL; written to disk and never renamed
 */
const char * const *eshi_scheduler_get_ids            (void);

/**
 * eshi_scheduler_get_label:
 * @id: a sampler's id
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the name artists know it by, "DPM++ 2M Karras"; a proper name, not
 *   translated; %NULL when there is no such sampler
 */
const char         *eshi_scheduler_get_label          (const char                *id);

/* Whether another schedule than its own can be chosen for the sampler @id. Thread: any. */
gboolean            eshi_scheduler_takes_schedule     (const char                *id);

/**
 * eshi_scheduler_get_schedule_id:
 * @i: from 0
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): id of schedule @i: "uniform", "karras", "exponential", "sgm-uniform",
 *   "align-your-steps"; written to disk and never renamed; %NULL after the last one
 */
const char         *eshi_scheduler_get_schedule_id    (guint                      i);

/* (transfer none) (nullable): the name that artists know a schedule by, not translated; NULL when there is no such
 * schedule. Thread: any. */
const char         *eshi_scheduler_get_schedule_label (const char                *id);

/**
 * eshi_scheduler_new:
 * @id: one of eshi_scheduler_get_ids()
 * @config: facts about the model
 * @n_steps: 1 to %ESHI_SCHEDULER_MAX_STEPS, and at most @config's n_train
 * @n_elements: elements of the latents, 1 or more
 *
 * Makes all tables and all memory that the steps need. "lms", "pndm", "ddim", "euler", "euler-a" and "dpmpp-2m"
 * repeat diffusers 0.8.1, "dpmpp-2m-karras", "unipc" and "lcm" later versions of it, all others k-diffusion with the
 * schedule that programs built on it choose. The three SDE samplers draw plain noise from the generator they are
 * given, not from a Brownian tree as those programs do, so their seeds mean other pictures here.
 *
 * Thread: any. Errors: %ESHI_ERROR_INVALID_ARGUMENT (no such sampler, steps or @config out of range),
 * %ESHI_ERROR_OUT_OF_MEMORY.
 *
 * Returns: (transfer full): a scheduler before its first call; %NULL with @error set
 */
EshiScheduler      *eshi_scheduler_new                (const char                *id,
                                                       const EshiSchedulerConfig *config,
                                                       guint                      n_steps,
                                                       gsize                      n_elements,
                                                       GError                   **error);

/**
 * eshi_scheduler_new_with_schedule:
 * @schedule: (nullable): id of a schedule; %NULL for the sampler's own, as eshi_scheduler_new()
 *
 * As eshi_scheduler_new(), with noise levels spread otherwise, as programs built on k-diffusion spread them ("unipc":
 * as diffusers does). "pndm", "ddim", "dpmpp-2m-karras" and "lcm" take no schedule.
 *
 * Errors: %ESHI_ERROR_INVALID_ARGUMENT also when there is no such schedule or the sampler takes none.
 *
 * Returns: (transfer full): a scheduler before its first call; %NULL with @error set
 */
EshiScheduler      *eshi_scheduler_new_with_schedule  (const char                *id,
                                                       const char                *schedule,
                                                       const EshiSchedulerConfig *config,
                                                       guint                      n_steps,
                                                       gsize                      n_elements,
                                                       GError                   **error);

void                eshi_scheduler_free               (EshiScheduler             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiScheduler, eshi_scheduler_free)

/* Forgets the steps done so far. */
void                eshi_scheduler_reset              (EshiScheduler             *self);

/* The id it was made with. */
const char         *eshi_scheduler_get_id             (const EshiScheduler       *self);

/* Whether eshi_scheduler_step() cannot do without a generator. */
gboolean            eshi_scheduler_needs_noise        (const EshiScheduler       *self);

/**
 * eshi_scheduler_get_n_calls:
 * @self: a scheduler
 *
 * Returns: how often the network runs for a picture from pure noise; n_steps, one more for "pndm", or 2 n_steps − 1
 *   for "heun", "dpm2", "dpm2-a", "dpmpp-2s-a" and "dpmpp-sde", which ask twice for all steps but the last
 */
guint               eshi_scheduler_get_n_calls        (const EshiScheduler       *self);

/**
 * eshi_scheduler_get_first_call:
 * @self: a scheduler
 * @strength: how much of a given picture is repainted, 0 to 1
 *
 * Returns: the call at which a picture that starts from another one begins, as in diffusers; n_calls when
 *   @strength is so small that nothing is left to do
 */
guint               eshi_scheduler_get_first_call     (const EshiScheduler       *self,
                                                       double                     strength);

/**
 * eshi_scheduler_get_timestep:
 * @self: a scheduler
 * @i: call, 0 to n_calls − 1
 *
 * Returns: what the network is told, 0 to n_train − 1; fractional for most samplers, and not to be rounded
 */
double              eshi_scheduler_get_timestep       (const EshiScheduler       *self,
                                                       guint                      i);

/**
 * eshi_scheduler_get_sigma:
 * @self: a scheduler
 * @i: call, 0 to n_calls; n_calls means after the last one
 *
 * Returns: deviation of the noise in relation to a clean picture's scale, 0 or more
 */
double              eshi_scheduler_get_sigma          (const EshiScheduler       *self,
                                                       guint                      i);

/**
 * eshi_scheduler_get_init_noise_sigma:
 * @self: a scheduler
 *
 * Returns: what standard normal noise is multiplied with to start a picture from nothing
 */
double              eshi_scheduler_get_init_noise_sigma (const EshiScheduler     *self);

/**
 * eshi_scheduler_get_input_scale:
 * @self: a scheduler
 * @i: call, 0 to n_calls − 1
 *
 * Returns: what the latents are multiplied with before the network sees them; above 0, at most 1
 */
double              eshi_scheduler_get_input_scale    (const EshiScheduler       *self,
                                                       guint                      i);

/**
 * eshi_scheduler_predict_clean:
 * @self: a scheduler
 * @i: call, 0 to n_calls − 1
 * @model_output: what the network returned; [n_elements]
 * @x: the latents it was asked about, not scaled; [n_elements]
 * @x0: (out): the clean latents the network has in mind; [n_elements]; may be @x
 *
 * For previews: changes nothing in @self.
 */
void                eshi_scheduler_predict_clean      (const EshiScheduler       *self,
                                                       guint                      i,
                                                       const float               *model_output,
                                                       const float               *x,
                                                       float                     *x0);

/**
 * eshi_scheduler_step:
 * @self: a scheduler
 * @i: call, 0 to n_calls − 1, each once and in order; the first may be any (see eshi_scheduler_get_first_call())
 * @model_output: what the network returned for call @i; [n_elements]
 * @x: (inout): the latents, not scaled; [n_elements]; those of call @i + 1 afterwards
 * @noise_rng: (nullable): source of added noise; needed where eshi_scheduler_needs_noise(). "euler" draws from it
 *   too and throws the values away, since the reference does.
 * @x0: (out) (nullable): as in eshi_scheduler_predict_clean(), before the step; [n_elements]
 *
 * Allocates nothing. Sums are done in double and rounded once per element.
 */
void                eshi_scheduler_step               (EshiScheduler             *self,
                                                       guint                      i,
                                                       const float               *model_output,
                                                       float                     *x,
                                                       EshiRng                   *noise_rng,
                                                       float                     *x0);

/**
 * eshi_scheduler_add_noise:
 * @self: a scheduler
 * @i: call, 0 to n_calls − 1
 * @x0: clean latents; [n_elements]
 * @noise: standard normal noise; [n_elements]
 * @x: (out): latents as call @i expects them; [n_elements]; may be @x0 or @noise
 *
 * For pictures that start from another picture. Changes nothing in @self.
 */
void                eshi_scheduler_add_noise          (const EshiScheduler       *self,
                                                       guint                      i,
                                                       const float               *x0,
                                                       const float               *noise,
                                                       float                     *x);

/**
 * eshi_scheduler_save:
 * @self: a scheduler between two calls
 *
 * Returns: (transfer full): what it remembers of earlier calls, the same bytes on every machine; at most five
 *   times the latents' size
 */
GBytes             *eshi_scheduler_save               (const EshiScheduler       *self);

/**
 * eshi_scheduler_restore:
 * @self: a scheduler made with the id, config, n_steps and n_elements of the saved one
 * @state: what eshi_scheduler_save() returned, perhaps in an earlier run of the program
 *
 * Errors: %ESHI_ERROR_INVALID_ARGUMENT when @state is damaged or another scheduler's; @self is untouched then.
 *
 * Returns: whether @self now goes on where the saved one stood
 */
gboolean            eshi_scheduler_restore            (EshiScheduler             *self,
                                                       GBytes                    *state,
                                                       GError                   **error);

G_END_DECLS
