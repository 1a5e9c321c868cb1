// SPDX-License-Identifier: Apache-2.0
// Every page once: a new one is a line here and a file beside it, loaded when it is first opened.
import type { ComponentType } from 'preact'
import type { IconName } from '../parts/icons'
import type { Word } from '../words/words'

export interface Page {
  id: string
  path: string // a trailing slash takes what follows as its subject
  title: Word
  icon?: IconName // has a place in the rail
  letter?: string // G then this key opens it
  foot?: boolean // at the rail's foot
  phone?: boolean // has a place in the phone's bar
  load: () => Promise<{ View: ComponentType<{ subject: string }> }>
}

export const pages: Page[] = [
  { id: 'home', path: '/', title: 'nav.home', icon: 'home', letter: 'h', phone: true, load: () => import('./home') },
  { id: 'map', path: '/map', title: 'nav.map', icon: 'map', letter: 'm', phone: true, load: () => import('./map/map') },
  { id: 'paths', path: '/paths', title: 'nav.paths', icon: 'paths', letter: 'p', phone: true, load: () => import('./paths') },
  { id: 'funnel', path: '/funnel', title: 'nav.funnel', icon: 'funnel', letter: 'f', phone: true, load: () => import('./funnel') },
  { id: 'attribution', path: '/attribution', title: 'nav.attribution', icon: 'attribution', letter: 'a', load: () => import('./attribution') },
  { id: 'stages', path: '/stages', title: 'nav.stages', icon: 'stages', letter: 's', load: () => import('./stages') },
  { id: 'journeys', path: '/journeys', title: 'nav.journeys', icon: 'journeys', letter: 'j', load: () => import('./journeys') },
  { id: 'persons', path: '/persons', title: 'nav.persons', icon: 'persons', letter: 'l', load: () => import('./persons') },
  { id: 'person', path: '/person/', title: 'persons.person', load: () => import('./person') },
  { id: 'project', path: '/project', title: 'nav.project', icon: 'project', foot: true, phone: true, load: () => import('./project/project') },
  { id: 'privacy', path: '/privacy', title: 'nav.privacy', icon: 'privacy', foot: true, load: () => import('./privacy') },
]

export const pageAt = (path: string): Page | undefined =>
  pages.find((page) => (page.path.endsWith('/') && page.path !== '/' ? path.startsWith(page.path) : page.path === path))
