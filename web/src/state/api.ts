// SPDX-License-Identifier: Apache-2.0
// The one place that talks to the server. Every failure is an ApiError with the server's code, so that pages can say
// what is, what stays and what to do next.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly where?: string,
    readonly hint?: string,
  ) {
    super(message)
  }
}

export type Fields = Record<string, string | string[] | number | boolean | undefined>

let csrf = ''
export const setCsrf = (token: string) => void (csrf = token)

let expired: (() => void) | undefined
/** Called when the server no longer knows the session. */
export const onExpired = (what: () => void) => void (expired = what)

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; where?: string; hint?: string } }
    return new ApiError(response.status, error.code, error.message, error.where, error.hint)
  } catch {
    return new ApiError(response.status, 'unreadable', `HTTP ${response.status}`)
  }
}

async function send(method: string, path: string, body: BodyInit | undefined, type: string | undefined, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (type) headers['Content-Type'] = type
  if (method !== 'GET' && csrf) headers['X-Etappe-Csrf'] = csrf
  let response: Response
  try {
    response = await fetch(path, { method, headers, body, signal, credentials: 'same-origin' })
  } catch (problem) {
    if ((problem as Error).name === 'AbortError') throw problem
    throw new ApiError(0, 'offline', 'the server does not answer')
  }
  if (response.ok) return response
  if (response.status === 401 && !path.endsWith('/session')) expired?.()
  throw await failure(response)
}

async function read<T>(response: Response): Promise<T> {
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T)
}

export const get = async <T>(path: string, signal?: AbortSignal) => read<T>(await send('GET', path, undefined, undefined, signal))
export const post = async <T>(path: string, body: unknown = {}, signal?: AbortSignal) =>
  read<T>(await send('POST', path, JSON.stringify(body), 'application/json', signal))
export const put = async <T>(path: string, body: unknown) => read<T>(await send('PUT', path, JSON.stringify(body), 'application/json'))
export const del = async <T>(path: string) => read<T>(await send('DELETE', path, undefined, undefined))
/** A file as it is; the server reads the body while it arrives. */
export const upload = async <T>(path: string, file: Blob, signal?: AbortSignal) =>
  read<T>(await send('POST', path, file, 'application/octet-stream', signal))

/** `/path?a=1&b=2`, without what is empty; a list becomes a repeated argument. */
export function address(path: string, fields: Fields): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== '' && one !== false) search.append(name, String(one))
  const text = search.toString()
  return text ? `${path}?${text}` : path
}
