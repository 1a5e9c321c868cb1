// SPDX-License-Identifier: Apache-2.0
// Who is looking, and what the project calls its things.
import { computed, signal } from '@preact/signals'
import { ApiError, get, onExpired, setCsrf } from './api'
import { known, t, type Word } from '../words/words'
import { language } from './prefs'

export type Role = 'admin' | 'analyst' | 'viewer'
export interface Named {
  name: string
  label: string
  label_de: string
}
export interface ProjectModel {
  name: string
  language: string
  timezone: string
  currency: string
  lookback_ms: number // what a goal has that says nothing else
  inactivity_ms: number
  now: string
  live: boolean
  events: number
  stages: (Named & { when: string | null })[]
  personas: (Named & { when: string })[]
  touchpoints: (Named & { family: string })[]
  channels: Named[]
  goals: (Named & { closes: boolean; when: string | null })[]
  relationships: Named[]
  first: string | null
}
export interface Session {
  user: { name: string; email: string; role: Role } | null
  csrf: string
  setup: boolean // nobody has an account yet
  project: ProjectModel | null // null until somebody is signed in
}

export const session = signal<Session | undefined>(undefined)
export const sessionProblem = signal<ApiError | undefined>(undefined)
export const expired = signal(false)
onExpired(() => {
  if (session.value?.user) expired.value = true
})

export async function loadSession() {
  try {
    const found = await get<Session>('/api/v1/session')
    setCsrf(found.csrf)
    session.value = found
    sessionProblem.value = undefined
    expired.value = false
  } catch (problem) {
    sessionProblem.value = problem as ApiError
  }
}

export const project = computed(() => session.value?.project ?? undefined)
export const role = computed(() => session.value?.user?.role)
/** Single persons are for those whose work needs them. */
export const seesPersons = computed(() => role.value === 'admin' || role.value === 'analyst')

export function labelOf(list: Named[] | undefined, name: string): string {
  const found = list?.find((one) => one.name === name)
  return (found && (language.value === 'de' ? found.label_de : found.label)) || found?.label || name
}

/** A channel of the project, else one of the standard grouping. */
export function channelName(name: string): string {
  const own = labelOf(project.value?.channels, name)
  return own === name && known(`channel.${name}`) ? t(`channel.${name}` as Word) : own
}

/** Which colour a channel has: the standard ones by what they are, others none. */
const FAMILIES: Record<string, string[]> = {
  ads: ['paid_search', 'paid_social', 'display', 'paid_shopping', 'paid_video', 'paid_other', 'affiliates', 'cross_network', 'audio', 'tv', 'print'],
  social: ['organic_social', 'organic_video', 'influencer'],
  search: ['organic_search', 'organic_shopping', 'price_comparison', 'referral'],
  web: ['direct'],
  mail: ['email', 'sms', 'mobile_push'],
  store: ['store', 'event'],
  service: ['call', 'chat'],
  club: ['member_referral'],
}
export const channelFamily = (name: string) => Object.keys(FAMILIES).find((family) => FAMILIES[family].includes(name))

/** A touchpoint of the project, else `channel / event`. */
export function touchpointName(name: string): string {
  const own = labelOf(project.value?.touchpoints, name)
  const cut = own === name ? name.indexOf(' / ') : -1
  return cut < 0 ? own : `${channelName(name.slice(0, cut))} / ${name.slice(cut + 3)}`
}
