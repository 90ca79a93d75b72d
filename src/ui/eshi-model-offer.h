/* eshi-model-offer.h: the window that offers a model from a hub.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>
#include <eshi-hub-download.h>

G_BEGIN_DECLS

#define ESHI_TYPE_MODEL_OFFER (eshi_model_offer_get_type ())

/**
 * EshiModelOffer:
 *
 * Says what the model is and what its licence asks for, and starts, pauses and shows its download, which goes on without
 * the window. Asks the hub nothing before the download was asked for. Thread: main.
 *
 * Signals: `chosen` (path: string): the finished model shall paint.
 */
G_DECLARE_FINAL_TYPE (EshiModelOffer, eshi_model_offer, ESHI, MODEL_OFFER, AdwWindow)

/* @parent: (nullable): the window it stands above; @download: of the model that is offered, in whatever state */
GtkWidget *eshi_model_offer_new (GtkWindow       *parent,
                                 EshiHubDownload *download);

G_END_DECLS
