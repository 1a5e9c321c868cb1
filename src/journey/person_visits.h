/* SPDX-License-Identifier: Apache-2.0
 * person_visits.h: the visits of one person, from the events of its devices. */
#pragma once
#include "journey/fact.h"

typedef struct PersonVisits PersonVisits; /* memory reused from person to person */
PersonVisits *person_visits_new(void);
void person_visits_free(PersonVisits *visits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PersonVisits, person_visits_free)

/* The person's scattered facts in order; numbers[i] becomes the visit of the i-th, 1.. in order of their first
 * events, 0 none. Web events of one device form a visit until a gap of more than 30 minutes or a new campaign
 * (of resolved facts the visit is known). An event without a device that stands between a visit's first and last
 * event joins it. Members that do not state their channel take the first event's; of a resolved visit, which may
 * have begun with another person, `channels` tells it. */
void person_visits(PersonVisits *visits, Fact *const *facts, guint32 n, const guint16 *channels, guint32 *numbers);
