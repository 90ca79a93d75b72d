/* eshi-paint-request.h: what another program, or a second start of this one, asks to be painted.
 *
 * A dictionary (a{sv}) that crosses the session bus as the parameter of the action `generate`. Its keys are called as the
 * options of eshi-cli: `prompt`, `negative`, `model`, `sampler` and `seed` (a number, or "random") are strings, `width`,
 * `height`, `steps` and `count` int32, `guidance` is a double. All but the prompt may be left out. It comes from outside,
 * so nothing in it is believed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

/* Adds --generate and its companions to what @application understands. */
void eshi_paint_request_add_options (GApplication *application);

/**
 * eshi_paint_request_new_from_options:
 * @options: as g_application_add_main_option_entries() fills it
 * @error: %ESHI_ERROR_INVALID_ARGUMENT, a sentence that names what is wrong
 *
 * Checks the values here, where the one who typed them can still be told.
 *
 * Returns: (transfer full) (nullable): the request; %NULL without an error when none was asked for
 */
GVariant *eshi_paint_request_new_from_options (GVariantDict  *options,
                                               GError       **error);

/**
 * eshi_paint_request_apply:
 * @request: of type a{sv}
 * @settings: what holds where @request is silent; changed. Its seed becomes a random one unless @request names one
 * @error: %ESHI_ERROR_INVALID_ARGUMENT, a sentence that names what is wrong
 *
 * Returns: whether @settings are now those of a picture that can be asked for
 */
gboolean eshi_paint_request_apply (GVariant      *request,
                                   EshiSettings  *settings,
                                   GError       **error);

G_END_DECLS
