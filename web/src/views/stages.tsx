// SPDX-License-Identifier: Apache-2.0
// Who is in which stage now, who went on, who fell out.
import { Bar, Persona } from '../parts/bar'
import { EmptyPeriod, Failure, Waiting } from '../parts/basics'
import { Lead } from '../parts/lead'
import { Opens, useListed } from '../parts/persons'
import { address } from '../state/api'
import { commonOptions, useReport, type Envelope } from '../state/report'
import { labelOf, project } from '../state/session'
import { count, duration, percent } from '../words/format'
import { t } from '../words/words'

interface Answer extends Envelope {
  model: string
  total: number
  stages: { stage: string; label: string; now: number; ended: number; entered: number; onward: number; lapsed: number; median_ms: number | null }[]
  relationships: { relationship: string; persons: number }[]
}

const MOVES = ['entered', 'onward', 'lapsed'] as const

/** What a list of the report stands for: who stands in a stage, whose journeys moved, who is what to the company. */
function listTitle(answer: Answer | undefined, who: string): string {
  const [kind, name] = who.includes(':') ? [who.slice(0, who.indexOf(':')), who.slice(who.indexOf(':') + 1)] : ['stage', who]
  if (kind === 'relationship') return labelOf(project.value?.relationships, name)
  const stage = labelOf(project.value?.stages, name)
  const row = answer?.stages.find((one) => one.stage === name)
  const move = MOVES.find((one) => one === kind)
  if (!move) return kind === 'ended' ? `${stage}, ${t('stages.ended')}` : stage
  return `${stage}, ${t(`stages.${move}`)}${row ? `: ${t('stages.moves', { n: count(row[move]) })}` : ''}`
}

export function View() {
  const { data, problem, waiting, slow, cancel, again } = useReport<Answer>('stages')
  const { open, drawer } = useListed('stages', (who) => ({ title: listTitle(data, who) }))
  const name = (stage: { stage: string; label: string }) => labelOf(project.value?.stages, stage.stage) || stage.label
  const most = data?.stages.reduce((best, one) => (one.now > best.now ? one : best), data.stages[0])
  const widest = Math.max(1, ...(data?.stages.map((one) => one.now) ?? []))
  const formats = (['csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-stages.${format}`, href: address('/api/v1/reports/stages', { ...commonOptions(), format }) }))
  return (
    <>
      <Bar title={t('nav.stages')} left={<Persona />} formats={formats} />
      <main id="content" class="page" tabindex={-1}>
        {problem && !data ? (
          <Failure problem={problem} again={again} />
        ) : !data ? (
          <Waiting slow={slow} cancel={cancel} />
        ) : !data.total ? (
          <EmptyPeriod />
        ) : (
          <div class={waiting ? 'stale' : ''}>
            <Lead text={most?.now ? t('stages.lead', { stage: name(most), n: count(most.now), share: percent(most.now / data.total) }) : t('stages.lead_none')} answer={data} report="stages" what={t('stages.counts')} />
            <div class="scroll-x" tabindex={0} role="region" aria-label={t('nav.stages')}>
              <table class="rows wide-rows">
                <thead>
                  <tr>
                    <th>{t('persons.stage')}</th>
                    <td />
                    <th class="number">{t('stages.now')}</th>
                    <th class="number">{t('stages.ended')}</th>
                    <th class="number">{t('stages.entered')}</th>
                    <th class="number">{t('stages.onward')}</th>
                    <th class="number">{t('stages.onward_share')}</th>
                    <th class="number">{t('stages.lapsed')}</th>
                    <th class="number">{t('stages.time')}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.stages.map((stage) => (
                    <tr key={stage.stage}>
                      <td>
                        <strong class={stage === most ? 'marked' : ''}>{name(stage)}</strong>
                      </td>
                      <td>
                        <svg class="stage-bar" viewBox="0 0 220 12" preserveAspectRatio="none" width="220" height="12" aria-hidden="true">
                          <rect class="solid none" width={((stage.now - stage.ended) / widest) * 220} height="12" />
                          {stage.ended > 0 && <rect class="hollow plain" x={((stage.now - stage.ended) / widest) * 220 + 0.5} y=".5" width={Math.max(0.5, (stage.ended / widest) * 220 - 1)} height="11" />}
                        </svg>
                      </td>
                      <td class="number">
                        <Opens n={stage.now} onOpen={open(`stage:${stage.stage}`)} />
                      </td>
                      <td class="number">
                        <Opens n={stage.ended} onOpen={open(`ended:${stage.stage}`)} />
                      </td>
                      <td class="number">
                        <Opens n={stage.entered} onOpen={open(`entered:${stage.stage}`)} />
                      </td>
                      <td class="number">
                        <Opens n={stage.onward} onOpen={open(`onward:${stage.stage}`)} />
                      </td>
                      <td class="number">{percent(stage.entered ? stage.onward / stage.entered : null)}</td>
                      <td class="number">
                        <Opens n={stage.lapsed} onOpen={open(`lapsed:${stage.stage}`)} />
                      </td>
                      <td class="number">{duration(stage.median_ms)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <section class="narrow">
              <h2 class="table-title">{t('stages.relationship')}</h2>
              <table class="rows">
                <tbody>
                  {data.relationships.map((one) => (
                    <tr key={one.relationship}>
                      <td>{labelOf(project.value?.relationships, one.relationship)}</td>
                      <td class="number">
                        <Opens n={one.persons} onOpen={open(`relationship:${one.relationship}`)} />
                      </td>
                      <td class="number quiet">{percent(one.persons / data.total)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          </div>
        )}
      </main>
      {drawer}
    </>
  )
}
