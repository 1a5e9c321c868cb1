// SPDX-License-Identifier: Apache-2.0
// Line icons on a 24 grid, drawn for this app.
const shapes = {
  home: 'M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z',
  map: 'M4 17l4-8 4 5 3-7 5 10M7.5 9.500a1 1 0 1 0 1-1 1 1 0 0 0-1 1M14 7a1 1 0 1 0 1-1 1 1 0 0 0-1 1',
  paths: 'M3 7h4c5 0 5 10 10 10h4M3 17h4c5 0 5-10 10-10h4',
  funnel: 'M4 5h16l-6 8v6l-4-2v-4z',
  attribution: 'M4 6h10M18 6h2M4 12h3M11 12h9M4 18h8M16 18h4M16 4.500v3M9 10.500v3M14 16.500v3',
  stages: 'M5 20v-8M10 20V8M15 20v-5M20 20V4',
  journeys: 'M4 12h5M15 12h5M9 12a3 3 0 1 0 6 0 3 3 0 1 0-6 0M4 5v14M20 5v14',
  persons: 'M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 21c0-4.500 3-7 7.500-7s7.500 2.500 7.500 7',
  project: 'M4 7h9M17 7h3M4 17h3M11 17h9M13 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M7 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0',
  privacy: 'M12 3l8 3v6c0 5-3.500 7.500-8 9-4.500-1.500-8-4-8-9V6z',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v5M16 3v5',
  filter: 'M4 7h16M7 12h10M10 17h4',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  download: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M4 20h16',
  close: 'M6 6l12 12M18 6L6 18',
  chevron: 'M7 10l5 5 5-5',
  back: 'M14 6l-6 6 6 6',
  forward: 'M10 6l6 6-6 6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
  undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  plus: 'M12 5v14M5 12h14',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  grip: 'M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01',
  again: 'M20 12a8 8 0 1 1-2.500-5.800M20 3v4.500h-4.500',
} as const
export type IconName = keyof typeof shapes

export const Icon = ({ name }: { name: IconName }) => (
  <svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d={shapes[name]} />
  </svg>
)
