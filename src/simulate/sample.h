/* SPDX-License-Identifier: Apache-2.0
 * sample.h: the project file that goes with the simulated company: its touchpoints, personas and labels
 * (lindenhof.yaml, embedded). */
#pragma once
#include "project/presets.h"

extern const PresetFile sample_files[]; /* one file, then the end of the table */
