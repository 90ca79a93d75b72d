/* libeshi-engine.h: all there is to Eshi's engine: an object that takes requests, and events that come back.
 *
 * Create one EshiEngine on the main thread; submit EshiRequests; connect to EshiEngine::event. Every accepted request
 * ends in exactly one terminal event (done, failed or cancelled). The engine owns one worker thread; nothing of it is
 * visible here. Requests and events are immutable once they have crossed, pictures are shared by reference.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-branch.h"
#include "eshi-device-list.h"
#include "eshi-engine.h"
#include "eshi-error.h"
#include "eshi-event.h"
#include "eshi-image.h"
#include "eshi-lora-folder.h"
#include "eshi-model-folders.h"
#include "eshi-model-hash.h"
#include "eshi-model-list.h"
#include "eshi-picture-settings.h"
#include "eshi-probe.h"
#include "eshi-request.h"
#include "eshi-sampler.h"
#include "eshi-speed.h"
#include "eshi-tokens.h"
#include "eshi-watermark.h"
#include "eshi-vae-folder.h"
