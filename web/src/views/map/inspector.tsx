// SPDX-License-Identifier: Apache-2.0
// One cell in words: who went on, who left, how it felt, what came before and after.
import { useEffect } from 'preact/hooks'
import { Icon } from '../../parts/icons'
import { ownKeys } from '../../parts/keys'
import { seesPersons } from '../../state/session'
import { count, duration, money, percent } from '../../words/format'
import { t } from '../../words/words'
import { certain, type At, type MapAnswer } from './data'
import { cellKey } from './layout'

function neighbours(answer: MapAnswer, at: At, side: 'from' | 'to'): string {
  const here = cellKey(at)
  const other = side === 'from' ? 'to' : 'from'
  const found = new Map<string, number>()
  for (const move of answer.moves) if (cellKey(move[other]) === here && move[side].touchpoint !== at.touchpoint) found.set(move[side].touchpoint, (found.get(move[side].touchpoint) ?? 0) + move.persons)
  const label = (name: string) => answer.touchpoints.find((one) => one.touchpoint === name)?.label ?? name
  const most = [...found].sort((a, b) => b[1] - a[1]).slice(0, 3)
  return most.length ? most.map(([name, n]) => `${label(name)} (${count(n)})`).join(', ') : t('map.none')
}

export function CellFacts({ answer, at }: { answer: MapAnswer; at: At }) {
  const cell = answer.cells.find((one) => cellKey(one) === cellKey(at))
  if (!cell) return null
  const on = cell.persons - cell.left
  const tone = certain(cell.score, 'poor') ? 'poor-ink' : certain(cell.score, 'good') ? 'good-ink' : ''
  const width = (n: number) => (n / cell.persons) * 148
  return (
    <dl class="facts">
      <dt>{t('map.went_on')}</dt>
      <dd>
        <svg width="148" height="10" aria-hidden="true">
          <rect class="solid none" width={width(on)} height="10" />
        </svg>
        {count(on)}
      </dd>
      <dt>{t('map.went')}</dt>
      <dd>
        <svg width="148" height="10" aria-hidden="true">
          <rect class="hollow plain" x=".5" y=".5" width={Math.max(0, width(cell.left) - 1)} height="9" />
        </svg>
        {count(cell.left)}
      </dd>
      <dt>{t('map.experience')}</dt>
      <dd>
        {cell.score ? (
          <>
            <strong class={tone}>
              {tone === 'poor-ink' ? '▾ ' : tone === 'good-ink' ? '▴ ' : ''}
              {count(cell.score.value)}
            </strong>{' '}
            <span class="quiet">
              {cell.score.low !== null && cell.score.high !== null && `${count(cell.score.low)}–${count(cell.score.high)}, `}n = {count(cell.score.n)}
            </span>
          </>
        ) : (
          <span class="quiet">{t('map.cell_unrated')}</span>
        )}
      </dd>
      <dt>{t('map.time_next')}</dt>
      <dd>{duration(cell.median_ms)}</dd>
      <dt>{t('map.value')}</dt>
      <dd>{money(cell.value, true)}</dd>
      <dt class="wide">{t('map.before')}</dt>
      <dd class="wide quiet">{neighbours(answer, at, 'from')}</dd>
      <dt class="wide">{t('map.after')}</dt>
      <dd class="wide quiet">{neighbours(answer, at, 'to')}</dd>
    </dl>
  )
}

export function Inspector({ answer, at, onClose, onPersons }: { answer: MapAnswer; at: At; onClose: () => void; onPersons: () => void }) {
  const cell = answer.cells.find((one) => cellKey(one) === cellKey(at))
  const touchpoint = answer.touchpoints.find((one) => one.touchpoint === at.touchpoint)
  const stage = answer.stages.find((one) => one.stage === at.stage)
  useEffect(() => ownKeys((event) => event.key === 'Escape' && (onClose(), true)), [])
  return (
    <aside class="inspector" aria-label={t('map.inspector')}>
      <button type="button" class="close" aria-label={t('action.close')} onClick={onClose}>
        <Icon name="close" />
      </button>
      <h2>
        <i class="tick" data-family={touchpoint?.family} />
        {touchpoint?.label ?? at.touchpoint}
      </h2>
      <p class="quiet">{stage?.label ?? at.stage}</p>
      {cell && (
        <>
          <p class="inspector-figure">
            <span>{count(cell.persons)}</span> <span class="quiet">{t('map.share_of_stage', { share: percent(cell.share) })}</span>
          </p>
          <CellFacts answer={answer} at={at} />
          {seesPersons.value && (
            <button type="button" class="button primary" onClick={onPersons}>
              {t('action.open_persons', { n: count(cell.persons) })}
            </button>
          )}
        </>
      )}
    </aside>
  )
}
