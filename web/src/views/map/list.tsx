// SPDX-License-Identifier: Apache-2.0
// The same map as a table: everything the picture says, for those who read rather than look.
import { seesPersons } from '../../state/session'
import { count, duration, money, percent } from '../../words/format'
import { t } from '../../words/words'
import type { At, MapAnswer } from './data'

export function MapList({ answer, onPersons }: { answer: MapAnswer; onPersons: (at: At) => void }) {
  const label = (name: string) => answer.touchpoints.find((one) => one.touchpoint === name)?.label ?? name
  return (
    <>
      {answer.stages.map((stage) => (
        <section key={stage.stage} class="map-list">
          <h2>
            {stage.label} <span class="quiet">{t('persons.title', { n: count(stage.persons) })}</span>
          </h2>
          <table class="rows">
            <thead>
              <tr>
                <th>Touchpoint</th>
                <th class="number">{t('nav.persons')}</th>
                <th class="number">{t('list.share')}</th>
                <th class="number">{t('map.went')}</th>
                <th class="number">{t('map.experience')}</th>
                <th class="number">{t('map.time_next')}</th>
                <th class="number">{t('map.value')}</th>
              </tr>
            </thead>
            <tbody>
              {answer.cells
                .filter((cell) => cell.stage === stage.stage && cell.persons)
                .sort((a, b) => b.persons - a.persons)
                .map((cell) => (
                  <tr key={cell.touchpoint}>
                    <td>
                      <i class="tick" data-family={cell.family} />
                      {label(cell.touchpoint)}
                    </td>
                    <td class="number">
                      {seesPersons.value ? (
                        <button type="button" class="figure-link" onClick={() => onPersons(cell)}>
                          {count(cell.persons)}
                        </button>
                      ) : (
                        count(cell.persons)
                      )}
                    </td>
                    <td class="number">{percent(cell.share)}</td>
                    <td class="number">{percent(cell.left / cell.persons)}</td>
                    <td class="number">{cell.score && cell.score.low !== null ? `${count(cell.score.value)} (${count(cell.score.low)}–${count(cell.score.high!)}, n = ${count(cell.score.n)})` : '–'}</td>
                    <td class="number">{duration(cell.median_ms)}</td>
                    <td class="number">{money(cell.value, true)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      ))}
    </>
  )
}
