/* eshi-macros.h: visibility of public symbols. The library is built with hidden visibility.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#define ESHI_AVAILABLE __attribute__ ((visibility ("default"))) extern
