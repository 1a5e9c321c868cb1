// SPDX-License-Identifier: Apache-2.0
// The project: what its words mean, where its events come from, who may look. Forms and text are the same YAML.
import type { ComponentType } from 'preact'
import { Bar } from '../../parts/bar'
import { State } from '../../parts/basics'
import { option, setOptions } from '../../state/route'
import { role } from '../../state/session'
import { t, type Word } from '../../words/words'
import { Definitions } from './definitions'
import { Import } from './import'
import { Sources } from './sources'
import { Users } from './users'

interface Part {
  id: string
  word: Word
  view: ComponentType<{ part: string }>
}

const PARTS: Part[] = [
  ...(['goals', 'stages', 'touchpoints', 'channels', 'personas', 'relationships', 'file'] as const).map((id) => ({ id, word: `project.${id}` as Word, view: Definitions })),
  { id: 'sources', word: 'project.sources', view: Sources },
  { id: 'import', word: 'project.import', view: Import },
  { id: 'users', word: 'project.users', view: Users },
]

export function View() {
  const part = PARTS.find((one) => one.id === option('part')) ?? PARTS[0]
  const Part = part.view
  return (
    <>
      <Bar title={t('nav.project')} plain />
      <main id="content" class="page with-side project" tabindex={-1}>
        <nav class="side" aria-label={t('nav.project')}>
          <ul class="parts">
            {PARTS.map((one) => (
              <li key={one.id}>
                <button type="button" aria-current={one === part ? 'true' : undefined} onClick={() => setOptions({ part: one.id })}>
                  {t(one.word)}
                </button>
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-main">{role.value === 'viewer' ? <State title={t('state.forbidden')} text={t('state.forbidden_text')} /> : <Part key={part.view === Definitions ? 'definitions' : part.id} part={part.id} />}</div>
      </main>
    </>
  )
}
