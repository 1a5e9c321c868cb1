// SPDX-License-Identifier: Apache-2.0
// How journeys end, how long they take, how many touches they have.
import { useState } from 'preact/hooks'
import { Bar, Persona } from '../parts/bar'
import { EmptyPeriod, Failure, Segment, Waiting } from '../parts/basics'
import { Lead } from '../parts/lead'
import { Opens, useListed } from '../parts/persons'
import { address } from '../state/api'
import { commonOptions, useReport, type Envelope } from '../state/report'
import { count, duration, money, percent } from '../words/format'
import { known, t, type Word } from '../words/words'

interface State {
  state: string
  journeys: number
  persons: number
  share: number
  again: number
  median_touches: number | null
  median_ms: number | null
  value: number
  net_value: number
  lengths: number[]
}
interface Answer extends Envelope {
  total: number
  persons: number
  states: State[]
}

const stateName = (state: string) => (known(`journeys.${state}`) ? t(`journeys.${state}` as Word) : state)

/** `converted:3` in words. */
function listTitle(answer: Answer | undefined, who: string): string {
  const [name, rest] = who.split(':')
  const state = answer?.states.find((one) => one.state === name)
  if (!rest) return `${stateName(name)}${state ? `: ${t('stages.moves', { n: count(state.journeys) })}` : ''}`
  if (rest === 'again') return `${stateName(name)}, ${t('journeys.again')}`
  return `${stateName(name)}, ${binName(Number(rest), state?.lengths.length)}`
}

const binName = (n: number, bins = 21) => t('journeys.n_touches', { n: n === bins - 1 ? `${n}+` : n })

function Lengths({ state, open }: { state: State; open: (who: string) => (() => void) | undefined }) {
  const first = state.lengths.findIndex((n) => n > 0)
  const keys = (event: KeyboardEvent, onOpen?: () => void) => {
    if (event.key === 'Enter') return onOpen?.()
    const bins = [...(event.currentTarget as Element).parentElement!.querySelectorAll<SVGElement>('[role=button]')]
    const at = bins.indexOf(event.currentTarget as SVGElement)
    const next = { ArrowRight: bins[at + 1], ArrowLeft: bins[at - 1], Home: bins[0], End: bins.at(-1) }[event.key]
    if (next) (event.preventDefault(), next.focus())
  }
  const most = Math.max(1, ...state.lengths)
  const width = 560
  const step = width / state.lengths.length
  return (
    <svg width={width} height="170" role={open('') ? 'group' : 'img'} aria-label={`${t('journeys.lengths')}: ${state.lengths.map((n, i) => (n ? `${i} ${count(n)}` : '')).filter(Boolean).join(', ')}`}>
      <line class="axis" x1="0" x2={width} y1="140" y2="140" />
      {state.lengths.map((n, i) => (
        <g key={i}>
          <g class={n && open('') ? 'bin' : undefined} role={n && open('') ? 'button' : undefined} tabindex={n && open('') ? (i === first ? 0 : -1) : undefined} aria-label={`${binName(i, state.lengths.length)}: ${t('stages.moves', { n: count(n) })}`} onClick={n ? open(`${state.state}:${i}`) : undefined} onKeyDown={(event) => keys(event, open(`${state.state}:${i}`))}>
            <title>{`${binName(i, state.lengths.length)}: ${t('stages.moves', { n: count(n) })}`}</title>
            <rect class="ground" x={i * step} y="0" width={step} height="140" />
            <rect class="credit" x={i * step + 1} y={140 - (n / most) * 120} width={step - 2} height={(n / most) * 120} />
            {n > 0 && n === most && (
              <text x={Math.min(width - 2, i * step + step / 2)} y={132 - (n / most) * 120} text-anchor={i === state.lengths.length - 1 ? 'end' : 'middle'}>
                {count(n)}
              </text>
            )}
          </g>
          {(i === 1 || (i > 0 && i % 5 === 0)) && (
            <text class="hint" x={i * step + step / 2} y="156" text-anchor="middle">
              {i === state.lengths.length - 1 ? `${i}+` : i}
            </text>
          )}
        </g>
      ))}
    </svg>
  )
}

export function View() {
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('journeys')
  const [shown, setShown] = useState('converted')
  const converted = data?.states.find((one) => one.state === 'converted')
  const state = data?.states.find((one) => one.state === shown)
  const { open, drawer } = useListed('journeys', (who) => ({ title: listTitle(data, who) }))
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-journeys.${format}`, href: address('/api/v1/reports/journeys', { ...commonOptions(), format }) }))
  return (
    <>
      <Bar title={t('nav.journeys')} left={<Persona />} formats={formats} />
      <main id="content" class="page" tabindex={-1}>
        {problem && !data ? (
          <Failure problem={problem} again={again} />
        ) : !data ? (
          <Waiting slow={slow} cancel={cancel} />
        ) : !data.total ? (
          <EmptyPeriod />
        ) : (
          <div class={waiting ? 'stale' : ''}>
            <Lead text={converted ? t('journeys.lead', { share: percent(converted.share), n: count(converted.journeys), total: count(data.total) }) : t('journeys.lead_none')} answer={data} report="journeys" what={t('journeys.counts')} />
            <div class="scroll-x" tabindex={0} role="region" aria-label={t('nav.journeys')}>
              <table class="rows wide-rows">
                <thead>
                  <tr>
                    <th>{t('journeys.state')}</th>
                    <td />
                    <th class="number">{t('journeys.state')}</th>
                    <th class="number">{t('journeys.share')}</th>
                    <th class="number">{t('journeys.people')}</th>
                    <th class="number">{t('journeys.again')}</th>
                    <th class="number">{t('journeys.touches')}</th>
                    <th class="number">{t('journeys.duration')}</th>
                    <th class="number">{t('journeys.value')}</th>
                    <th class="number">{t('journeys.net')}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.states.map((one) => (
                    <tr key={one.state}>
                      <td>
                        <strong>{stateName(one.state)}</strong>
                      </td>
                      <td>
                        <svg width="200" height="12" aria-hidden="true">
                          {one.state === 'abandoned' ? <rect class="hollow plain" x=".5" y=".5" width={Math.max(0.5, one.share * 199)} height="11" /> : <rect class="solid none" width={one.share * 200} height="12" />}
                        </svg>
                      </td>
                      <td class="number">
                        <Opens n={one.journeys} onOpen={open(one.state)} />
                      </td>
                      <td class="number">{percent(one.share)}</td>
                      <td class="number">
                        <Opens n={one.persons} onOpen={open(one.state)} />
                      </td>
                      <td class="number">
                        <Opens n={one.again} onOpen={open(`${one.state}:again`)} />
                      </td>
                      <td class="number">{one.median_touches ?? '–'}</td>
                      <td class="number">{duration(one.median_touches !== null && one.median_touches <= 1 ? null : one.median_ms)}</td>
                      <td class="number">{one.value ? money(one.value, true) : '–'}</td>
                      <td class="number">{one.net_value ? money(one.net_value, true) : '–'}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <section class="narrow">
              <h2 class="table-title">{t('journeys.lengths')}</h2>
              <Segment label={t('journeys.lengths')} value={shown} choices={data.states.map((one) => ({ value: one.state, label: stateName(one.state) }))} onChange={setShown} />
              {state && (
                <div class="scroll-x" tabindex={0} role="region" aria-label={t('journeys.lengths')}>
                  <Lengths state={state} open={open} />
                </div>
              )}
            </section>
          </div>
        )}
      </main>
      {drawer}
    </>
  )
}
