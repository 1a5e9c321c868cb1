// SPDX-License-Identifier: Apache-2.0
#include "analysis/money.h"

gboolean money_in_project(const Question *question, const Block *data, guint32 event, gint64 *micro) {
  const Project *project = question->project;
  Text currency = names_text(snapshot_names(question->snapshot), NAME_CURRENCY, (guint16)codes_at(&data->currency, event));
  if (currency.size == 0 || text_is(currency, project->currency))
    return TRUE;
  const Rate *best = NULL;
  gint64 time_ms = block_time_ms(data, event);
  for (guint i = 0; i < project->rates->len; i++) { /* ascending by day */
    const Rate *rate = project->rates->pdata[i];
    if (text_is(currency, rate->currency) && rate->from_ms <= time_ms)
      best = rate;
  }
  *micro = best ? (gint64)((__int128)*micro * best->rate_micro / 1000000) : 0;
  return best != NULL;
}
