/* SPDX-License-Identifier: Apache-2.0
 * pages.h: large pages for large arrays, where the system grants them: taking ordinary ones one by one costs up to a third of a
 * question that fills many megabytes. */
#pragma once
#include <glib.h>

/* Of memory that has not been written to yet; of small arrays, and without any, nothing happens. */
void pages_large(gconstpointer memory, gsize bytes);
