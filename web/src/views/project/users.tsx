// SPDX-License-Identifier: Apache-2.0
// Who may look, and at what.
import { useState } from 'preact/hooks'
import { Failure, Field, say, State, Waiting } from '../../parts/basics'
import { ApiError, del, post, put } from '../../state/api'
import { useAnswer } from '../../state/report'
import { role, session, type Role } from '../../state/session'
import { dayTime } from '../../words/format'
import { failureWords } from '../../words/failures'
import { t } from '../../words/words'

interface Account {
  id: number
  name: string
  email: string
  role: Role
  created: string
  seen: string | null
}
const ROLES: Role[] = ['viewer', 'analyst', 'admin']

export function Users() {
  const { data, problem, slow, again } = useAnswer<{ accounts: Account[] }>(role.value === 'admin' ? '/api/v1/accounts' : undefined)
  const [fields, setFields] = useState({ name: '', email: '', password: '', role: 'analyst' as Role })
  const [failed, setFailed] = useState<string>()
  const set = (name: keyof typeof fields) => (event: Event) => setFields({ ...fields, [name]: (event.currentTarget as HTMLInputElement).value })
  const act = async (work: () => Promise<unknown>, done: string) => {
    try {
      await work()
      say(done)
      setFailed(undefined)
      again()
      return true
    } catch (failure) {
      setFailed(failureWords(failure as ApiError).text)
      return false
    }
  }
  if (role.value !== 'admin') return <State title={t('state.forbidden')} text={t('state.forbidden_text')} />
  if (problem && !data) return <Failure problem={problem} again={again} />
  if (!data) return <Waiting slow={slow} />
  return (
    <>
      <h1>{t('project.users')}</h1>
      <p class="quiet">{t('project.users_text')}</p>
      <div class="scroll-x"><table class="rows">
        <thead>
          <tr>
            <th>{t('sign.name')}</th>
            <th>{t('sign.email')}</th>
            <th>{t('users.role')}</th>
            <th class="number">{t('persons.last_seen')}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {data.accounts.map((one) => (
            <tr key={one.id}>
              <td>{one.name}</td>
              <td>{one.email}</td>
              <td>
                <select class="input" aria-label={`${t('users.role')}: ${one.name}`} value={one.role} onChange={(event) => act(() => put(`/api/v1/accounts/${one.id}`, { role: event.currentTarget.value }), t('users.changed'))}>
                  {ROLES.map((value) => (
                    <option key={value} value={value}>
                      {t(`role.${value}`)}
                    </option>
                  ))}
                </select>
              </td>
              <td class="number quiet">{one.seen ? dayTime(one.seen) : '–'}</td>
              <td class="number">
                {one.email !== session.value?.user?.email && (
                  <button type="button" class="button" onClick={() => act(() => del(`/api/v1/accounts/${one.id}`), t('users.removed', { name: one.name }))}>
                    {t('action.remove')}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table></div>
      {failed && (
        <p class="field-error" role="alert">
          {failed}
        </p>
      )}
      <form
        class="sign-form"
        onSubmit={async (event) => {
          event.preventDefault()
          if (await act(() => post('/api/v1/accounts', fields), t('users.added', { name: fields.name }))) setFields({ name: '', email: '', password: '', role: 'analyst' })
        }}
      >
        <h2 class="table-title section-title">{t('users.new')}</h2>
        <Field label={t('sign.name')}>{(id) => <input id={id} class="input" required value={fields.name} onInput={set('name')} />}</Field>
        <Field label={t('sign.email')}>{(id) => <input id={id} class="input" type="email" required value={fields.email} onInput={set('email')} />}</Field>
        <Field label={t('users.password')} hint={t('sign.password_hint')}>
          {(id) => <input id={id} class="input" type="password" required minLength={12} autocomplete="new-password" value={fields.password} onInput={set('password')} />}
        </Field>
        <Field label={t('users.role')}>
          {(id) => (
            <select id={id} class="input" value={fields.role} onChange={set('role')}>
              {ROLES.map((value) => (
                <option key={value} value={value}>
                  {t(`role.${value}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <button type="submit" class="button primary">
          {t('sign.create')}
        </button>
      </form>
    </>
  )
}
