// SPDX-License-Identifier: Apache-2.0
import { Bar } from '../parts/bar'
import { t } from '../words/words'

export function View() {
  return (
    <>
      <Bar title={t('nav.home')} />
      <main id="content" class="page" />
    </>
  )
}
