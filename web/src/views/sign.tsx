// SPDX-License-Identifier: Apache-2.0
// Signing in, and the first account by the one-time link. `over`: the session ended under an open page, which stays.
import { useState } from 'preact/hooks'
import { Field, Over } from '../parts/basics'
import { ApiError, post } from '../state/api'
import { go, option } from '../state/route'
import { loadSession, session } from '../state/session'
import { failureWords } from '../words/failures'
import { t } from '../words/words'

function Form({ setup }: { setup: boolean }) {
  const [fields, setFields] = useState({ name: '', email: '', password: '' })
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const set = (name: keyof typeof fields) => (event: Event) => setFields({ ...fields, [name]: (event.currentTarget as HTMLInputElement).value })
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    try {
      if (setup) await post('/api/v1/setup', { ...fields, token: option('token') })
      else await post('/api/v1/session', { email: fields.email, password: fields.password })
      await loadSession()
      if (setup) go('/', true)
    } catch (error) {
      const failure = error as ApiError
      setProblem(failure.status === 401 ? t('sign.wrong') : failure.status === 429 ? t('sign.too_often') : failureWords(failure).text)
    }
    setBusy(false)
  }
  return (
    <form class="sign-form" onSubmit={submit}>
      {setup && <Field label={t('sign.name')}>{(id) => <input id={id} class="input" required autocomplete="name" value={fields.name} onInput={set('name')} />}</Field>}
      <Field label={t('sign.email')}>{(id) => <input id={id} class="input" type="email" required autocomplete="username" value={fields.email} onInput={set('email')} />}</Field>
      <Field label={t('sign.password')} hint={setup ? t('sign.password_hint') : undefined} error={problem}>
        {(id) => <input id={id} class="input" type="password" required minLength={setup ? 12 : undefined} autocomplete={setup ? 'new-password' : 'current-password'} value={fields.password} onInput={set('password')} />}
      </Field>
      <button type="submit" class="button primary" disabled={busy}>
        {setup ? t('sign.create') : t('sign.in')}
      </button>
    </form>
  )
}

export function SignIn({ over }: { over?: boolean }) {
  if (over)
    return (
      <Over kind="dialog" label={t('state.expired')} onClose={() => undefined}>
        <h1>{t('state.expired')}</h1>
        <p class="quiet">{t('state.expired_text')}</p>
        <Form setup={false} />
      </Over>
    )
  const setup = session.value!.setup
  return (
    <main class="sign">
      <img src="/assets/icon.svg" alt="Etappe" width="40" height="40" />
      <h1>{setup ? t('sign.setup') : t('sign.in')}</h1>
      {setup && <p class="quiet">{option('token') ? t('sign.setup_text') : t('sign.link_missing')}</p>}
      {(!setup || option('token')) && <Form setup={setup} />}
    </main>
  )
}
