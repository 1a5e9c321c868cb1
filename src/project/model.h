/* SPDX-License-Identifier: Apache-2.0
 * model.h: what a project calls its things, for those who show figures: names with their labels in both languages. */
#pragma once
#include "base/json_out.h"
#include "project/project.h"

/* The members name, language, timezone, currency, lookback_ms, inactivity_ms, stages, personas, touchpoints, channels, goals,
 * relationships, inside an open object. */
void project_model_write(const Project *project, JsonOut *out);
