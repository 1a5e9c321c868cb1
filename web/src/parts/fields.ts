// SPDX-License-Identifier: Apache-2.0
// Fields and their values as people read them.
import { channelName, touchpointName } from '../state/session'
import { decimal } from '../words/format'
import { known, t, type Word } from '../words/words'

export const fieldName = (field: string): string => (known(`field.${field}`) ? t(`field.${field}` as Word) : field.replace(/^(properties|context)\./, '').replaceAll('_', ' '))

/** A value of a field; a threshold is a number. */
export function fieldValue(field: string, value: string, threshold = false): string {
  if (threshold) return decimal(Number(value), (value.split('.')[1] ?? '').length)
  return field === 'channel' ? channelName(value) : field === 'touchpoint' || field === 'event' ? touchpointName(value) : value
}
