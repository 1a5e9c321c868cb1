// SPDX-License-Identifier: Apache-2.0
// Language, theme, keys, signing out.
import { del } from '../state/api'
import { language, letters, theme, type Language, type Theme } from '../state/prefs'
import { loadSession, session } from '../state/session'
import { t } from '../words/words'
import { Menu, Segment } from './basics'
import { keyHelp } from './keys'

const signOut = () => del('/api/v1/session').finally(loadSession)

export function Account() {
  const user = session.value?.user
  return (
    <div class="account">
      <Menu label={t('frame.account')} icon="more" square left>
        {(close) => (
          <div class="account-list">
            {user && (
              <p>
                <strong>{user.name}</strong>
                <br />
                <span class="quiet">{t(`role.${user.role}`)}</span>
              </p>
            )}
            <Segment<Language>
              label={t('frame.language')}
              value={language.value}
              choices={[
                { value: 'de', label: 'Deutsch' },
                { value: 'en', label: 'English' },
              ]}
              onChange={(value) => (language.value = value)}
            />
            <Segment<Theme>
              label={t('frame.theme')}
              value={theme.value}
              choices={[
                { value: 'light', label: t('frame.theme.light') },
                { value: 'dark', label: t('frame.theme.dark') },
                { value: 'system', label: t('frame.theme.system') },
              ]}
              onChange={(value) => (theme.value = value)}
            />
            <label class="check">
              <input type="checkbox" checked={letters.value} onChange={(event) => (letters.value = event.currentTarget.checked)} /> {t('frame.letters')}
            </label>
            <button type="button" class="button" onClick={() => (close(), (keyHelp.value = true))}>
              {t('frame.keys')} <kbd class="key">?</kbd>
            </button>
            <button type="button" class="button" onClick={signOut}>
              {t('frame.signout')}
            </button>
          </div>
        )}
      </Menu>
    </div>
  )
}
