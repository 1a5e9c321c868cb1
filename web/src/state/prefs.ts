// SPDX-License-Identifier: Apache-2.0
// What one browser remembers of its user: language, theme, whether single letters are commands.
import { effect, signal } from '@preact/signals'

export type Language = 'en' | 'de'
export type Theme = 'system' | 'light' | 'dark'

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`etappe.${name}`)
  } catch {
    return null
  }
}

function keep(name: string, value: string) {
  try {
    localStorage.setItem(`etappe.${name}`, value)
  } catch {
    /* a browser that keeps nothing still shows everything */
  }
}

const spoken = (): Language => (navigator.languages.some((l) => l.startsWith('de')) ? 'de' : 'en')
export const language = signal<Language>((kept('language') as Language) ?? spoken())
export const theme = signal<Theme>((kept('theme') as Theme) ?? 'system')
export const letters = signal(kept('letters') !== 'off')

const dark = matchMedia('(prefers-color-scheme: dark)')
const systemDark = signal(dark.matches)
dark.addEventListener('change', () => (systemDark.value = dark.matches))

effect(() => {
  keep('language', language.value)
  document.documentElement.lang = language.value
})
effect(() => {
  keep('theme', theme.value)
  document.documentElement.dataset.theme = theme.value === 'system' ? (systemDark.value ? 'dark' : 'light') : theme.value
})
effect(() => keep('letters', letters.value ? 'on' : 'off'))
