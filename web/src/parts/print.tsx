// SPDX-License-Identifier: Apache-2.0
// What a printed page says besides its figures: of what time, of whom, as of when, and where it came from.
import type { Envelope } from '../state/report'
import { option, place } from '../state/route'
import { labelOf, project } from '../state/session'
import { dayTime, period } from '../words/format'
import { t } from '../words/words'

export function PrintFoot({ answer, from, to }: { answer: Envelope; from?: string; to?: string }) {
  const persona = option('persona')
  const filters = [persona && labelOf(project.value?.personas, persona), option('where'), option('among')].filter(Boolean).join(', ')
  return (
    <p class="print-only">
      {[project.value?.name, period(from ?? option('from'), to ?? option('to')) ?? t('period.all'), filters && `${t('filter.label')}: ${filters}`, t('print.now', { now: dayTime(answer.now) }), `${location.origin}${place.value.path}${location.search}`].filter(Boolean).join(' · ')}
    </p>
  )
}
