// SPDX-License-Identifier: Apache-2.0
// The words of the language that is chosen.
import { language } from '../state/prefs'
import { de } from './de'
import { en, type Words } from './en'

export type Word = keyof Words
const all: Record<string, Words> = { en, de }

export function t(key: Word, values: Record<string, string | number> = {}): string {
  const words = all[language.value] as Record<string, string>
  const text = (String(values.n) === '1' && words[`${key}_one`]) || words[key]
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}
export const known = (key: string): key is Word => key in en
