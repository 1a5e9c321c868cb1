// SPDX-License-Identifier: Apache-2.0
// All people, last seen first; any identifier finds its person.
import { useState } from 'preact/hooks'
import { Bar, Persona } from '../parts/bar'
import { EmptyPeriod, Failure, State, Waiting } from '../parts/basics'
import { Lead } from '../parts/lead'
import { PersonTable, type Persons } from '../parts/persons'
import { address } from '../state/api'
import { commonOptions, useAnswer } from '../state/report'
import { go, link } from '../state/route'
import { project, seesPersons } from '../state/session'
import { count } from '../words/format'
import { t } from '../words/words'

function Find() {
  const [text, setText] = useState('')
  return (
    <form class="find" onSubmit={(event) => (event.preventDefault(), text.trim() && go(link(`/person/${encodeURIComponent(text.trim())}`)))}>
      <input class="input" aria-label={t('persons.find')} placeholder={t('persons.find_hint')} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" class="button">
        {t('persons.find')}
      </button>
    </form>
  )
}

export function View() {
  const [limit, setLimit] = useState(100)
  const url = seesPersons.value ? address('/api/v1/persons', { ...commonOptions(), limit }) : undefined
  const { data, problem, waiting, slow, cancel, again } = useAnswer<Persons>(url, project.value?.live)
  return (
    <>
      <Bar title={t('nav.persons')} left={<Persona />} formats={[{ label: t('export.csv'), name: 'etappe-people.csv', href: address('/api/v1/persons', { ...commonOptions(), format: 'csv' }) }]} />
      <main id="content" class="page" tabindex={-1}>
        {!seesPersons.value ? (
          <State title={t('state.forbidden')} text={t('persons.forbidden')} />
        ) : problem && !data ? (
          <Failure problem={problem} again={again} />
        ) : !data ? (
          <Waiting slow={slow} cancel={cancel} />
        ) : (
          <div class={waiting ? 'stale' : ''}>
            <Lead text={t('persons.title', { n: count(data.total) })} answer={data} report="person list" what={t('persons.counts')}>
              <Find />
            </Lead>
            {data.total ? <PersonTable rows={data.persons} /> : <EmptyPeriod />}
            <p class="quiet">{t('persons.shown', { shown: count(data.persons.length), n: count(data.total) })}</p>
            {data.persons.length < data.total && (
              <button type="button" class="button" onClick={() => setLimit(limit * 4)}>
                {t('persons.more')}
              </button>
            )}
          </div>
        )}
      </main>
    </>
  )
}
