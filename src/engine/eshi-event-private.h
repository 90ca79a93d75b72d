/* eshi-event-private.h: events while the worker fills them in.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-event.h"

G_BEGIN_DECLS

/* Fields that a kind does not use stay 0 or NULL; see the getters. */
struct _EshiEvent
{
  EshiEventKind  kind;
  guint64        id;
  EshiStage      stage;
  double         fraction;
  double         seconds_left;
  int            step;
  int            n_steps;
  int            index;
  EshiTimings    timings;

  /* owned */
  EshiImage     *image;
  EshiSettings  *settings;
  char          *model_name;
  char          *backend;
  char          *note;
  GBytes        *state;
  GError        *error;
};

/* (transfer full): an event to be filled in before anybody else sees it. */
EshiEvent *_eshi_event_new (EshiEventKind kind,
                            guint64       id);

G_END_DECLS
