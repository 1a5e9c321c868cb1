// SPDX-License-Identifier: Apache-2.0
// The journey map: the finding, the picture or the same as a list, the cell that is looked at, the people behind it.
import { useState } from 'preact/hooks'
import { Bar, Persona } from '../../parts/bar'
import { EmptyPeriod, Failure, Segment, Waiting } from '../../parts/basics'
import { Lead } from '../../parts/lead'
import { PersonsDrawer, type Wanted } from '../../parts/persons'
import { useWidth } from '../../parts/width'
import { address } from '../../state/api'
import { language } from '../../state/prefs'
import { commonOptions, useReport } from '../../state/report'
import { option, setOptions } from '../../state/route'
import { seesPersons } from '../../state/session'
import { count, percent } from '../../words/format'
import { t } from '../../words/words'
import type { At, MapAnswer } from './data'
import { Inspector } from './inspector'
import { cellKey, layOut, type PlacedCell } from './layout'
import { MapList } from './list'
import { PhoneMap } from './phone'
import { Picture } from './picture'

export function findingText(answer: MapAnswer): string {
  const { finding } = answer
  if (finding?.id === 'map.most_leave') {
    const stage = answer.stages.find((one) => one.stage === finding.values.stage)
    return t('map.finding.most_leave', { stage: stage?.label ?? String(finding.values.stage), share: percent(Number(finding.values.share)) })
  }
  return t('map.finding.none', { n: count(answer.persons), touchpoints: answer.touchpoints.filter((one) => one.persons).length })
}

function WeakPoints({ answer, onSelect }: { answer: MapAnswer; onSelect: (at: At) => void }) {
  if (!answer.weak_points.length) return null
  return (
    <ol class="weak-points">
      {answer.weak_points.slice(0, 3).map((point, i) => {
        const label = answer.touchpoints.find((one) => one.touchpoint === point.at.touchpoint)?.label ?? point.at.touchpoint
        const cell = answer.cells.find((one) => cellKey(one) === cellKey(point.at))
        const score = cell?.score && cell.score.n >= 5 ? cell.score : undefined
        return (
          <li key={cellKey(point.at)}>
            <button type="button" onClick={() => onSelect(point.at)}>
              <b aria-hidden="true">{i + 1}</b> {score ? t('map.weak_score', { touchpoint: label, share: percent(point.left_share), score: count(score.value) }) : t('map.weak', { touchpoint: label, share: percent(point.left_share) })}
            </button>
          </li>
        )
      })}
    </ol>
  )
}

export function View() {
  const [unfolded, setUnfolded] = useState(false)
  const fields = { language: language.value, rows: unfolded ? undefined : 'auto' }
  const { data, problem, waiting, slow, cancel, again } = useReport<MapAnswer>('map', fields)
  const [box, width] = useWidth()
  const [wanted, setWanted] = useState<Wanted>()
  const cell = option('cell')
  const at: At | undefined = cell ? { stage: cell.slice(0, cell.indexOf('/')), touchpoint: cell.slice(cell.indexOf('/') + 1) } : undefined
  const select = (one: At | undefined) => setOptions({ cell: one && `${one.stage}/${one.touchpoint}` }, true)
  const persons = (one: At) => seesPersons.value && setWanted({ report: 'map', who: `stage:${one.stage},touchpoint:${one.touchpoint}`, at: one })
  const tall = innerHeight > 1000
  const phone = width > 0 && width < 700
  const layout = data && width && !phone ? layOut(data, Math.max(1080, width), tall) : undefined
  const list = option('view') === 'list'
  const formats = (['svg', 'png', 'pdf', 'csv', 'json'] as const).map((format) => ({ label: t(`export.${format}`), name: `etappe-map.${format}`, href: address('/api/v1/reports/map', { ...commonOptions(), ...fields, format }) }))
  return (
    <>
      <Bar title={t('map.title')} left={<Persona />} formats={formats}>
        <Segment
          label={t('map.title')}
          value={list ? 'list' : 'map'}
          choices={[
            { value: 'map', label: t('map.map') },
            { value: 'list', label: t('map.list') },
          ]}
          onChange={(value) => setOptions({ view: value === 'list' ? 'list' : undefined }, true)}
        />
      </Bar>
      <main id="content" class={at && data && !phone ? 'page with-inspector' : 'page'} tabindex={-1}>
        <div class="map-body">
          {problem && !data ? (
            <Failure problem={problem} again={again} />
          ) : !data ? (
            <Waiting slow={slow} cancel={cancel} />
          ) : !data.persons ? (
            <EmptyPeriod />
          ) : (
            <Lead text={findingText(data)} answer={data} report="map" fields={fields} what={t('map.counts')}>
              <WeakPoints answer={data} onSelect={select} />
            </Lead>
          )}
          <div ref={box} class={waiting ? 'map-box stale' : 'map-box'}>
            {data && data.persons > 0 && width > 0 && (phone ? <PhoneMap answer={data} onSelect={select} selected={at} onPersons={persons} /> : list ? <MapList answer={data} onPersons={persons} /> : layout && <Picture answer={data} layout={layout} selected={at && cellKey(at)} onSelect={(placed: PlacedCell) => (placed.row.folded ? setUnfolded(true) : select(placed.cell))} onPersons={(placed) => !placed.row.folded && persons(placed.cell)} onFold={() => setUnfolded(true)} />)}
            {unfolded && !phone && (
              <button type="button" class="button" onClick={() => setUnfolded(false)}>
                {t('map.fewer_rows')}
              </button>
            )}
          </div>
        </div>
        {at && data && !phone && <Inspector answer={data} at={at} onClose={() => select(undefined)} onPersons={() => persons(at)} />}
      </main>
      {wanted && <PersonsDrawer wanted={wanted} onClose={() => setWanted(undefined)} />}
    </>
  )
}
