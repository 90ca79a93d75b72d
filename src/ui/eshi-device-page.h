/* eshi-device-page.h: the page of the settings that says what computes, and how fast.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-session.h"

G_BEGIN_DECLS

#define ESHI_TYPE_DEVICE_PAGE (eshi_device_page_get_type ())

/**
 * EshiDevicePage:
 *
 * What was found and why the rest cannot compute comes from the engine, on a thread; how fast it is, from the history.
 */
G_DECLARE_FINAL_TYPE (EshiDevicePage, eshi_device_page, ESHI, DEVICE_PAGE, AdwPreferencesPage)

/* Reads from @session's history how fast the last pictures were. To be called once. */
void   eshi_device_page_set_session (EshiDevicePage *self,
                                     EshiSession    *session);

/**
 * _eshi_device_page_measure:
 * @pictures: (element-type EshiHistoryPicture): newest first
 * @n_measured: (out): how many pictures count: those like the newest one in model, size and backend
 *
 * Returns: seconds a step, the middle one of their values; 0 where there are none
 */
double _eshi_device_page_measure    (GPtrArray      *pictures,
                                     guint          *n_measured);

G_END_DECLS
