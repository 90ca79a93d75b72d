/* eshi-expert-row.h: what an artist seldom needs, folded away: schedule, variation, layers, noise, VAE, LoRAs.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_EXPERT_ROW (eshi_expert_row_get_type ())

/**
 * EshiExpertRow:
 *
 * Says which of its settings are not at their defaults, also while it is folded, and can bring them back.
 *
 * Signals: `changed`: something that eshi_expert_row_fill_settings() tells has changed.
 */
G_DECLARE_FINAL_TYPE (EshiExpertRow, eshi_expert_row, ESHI, EXPERT_ROW, AdwBin)

GtkWidget *eshi_expert_row_new           (void);

/* Writes what is shown into @settings, and the rest of it stays. LoRAs are those of the list. */
void       eshi_expert_row_fill_settings (EshiExpertRow      *self,
                                          EshiSettings       *settings);

/* Copies what this row is for from @from into @to, as loading and filling would. */
void       eshi_expert_row_copy_settings (EshiSettings       *to,
                                          const EshiSettings *from);

/**
 * eshi_expert_row_load_settings:
 *
 * Shows what @settings say. LoRAs and a VAE that are not installed are kept in the lists, so that painting says what is
 * missing.
 */
void       eshi_expert_row_load_settings (EshiExpertRow      *self,
                                          const EshiSettings *settings);

/* @sampler: (nullable): id; the schedule can be chosen only for those that take one */
void       eshi_expert_row_set_sampler   (EshiExpertRow      *self,
                                          const char         *sampler);

/* What can be chosen from, both (array zero-terminated=1); names that are in use stay. */
void       eshi_expert_row_set_files     (EshiExpertRow      *self,
                                          const char *const  *vaes,
                                          const char *const  *loras);

G_END_DECLS
