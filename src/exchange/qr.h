/* SPDX-License-Identifier: Apache-2.0
 * qr.h: a text as a QR code (libqrencode, error correction M), with the quiet zone that readers need. */
#pragma once
#include <glib.h>

enum { QR_MODULE_PX = 8, QR_QUIET_MODULES = 4 };

/* Black on white, whatever the theme; one unit is a pixel, QR_MODULE_PX of them a module. ERROR_LIMIT for a text past
 * 2,331 bytes. Caller frees. */
char *qr_svg(const char *text, const char *title, GError **error);
