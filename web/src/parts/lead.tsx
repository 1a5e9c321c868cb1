// SPDX-License-Identifier: Apache-2.0
// What a page opens with: one finding in words; beneath it what counts here and the command that prints the same.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Fields } from '../state/api'
import { command, type Envelope } from '../state/report'
import { dayTime, percent } from '../words/format'
import { t } from '../words/words'
import { Command, Over } from './basics'
import { PrintFoot } from './print'
import { Warnings } from './warnings'
import { ownKeys } from './keys'

export function Lead({ text, answer, report, fields, what, children }: { text: string; answer: Envelope; report: string; fields?: Fields; what: string; children?: ComponentChildren }) {
  const [open, setOpen] = useState<'what' | 'command'>()
  useEffect(() => ownKeys((event) => event.key === 'c' && (setOpen('command'), true)), [])
  const { coverage } = answer
  return (
    <section class="lead">
      <h1>{text}</h1>
      <div class="lead-row">
        {children}
        <span class="lead-links">
          <button type="button" onClick={() => setOpen('what')}>
            {t('action.what_counts')}
          </button>
          <button type="button" onClick={() => setOpen('command')}>
            {t('action.as_command')}
          </button>
        </span>
      </div>
      <Warnings answer={answer} />
      <PrintFoot answer={answer} />
      {open && (
        <Over kind="dialog" label={t(open === 'what' ? 'action.what_counts' : 'action.as_command')} onClose={() => setOpen(undefined)}>
          <h1>{t(open === 'what' ? 'action.what_counts' : 'action.as_command')}</h1>
          {open === 'what' ? (
            <>
              <p>{what}</p>
              <p class="quiet">{t('lead.coverage', { identified: percent(coverage.identified), consented: percent(coverage.consented), attributable: percent(coverage.attributable), now: dayTime(answer.now) })}</p>
            </>
          ) : (
            <Command text={command(report, fields)} />
          )}
          <div>
            <button type="button" class="button" onClick={() => setOpen(undefined)}>
              {t('action.close')}
            </button>
          </div>
        </Over>
      )}
    </section>
  )
}
