// SPDX-License-Identifier: Apache-2.0
// The map on a phone: the band upright beside the stages, three largest touchpoints each; a stage, then a sheet.
import { useState } from 'preact/hooks'
import { Over } from '../../parts/basics'
import { Icon } from '../../parts/icons'
import { seesPersons } from '../../state/session'
import { count, duration, percent } from '../../words/format'
import { t } from '../../words/words'
import { certain, experienceClass, type At, type Cell, type MapAnswer, type Stage } from './data'
import { CellFacts } from './inspector'
import { cellKey } from './layout'

const PLACE = 166

function CellBar({ cell, scale }: { cell: Cell; scale: number }) {
  const bar = Math.max(2, cell.share * scale)
  const left = (cell.left / cell.persons) * bar
  const tone = experienceClass(cell.score)
  return (
    <svg width={scale} height="11" aria-hidden="true">
      <rect class={`solid ${tone}`} width={bar - left} height="11" />
      {left > 0.5 && <rect class={`hollow ${tone}`} x={bar - left + 0.5} y=".5" width={Math.max(0.5, left - 1)} height="10" />}
    </svg>
  )
}

function Upright({ stages }: { stages: Stage[] }) {
  const most = Math.max(1, ...stages.map((stage) => stage.persons))
  const x = (stage: Stage) => 46 + ((stage.score?.value ?? 60) - 60) * 0.9
  const w = (stage: Stage) => Math.max(2, (stage.persons / most) * 46)
  return (
    <svg class="upright" width="100" height={stages.length * PLACE} aria-hidden="true">
      {stages.map((stage, i) => {
        const y = i * PLACE
        const next = stages[i + 1]
        return (
          <g key={stage.stage}>
            <rect class="band" x={x(stage) - w(stage) / 2} y={y} width={w(stage)} height={PLACE * 0.72} />
            {next && <path class="band" d={`M${x(stage) + w(stage) / 2 - (stage.onward / Math.max(1, stage.persons)) * w(stage)} ${y + PLACE * 0.72}C${x(stage)} ${y + PLACE * 0.9} ${x(next) - w(next) / 2} ${y + PLACE * 0.8} ${x(next) - w(next) / 2} ${y + PLACE}H${x(next) + w(next) / 2}C${x(next) + w(next) / 2} ${y + PLACE * 0.8} ${x(stage) + w(stage) / 2} ${y + PLACE * 0.9} ${x(stage) + w(stage) / 2} ${y + PLACE * 0.72}Z`} />}
          </g>
        )
      })}
      {stages.map(
        (stage, i) =>
          stage.score &&
          stage.score.n > 1 && (
            <g key={stage.stage}>
              <circle class={`dot ${experienceClass(stage.score)}`} cx={x(stage)} cy={i * PLACE + 22} r="6" />
              <text class="score" x={x(stage) + w(stage) / 2 + 8} y={i * PLACE + 27}>
                {count(stage.score.value)}
              </text>
            </g>
          ),
      )}
    </svg>
  )
}

interface Props {
  answer: MapAnswer
  selected?: At
  onSelect: (at: At | undefined) => void
  onPersons: (at: At) => void
}

export function PhoneMap({ answer, selected, onSelect, onPersons }: Props) {
  const [open, setOpen] = useState<string | undefined>(selected?.stage)
  const label = (name: string) => answer.touchpoints.find((one) => one.touchpoint === name)?.label ?? name
  const cellsOf = (stage: string) => answer.cells.filter((cell) => cell.stage === stage && cell.persons)
  const stage = answer.stages.find((one) => one.stage === open)
  const worst = answer.finding?.id === 'map.most_leave' ? answer.finding.values.stage : undefined
  if (stage) {
    const place = answer.stages.indexOf(stage) + 1
    return (
      <section>
        <div class="phone-head">
          <button type="button" class="button square plain" aria-label={t('action.close')} onClick={() => setOpen(undefined)}>
            <Icon name="back" />
          </button>
          <h2>{stage.label}</h2>
          <span class="quiet">
            {place} / {answer.stages.length}
          </span>
        </div>
        <dl class="phone-figures">
          <div>
            <dd>{count(stage.persons)}</dd>
            <dt>{t('nav.persons')}</dt>
          </div>
          <div>
            <dd>{percent(stage.persons ? stage.onward / stage.persons : null)}</dd>
            <dt>{t('map.went_on')}</dt>
          </div>
          <div>
            <dd>{duration(stage.median_ms)}</dd>
            <dt>Median</dt>
          </div>
          {stage.score && (
            <div>
              <dd>{count(stage.score.value)}</dd>
              <dt>{t('map.experience')}</dt>
            </div>
          )}
        </dl>
        <ul class="phone-rows">
          {answer.touchpoints
            .map((point) => cellsOf(stage.stage).find((cell) => cell.touchpoint === point.touchpoint))
            .filter((cell): cell is Cell => !!cell)
            .map((cell) => (
              <li key={cell.touchpoint}>
                <button type="button" onClick={() => onSelect(cell)}>
                  <span>
                    <i class="tick" data-family={cell.family} />
                    {label(cell.touchpoint)}
                  </span>
                  <CellBar cell={cell} scale={110} />
                  <span class="number">{count(cell.persons)}</span>
                  <span class={`number ${certain(cell.score, 'poor') ? 'poor-ink' : certain(cell.score, 'good') ? 'good-ink' : 'quiet'}`}>
                    {certain(cell.score, 'poor') ? '▾' : certain(cell.score, 'good') ? '▴' : ''}
                    {cell.score && cell.score.n > 4 ? count(cell.score.value) : ''}
                  </span>
                </button>
              </li>
            ))}
        </ul>
        {selected && selected.stage === stage.stage && (
          <Over kind="dialog" label={t('map.inspector')} onClose={() => onSelect(undefined)}>
            <h2>
              <i class="tick" data-family={answer.touchpoints.find((one) => one.touchpoint === selected.touchpoint)?.family} />
              {label(selected.touchpoint)}
            </h2>
            <p class="quiet">{stage.label}</p>
            <CellFacts answer={answer} at={selected} />
            {seesPersons.value && (
              <button type="button" class="button primary" onClick={() => onPersons(selected)}>
                {t('action.open_persons', { n: count(answer.cells.find((one) => cellKey(one) === cellKey(selected))?.persons ?? 0) })}
              </button>
            )}
            <button type="button" class="button" onClick={() => onSelect(undefined)}>
              {t('action.close')}
            </button>
          </Over>
        )}
      </section>
    )
  }
  return (
    <div class="phone-map">
      <Upright stages={answer.stages} />
      <ol>
        {answer.stages.map((one) => (
          <li key={one.stage}>
            <button type="button" class="phone-stage" onClick={() => setOpen(one.stage)}>
              <strong>{one.label}</strong>
              <span>
                <strong>{count(one.persons)}</strong> <span class="quiet">{percent(one.share)}</span>
              </span>
            </button>
            {cellsOf(one.stage)
              .sort((a, b) => b.persons - a.persons)
              .slice(0, 3)
              .map((cell) => (
                <p key={cell.touchpoint} class="phone-cell">
                  <span>{label(cell.touchpoint)}</span>
                  <CellBar cell={cell} scale={70} />
                  <span class="number">{count(cell.persons)}</span>
                </p>
              ))}
            {one.left > 0 && (
              <p class={one.stage === worst ? 'phone-exit worst' : 'phone-exit'}>
                <strong>{count(one.left)}</strong> {t('map.leave')}, {percent(one.left / one.persons)}
              </p>
            )}
          </li>
        ))}
      </ol>
    </div>
  )
}
