/* SPDX-License-Identifier: Apache-2.0
 * map_story.h: what the map says in words: where most are lost, the weak points, the main road.
 *
 * Road: from the largest cell of the first stage that has any, always the most frequent move to a cell of the same or a
 * later stage that is not on it yet; inside one stage at most two moves. It is not one group of people: each step is only
 * the most frequent one from where the last ended.
 * Weak points: cells that at least 20 persons touched and that more of them leave than the stage's persons do, beyond
 * chance (95 %); worst by value, which is those who left times the net value a person of the cell brings on average. */
#pragma once
#include "analysis/map.h"

/* Fills `road` and `weak`. */
void map_story_find(JourneyMap *map);
/* The same cells on the folded map of the same question. */
void map_story_copy(const JourneyMap *from, JourneyMap *folded);
/* The stage that most persons leave, G_MAXUINT when nobody left. */
guint map_story_worst(const JourneyMap *map);
