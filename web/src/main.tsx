// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact'
import { effect } from '@preact/signals'
import { App } from './app'
import { listenToKeys } from './parts/keys'
import { follow } from './state/route'
import { loadSession, session } from './state/session'
import { listen, silence } from './state/stream'

document.addEventListener('click', follow)
listenToKeys()
effect(() => (session.value?.user ? listen() : silence()))
void loadSession()
render(<App />, document.getElementById('app')!)
