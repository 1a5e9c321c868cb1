// SPDX-License-Identifier: Apache-2.0
// Files into the project: dropped, looked at, columns named, then imported; what was refused is shown with its reason, and
// every import can be taken back.
import { useRef, useState } from 'preact/hooks'
import { Failure, say, Waiting } from '../../parts/basics'
import { address, ApiError, del, upload } from '../../state/api'
import { useAnswer } from '../../state/report'
import { go } from '../../state/route'
import { loadSession } from '../../state/session'
import { count, dayTime } from '../../words/format'
import { failureWords } from '../../words/failures'
import { t } from '../../words/words'

interface Preview {
  format: string
  encoding?: string
  separator?: string
  columns: { name: string; samples: string[]; field: string | null }[]
  problem?: string
}
interface Counts {
  id?: number
  read: number
  stored: number
  repeated: number
  conflicting: number
  refused: number
  refusals?: { row: number; reason: string }[]
}
interface Done extends Counts {
  id: number
  label: string
  source: string
  state: string
  ended: string | null
}

const FIELDS = ['', 'person', 'user', 'crm', 'card', 'email', 'phone', 'anonymous', 'account', 'device', 'time', 'event', 'channel', 'source', 'medium', 'campaign', 'content', 'term', 'place', 'value', 'currency', 'cost', 'score', 'order', 'id']
const HEAD = 1 << 20

function Drop({ onFile }: { onFile: (file: File) => void }) {
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  return (
    <div
      class={over ? 'drop over' : 'drop'}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        const file = event.dataTransfer?.files[0]
        if (file) onFile(file)
      }}
    >
      <p>{t('import.drop')}</p>
      <p class="quiet">{t('empty.import_text')}</p>
      <button type="button" class="button primary" onClick={() => input.current?.click()}>
        {t('empty.import_button')}
      </button>
      <input ref={input} type="file" class="out-of-sight" aria-label={t('empty.import_button')} accept=".csv,.tsv,.txt,.json,.ndjson,.jsonl,.parquet,.gz,.zst" onChange={(event) => event.currentTarget.files?.[0] && onFile(event.currentTarget.files[0])} />
    </div>
  )
}

function Mapping({ file, preview, onDone, onCancel }: { file: File; preview: Preview; onDone: (counts: Counts) => void; onCancel: () => void }) {
  const [fields, setFields] = useState(preview.columns.map((column) => column.field ?? ''))
  const [source, setSource] = useState(file.name.replace(/\..*$/, '').toLowerCase().replace(/[^a-z0-9]+/g, '-') || 'file')
  const [event, setEvent] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiError>()
  const has = (name: string) => fields.includes(name)
  const known = has('time') && (has('event') || event.trim() !== '')
  const run = async () => {
    setBusy(true)
    setProblem(undefined)
    const map = preview.columns.flatMap((column, i) => (fields[i] ? [`${fields[i]}=${column.name}`] : []))
    const set = !has('event') && event.trim() ? [`event=${event.trim()}`] : []
    try {
      onDone(await upload<Counts>(address('/api/v1/import', { name: file.name, source, map, set }), file))
    } catch (failure) {
      setProblem(failure as ApiError)
    }
    setBusy(false)
  }
  return (
    <section class="mapping">
      <h2>{file.name}</h2>
      <p class="quiet">{[preview.format, preview.encoding, preview.separator && t('import.separator', { c: preview.separator === '\t' ? 'Tab' : preview.separator })].filter(Boolean).join(', ')}</p>
      <div class="scroll-x">
        <div><table class="rows">
          <thead>
            <tr>
              <th>{t('import.column')}</th>
              <th>{t('import.means')}</th>
              <th>{t('import.samples')}</th>
            </tr>
          </thead>
          <tbody>
            {preview.columns.map((column, i) => (
              <tr key={column.name}>
                <td>{column.name}</td>
                <td>
                  <select class="input" aria-label={`${t('import.means')}: ${column.name}`} value={fields[i]} onChange={(change) => setFields(fields.map((one, k) => (k === i ? change.currentTarget.value : one)))}>
                    {FIELDS.map((field) => (
                      <option key={field} value={field}>
                        {field ? t(`field.${field}` as 'field.person') : t('import.property')}
                      </option>
                    ))}
                  </select>
                </td>
                <td class="quiet">{column.samples.slice(0, 3).join(' · ').slice(0, 80)}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      </div>
      {!has('event') && (
        <label class="field">
          <span>{t('import.event_for_all')}</span>
          <input class="input" value={event} placeholder="Order Completed" onInput={(change) => setEvent(change.currentTarget.value)} />
        </label>
      )}
      <label class="field">
        <span>{t('import.source')}</span>
        <input class="input" value={source} onInput={(change) => setSource(change.currentTarget.value)} />
      </label>
      {!known && <p class="field-error">{t('import.needs')}</p>}
      {problem && (
        <p class="field-error" role="alert">
          {failureWords(problem).text}
        </p>
      )}
      <div class="state-actions">
        <button type="button" class="button primary" disabled={!known || busy} onClick={run}>
          {busy ? t('import.running') : t('import.run')}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </section>
  )
}

function Outcome({ counts }: { counts: Counts }) {
  return (
    <section class="effect" role="status">
      <h2>{t('import.done', { n: count(counts.stored) })}</h2>
      <p>{t('import.counts', { read: count(counts.read), repeated: count(counts.repeated), conflicting: count(counts.conflicting), refused: count(counts.refused) })}</p>
      {counts.refusals && counts.refusals.length > 0 && (
        <div class="scroll-x"><table class="rows">
          <tbody>
            {counts.refusals.map((one) => (
              <tr key={one.row}>
                <td class="number">{t('import.row', { n: count(one.row) })}</td>
                <td>{one.reason}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
      <div class="state-actions">
        <button type="button" class="button primary" onClick={() => go('/map')}>
          {t('import.to_map')}
        </button>
      </div>
    </section>
  )
}

export function Import() {
  const list = useAnswer<{ imports: Done[] }>('/api/v1/imports')
  const [file, setFile] = useState<File>()
  const [preview, setPreview] = useState<Preview>()
  const [counts, setCounts] = useState<Counts>()
  const [problem, setProblem] = useState<ApiError>()
  const look = async (chosen: File) => {
    setFile(chosen)
    setPreview(undefined)
    setCounts(undefined)
    setProblem(undefined)
    try {
      setPreview(await upload<Preview>(address('/api/v1/import/preview', { name: chosen.name }), chosen.slice(0, HEAD)))
    } catch (failure) {
      setProblem(failure as ApiError)
    }
  }
  const undo = async (one: Done) => {
    try {
      await del(`/api/v1/imports/${one.id}`)
      say(t('import.undone', { name: one.label }))
      list.again()
      await loadSession()
    } catch (failure) {
      say(failureWords(failure as ApiError).text)
    }
  }
  return (
    <>
      <h1>{t('project.import')}</h1>
      <p class="quiet">{t('project.import_text')}</p>
      {file && preview && !counts ? (
        <Mapping
          key={file.name}
          file={file}
          preview={preview}
          onCancel={() => setPreview(undefined)}
          onDone={(found) => {
            setCounts(found)
            list.again()
            void loadSession()
          }}
        />
      ) : (
        <Drop onFile={look} />
      )}
      {problem && <Failure problem={problem} />}
      {counts && <Outcome counts={counts} />}
      {list.problem && !list.data ? (
        <Failure problem={list.problem} again={list.again} />
      ) : !list.data ? (
        <Waiting slow={list.slow} />
      ) : (
        list.data.imports.length > 0 && (
          <section>
            <h2 class="table-title section-title">{t('import.list')}</h2>
            <div class="scroll-x"><table class="rows">
              <thead>
                <tr>
                  <th>{t('import.file')}</th>
                  <th>{t('person.source')}</th>
                  <th class="number">{t('import.stored')}</th>
                  <th class="number">{t('import.refused')}</th>
                  <th class="number">{t('import.when')}</th>
                  <td />
                </tr>
              </thead>
              <tbody>
                {list.data.imports.map((one) => (
                  <tr key={one.id} class={one.state === 'undone' ? 'quiet' : ''}>
                    <td>{one.label}</td>
                    <td>{one.source}</td>
                    <td class="number">{count(one.stored)}</td>
                    <td class="number">{count(one.refused)}</td>
                    <td class="number">{one.ended ? dayTime(one.ended) : '–'}</td>
                    <td class="number">
                      {one.state === 'done' ? (
                        <button type="button" class="button" onClick={() => undo(one)}>
                          {t('action.undo')}
                        </button>
                      ) : (
                        t('import.is_undone')
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table></div>
          </section>
        )
      )}
    </>
  )
}
