/* SPDX-License-Identifier: Apache-2.0
 * map_story.h: what the map says in words: where most are lost, the weak points, the main road.
 *
 * Road: from the largest cell of the first stage that has any, always the most frequent move into a later stage; after the
 * first stage, once in each, a more frequent move inside the stage comes before it when more persons go on from there. It is
 * not one group of people: each step is only the most frequent one from where the last ended.
 * Weak points: cells that at least 20 persons touched and where a larger share of them leaves than at an average cell of
 * the stage, beyond chance (95 %); worst by value, which is those who left times the net value a person of the cell brings on
 * average. */
#pragma once
#include "analysis/finding.h"
#include "analysis/map.h"

/* Fills `road` and `weak`. */
void map_story_find(JourneyMap *map);
/* The same cells on the folded map of the same question. */
void map_story_copy(const JourneyMap *from, JourneyMap *folded);
/* The stage that most persons leave, if they are more than in any other beyond chance; else G_MAXUINT. */
guint map_story_worst(const JourneyMap *map);
/* Of a JourneyMap: that stage, or how many travel. */
void map_story_finding(gconstpointer map, const Project *project, const char *language, Finding *out);
