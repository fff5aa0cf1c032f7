/**
 * Where the admin API listens, and that nobody but the owner can get there.
 *
 * On Unix the socket lies in a folder of mode 0700 that belongs to us. That folder is checked before the
 * socket is made, so there is no instant in which another user could connect, whatever the umask; the socket's
 * own mode of 0600 comes on top. A home path that is too long for a socket address moves the socket into a
 * private folder under the runtime or temporary folder. On Windows a named pipe is used, which the system by
 * default lets only its owner and administrators open for writing.
 *
 * The caller holds the lock of the home folder. A socket that nobody answers is what a killed node left, and
 * is replaced; one that answers is refused.
 */

import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { ENDPOINT_FILE, type Endpoint, endpoint } from '../../api/endpoint.ts'
import { AppError, systemCodeOf } from '../../base/errors.ts'
import { makeFolderSync } from '../../files/make-folder.ts'
import { writePrivateFile } from '../../node/keys/private-file.ts'

/** `sun_path` of the platform, less its closing NUL. */
const SOCKET_PATH_BYTES_MAX = { linux: 107, other: 103 } as const
const PRIVATE_FOLDER_MODE = 0o700
export const PRIVATE_FILE_MODE = 0o600
const OTHERS_MASK = 0o077
const HOME_DIGEST_DIGITS = 16
const PROBE_TIMEOUT_MS = 2_000

export interface SocketHost {
  readonly platform: NodeJS.Platform
  /** XDG_RUNTIME_DIR, if set. */
  readonly runtimeFolder: string | undefined
  readonly temporaryFolder: string
  /** Undefined on Windows. */
  readonly uid: number | undefined
}

/** Decides the socket's path. Pure: makes and checks nothing. */
export function adminSocketPath(home: string, host: SocketHost): string {
  const digest = createHash('sha256').update(home).digest('hex').slice(0, HOME_DIGEST_DIGITS)
  if (host.platform === 'win32') return `\\\\.\\pipe\\peerage-${digest}`
  const limit = host.platform === 'linux' ? SOCKET_PATH_BYTES_MAX.linux : SOCKET_PATH_BYTES_MAX.other
  const fits = (path: string): boolean => Buffer.byteLength(path) <= limit
  const direct = join(home, 'admin.sock')
  if (fits(direct)) return direct
  for (const folder of [host.runtimeFolder, host.temporaryFolder]) {
    if (folder === undefined) continue
    const path = join(folder, `peerage-${host.uid ?? 0}`, `${digest}.sock`)
    if (fits(path)) return path
  }
  throw new AppError(
    'LISTEN_FAILED',
    `can not make the admin socket ${direct}: its path has ${Buffer.byteLength(direct)} bytes, the system ` +
      `allows ${limit}; choose a shorter --home, or set XDG_RUNTIME_DIR to a short private folder`,
    { details: { path: direct, limit } }
  )
}

/** Makes `folder` if it is missing, and makes sure that only its owner, this user, can enter it. */
export function requirePrivateFolder(folder: string, uid: number | undefined): void {
  makeFolderSync(folder, { mode: PRIVATE_FOLDER_MODE })
  if (uid === undefined) return
  const found = lstatSync(folder)
  const mode = found.mode & 0o777
  const refuse = (why: string, remedy: string): never => {
    throw new AppError('LISTEN_FAILED', `can not make the admin socket in ${folder}: ${why}; ${remedy}`, {
      details: { path: folder }
    })
  }
  if (!found.isDirectory()) refuse('it is not a folder', 'remove it, or choose another --home')
  if (found.uid !== uid)
    refuse(`it belongs to user ${found.uid}, not to ${uid}`, 'remove it, or choose another --home')
  if ((mode & OTHERS_MASK) !== 0)
    refuse(
      `its mode ${mode.toString(8).padStart(4, '0')} lets others in`,
      `run chmod 700 '${folder.replaceAll("'", "'\\''")}'`
    )
}

type Occupant = 'nobody' | 'stale' | 'alive'

/** Whether somebody answers at `path`. */
export async function probeSocket(path: string): Promise<Occupant> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path)
    const settle = (occupant: Occupant): void => {
      socket.destroy()
      resolve(occupant)
    }
    // A node that is too busy to answer in time is still alive.
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle('alive'))
    socket.on('connect', () => settle('alive'))
    socket.on('error', error => {
      const code = systemCodeOf(error)
      if (code === 'ENOENT') settle('nobody')
      else if (code === 'ECONNREFUSED' || code === 'ENOTSOCK') settle('stale')
      else if (code === 'EAGAIN') settle('alive')
      else reject(error)
    })
  })
}

/** Prepares a place to listen for the node of `home`, and removes what a dead one left there. */
export async function claimSocket(home: string, host: SocketHost): Promise<string> {
  const path = adminSocketPath(home, host)
  if (host.platform !== 'win32') requirePrivateFolder(dirname(path), host.uid)
  const occupant = await probeSocket(path)
  if (occupant === 'alive')
    throw new AppError(
      'HOME_LOCKED',
      `can not start a node on ${home}: another one answers on ${path}; stop it first, or use another --home`,
      { details: { home, path } }
    )
  if (occupant === 'stale') await rm(path, { force: true })
  return path
}

export async function writeEndpoint(home: string, value: Endpoint): Promise<void> {
  const path = join(home, ENDPOINT_FILE)
  await writePrivateFile(path, `${JSON.stringify(value)}\n`, 'replace')
}

/** Removes the endpoint file if it is still the one that this process wrote. */
export async function removeEndpoint(home: string, pid: number): Promise<void> {
  const path = join(home, ENDPOINT_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return
    throw error
  }
  const parsed = endpoint.safeParse(JSON.parse(text))
  if (parsed.success && parsed.data.pid === pid) await rm(path, { force: true })
}
