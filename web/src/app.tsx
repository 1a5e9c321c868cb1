// SPDX-License-Identifier: Apache-2.0
// The frame around every page, and which page it is.
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Account } from './parts/account'
import { Bar } from './parts/bar'
import { NotFound, State, Toast, Waiting } from './parts/basics'
import { Icon } from './parts/icons'
import { KeyHelp, keyHelp, palette, Palette } from './parts/keys'
import { path } from './state/route'
import { link } from './state/route'
import { expired, session, sessionProblem, loadSession } from './state/session'
import { Failure } from './parts/basics'
import { pageAt, pages, type Page } from './views/catalogue'
import { SignIn } from './views/sign'
import { t } from './words/words'

function Rail({ page }: { page?: Page }) {
  const item = (one: Page) => (
    <a key={one.id} class="rail-item" href={link(one.path)} aria-current={one.id === page?.id ? 'page' : undefined} data-more={one.phone ? undefined : ''}>
      <Icon name={one.icon!} />
      <span>{t(one.title)}</span>
    </a>
  )
  return (
    <nav class="rail" aria-label={t('nav.label')}>
      <a class="rail-logo" href={link('/')} aria-label="Etappe">
        <img src="/assets/icon.svg" alt="" />
      </a>
      {pages.filter((one) => one.icon && !one.foot).map(item)}
      <span class="rail-space" />
      {pages.filter((one) => one.icon && one.foot).map(item)}
      <Account />
    </nav>
  )
}

type Loaded = ComponentType<{ subject: string }>
const loaded = new Map<string, Loaded>()

/** Loads a page's file once. */
function Load({ page, subject }: { page: Page; subject: string }) {
  const [, show] = useState(0)
  const [failed, setFailed] = useState(false)
  const View = loaded.get(page.id)
  useEffect(() => {
    if (View) return
    setFailed(false)
    page.load().then(
      (part) => (loaded.set(page.id, part.View as Loaded), show((n) => n + 1)),
      () => setFailed(true),
    )
  }, [page.id])
  useEffect(() => void (document.title = `${t(page.title)} · Etappe`))
  if (View) return <View key={page.id} subject={subject} />
  return (
    <>
      <Bar title={t(page.title)} />
      <main id="content" class="page">{failed ? <State title={t('state.offline')} text={t('state.offline_text')} /> : <Waiting slow={false} />}</main>
    </>
  )
}

export function App() {
  const problem = sessionProblem.value
  if (problem)
    return (
      <main class="page">
        <Failure problem={problem} again={loadSession} />
      </main>
    )
  if (!session.value) return <main class="page" aria-busy="true" />
  if (!session.value.user) return <SignIn />
  const page = pageAt(path.value)
  return (
    <div class="frame">
      <a class="skip" href="#content">
        {t('frame.skip')}
      </a>
      <Rail page={page} />
      {page ? (
        <Load page={page} subject={decodeURIComponent(path.value.slice(page.path.length))} />
      ) : (
        <>
          <Bar title="Etappe" />
          <main id="content" class="page">
            <NotFound />
          </main>
        </>
      )}
      {expired.value && <SignIn over />}
      {palette.value && <Palette />}
      {keyHelp.value && <KeyHelp />}
      <Toast />
    </div>
  )
}
