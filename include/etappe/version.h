/* SPDX-License-Identifier: Apache-2.0
 * version.h: the library's version, for programs that build against it. */
#pragma once

#define ETAPPE_VERSION_MAJOR 0
#define ETAPPE_VERSION_MINOR 1
#define ETAPPE_VERSION_PATCH 0
