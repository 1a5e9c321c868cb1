// SPDX-License-Identifier: Apache-2.0
// The people behind a number: exactly those that were counted, last seen first.
import { useEffect, useRef, useState } from 'preact/hooks'
import { address, type Fields } from '../state/api'
import { command, commonOptions, useAnswer, type Envelope } from '../state/report'
import { link, option, options, setOptions } from '../state/route'
import { labelOf, project, seesPersons, touchpointName } from '../state/session'
import { count, day, dayTime, money, period, shortId } from '../words/format'
import { t } from '../words/words'
import { Command, copy, Failure, Over, Waiting } from './basics'
import { Icon } from './icons'

export interface Wanted {
  report: string
  who: string | string[]
  fields?: Fields
  at?: { stage: string; touchpoint: string }
  title?: string
  link?: boolean // the address opens it too
}

interface PersonRow {
  person: string
  events: number
  last: string
  stage?: string
  value?: number
  families?: string
}
export interface Persons extends Envelope {
  total: number
  persons: PersonRow[]
}

const STEP = 200

/** One small bar a touch, coloured by family; a diamond where something was bought. */
function Strip({ families }: { families: string }) {
  return (
    <svg class="strip" width={Math.min(28, families.split(' ').length) * 7 + 8} height="12" aria-hidden="true">
      {families
        .split(' ')
        .slice(-28)
        .map((family, i) => (family === '$' ? <path key={i} class="diamond" d={`M${i * 7 + 3} 1l5 5-5 5-5-5z`} /> : <rect key={i} class={`family f-${family}`} x={i * 7} y="1" width="4.500" height="10" rx="1" />))}
    </svg>
  )
}

const ROW = 33
const WINDOW = 60

/** Long lists draw only what is near: the rest is space. */
export function PersonTable({ rows: all, short }: { rows: PersonRow[]; short?: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  const [first, setFirst] = useState(0)
  const long = all.length > 400
  useEffect(() => {
    if (!long) return
    const near = box.current!.closest<HTMLElement>('.drawer-body, .page')
    const scroller = near && near.scrollHeight > near.clientHeight && getComputedStyle(near).overflowY !== 'visible' ? near : document.scrollingElement!
    const look = () => {
      const top = box.current!.getBoundingClientRect().top
      setFirst(Math.max(0, Math.floor(-top / ROW / 20) * 20 - 20))
    }
    const target = scroller === document.scrollingElement ? window : scroller
    target.addEventListener('scroll', look, { passive: true })
    return () => target.removeEventListener('scroll', look)
  }, [long])
  const begin = long ? Math.min(first, Math.max(0, all.length - WINDOW)) : 0
  const rows = long ? all.slice(begin, begin + WINDOW + 40) : all
  return (
    <div ref={box} class="scroll-x" tabindex={0} role="region" aria-label={t('nav.persons')}>
          <table class="rows people">
            <thead>
              <tr>
                <th>{t('persons.person')}</th>
                <th>{t('persons.way')}</th>
                <th>{t('persons.stage')}</th>
                <th class="number">{t('persons.revenue')}</th>
                <th class="number">{t('persons.last_seen')}</th>
              </tr>
            </thead>
            <tbody>
              {long && begin > 0 && <SpaceRow height={begin * ROW} />}
              {rows.map((row) => (
                <tr key={row.person}>
                  <td>
                    <a class="figure-link" href={link(`/person/${row.person}`)}>
                      {shortId(row.person)}
                    </a>
                  </td>
                  <td>{row.families ? <Strip families={row.families} /> : <span class="quiet">{count(row.events)}</span>}</td>
                  <td>{row.stage ? labelOf(project.value?.stages, row.stage) : '–'}</td>
                  <td class="number">{row.value ? money(row.value) : '–'}</td>
                  <td class="number quiet">{short ? day(row.last) : dayTime(row.last)}</td>
                </tr>
              ))}
              {long && begin + rows.length < all.length && <SpaceRow height={(all.length - begin - rows.length) * ROW} />}
            </tbody>
          </table>
    </div>
  )
}

const SpaceRow = ({ height }: { height: number }) => (
  <tr aria-hidden="true">
    <td colSpan={5} ref={(cell) => void cell?.style.setProperty('height', `${height}px`)} />
  </tr>
)

export function PersonsDrawer({ wanted, onClose }: { wanted: Wanted; onClose: () => void }) {
  const [limit, setLimit] = useState(STEP)
  const fields: Fields = { ...commonOptions(), ...wanted.fields, who: wanted.who.length ? wanted.who : undefined }
  const report = wanted.report === 'persons' ? undefined : wanted.report
  const url = address('/api/v1/persons', { report, ...fields, limit })
  const { data, problem, slow, cancel, again } = useAnswer<Persons>(url)
  const where = wanted.title ?? [wanted.at && touchpointName(wanted.at.touchpoint), wanted.at && labelOf(project.value?.stages, wanted.at.stage)].filter(Boolean).join(', ')
  const within = period(fields.from as string | undefined, fields.to as string | undefined)
  return (
    <Over kind="drawer" label={t('nav.persons')} onClose={onClose}>
      <header class="drawer-head">
        <h1>{data ? t('persons.title', { n: count(data.total) }) : '\u00a0'}</h1>
        <p class="quiet">{[where, within].filter(Boolean).join(', ')}</p>
        <button type="button" class="close" aria-label={t('action.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="drawer-body">
        {problem ? (
          <Failure problem={problem} again={again} />
        ) : !data ? (
          <Waiting slow={slow} cancel={cancel} />
        ) : (
          <>
            <p class="chips">
              <a class="button" href={address('/api/v1/persons', { report, ...fields, format: 'csv' })} download="etappe-people.csv">
                CSV
              </a>
              {wanted.link && (
                <button type="button" class="button" onClick={() => copy(location.href)}>
                  <Icon name="link" /> {t('persons.link')}
                </button>
              )}
            </p>
            <PersonTable rows={data.persons} short />
            <p class="quiet">{t('persons.shown', { shown: count(data.persons.length), n: count(data.total) })}</p>
            {data.persons.length < data.total && data.persons.length < 10_000 && (
              <p>
                <button type="button" class="button" onClick={() => setLimit(limit * 4)}>
                  {t('persons.more')}
                </button>
              </p>
            )}
            <h2>{t('action.as_command')}</h2>
            <Command text={command(report ?? 'person list', fields)} />
          </>
        )}
      </div>
    </Over>
  )
}

/** A figure that opens its people, where there are any and somebody may see them. */
export const Opens = ({ n, onOpen, text }: { n: number | null; onOpen?: () => void; text?: string }) =>
  onOpen && n ? (
    <button type="button" class="figure-link" onClick={onOpen}>
      {text ?? count(n)}
    </button>
  ) : (
    <>{text ?? count(n)}</>
  )

/** The list behind a figure of a page, kept in the address so that a link opens it: `who` of report `of`. What it is called and the
 * options it is counted with follow from these two. Without the right to see people nothing opens. */
export function useListed(report: string, told: (who: string, of: string) => { title: string; fields?: Fields } | undefined) {
  const who = option('who')
  const of = option('of') ?? report
  const about = who && seesPersons.value ? told(who, of) : undefined
  const all = options('who')
  const open = (which: string | string[], where = report) => (seesPersons.value ? () => setOptions({ who: which, of: where === report ? undefined : where }) : undefined)
  const drawer = about && <PersonsDrawer key={`${of} ${who}`} wanted={{ report: of, who: of === 'persons' ? '' : all.length > 1 ? all : who!, link: true, ...about }} onClose={() => setOptions({ who: undefined, of: undefined }, true)} />
  return { open, drawer }
}
