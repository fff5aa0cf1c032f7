/** Signs in: whoever comes with something that does, and a screen on a wall again and again. */

import { ApiError, signIn, signOut, whoIsSignedIn } from './client.ts'
import { type Credential, credentialIn, KeptToken, onlyWatches } from './credential.ts'
import type { Caller } from './session-terms.ts'

/** A node that is away is asked again so often. */
const AGAIN_MS = 10_000

const kept = new KeptToken(() => window.sessionStorage)
let credential = takeCredential()
let opening: Promise<Caller | null> | undefined

/** Leaves the address at once. */
function takeCredential(): Credential | null {
  const found = credentialIn(window.location.hash)
  if (found !== null) window.history.replaceState(null, '', window.location.pathname)
  return found
}

/** Calls `onCome` when something that signs in comes while the console is open already. */
export function watchAddress(onCome: () => void): () => void {
  const look = (): void => {
    const found = takeCredential()
    if (found === null) return
    credential = found
    opening = undefined
    onCome()
  }
  window.addEventListener('hashchange', look)
  return () => window.removeEventListener('hashchange', look)
}

/** Who is signed in, or is now by what the address had; a code is good for one use, whatever asks twice. */
export function open(): Promise<Caller | null> {
  opening ??= begin().finally(() => {
    opening = undefined
    credential = null
  })
  return opening
}

async function begin(): Promise<Caller | null> {
  if (credential !== null && 'code' in credential) return await withCode(credential.code)
  const token = credential?.token ?? kept.get()
  const who = await whoIsSignedIn()
  // A link signs nobody out who is there.
  if (who === null) return token === null ? null : await watching(token)
  if (token !== null && onlyWatches(who)) kept.keep(token)
  return who
}

async function withCode(code: string): Promise<Caller | null> {
  try {
    await signIn({ code })
    kept.forget()
  } catch (thrown) {
    // Whoever comes back with an old code may be signed in already.
    const who = await whoIsSignedIn()
    if (who === null) throw thrown
    return who
  }
  return await whoIsSignedIn()
}

/** For a token that nobody wrote: one that may do more than watch does not come in an address, where others see it. */
async function watching(token: string): Promise<Caller | null> {
  const who = await withKept(token)
  if (who === null || onlyWatches(who)) return who
  await signOut()
  throw new ApiError(
    'SCOPE_MISSING',
    'an address signs in a screen on a wall, with a token that has the scope watch alone; this one may do more, so ' +
      'somebody may have seen what can do harm: end it, and make another',
    403
  )
}

/** Signs in by a token, which is kept where it can only watch. */
export async function withToken(token: string): Promise<Caller | null> {
  await signIn({ token })
  const who = await whoIsSignedIn()
  if (who !== null && onlyWatches(who)) kept.keep(token)
  else kept.forget()
  return who
}

/** The same; a token that has ended is not tried again. */
async function withKept(token: string): Promise<Caller | null> {
  try {
    return await withToken(token)
  } catch (thrown) {
    if (hasEnded(thrown)) kept.forget()
    throw thrown
  }
}

function hasEnded(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.status === 401
}

export async function leave(): Promise<void> {
  kept.forget()
  await signOut()
}

let returning: Promise<Caller | null> | undefined

/** Signs a screen on a wall in again, once the node is there. Null where it is none, or its token has ended. */
export function comeBack(): Promise<Caller | null> {
  returning ??= signInAgain().finally(() => {
    returning = undefined
  })
  return returning
}

async function signInAgain(): Promise<Caller | null> {
  while (true) {
    const token = kept.get()
    if (token === null) return null
    try {
      return await withKept(token)
    } catch (thrown) {
      if (hasEnded(thrown)) return null
    }
    await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
  }
}
