/**
 * A film played from a node that holds nothing, by a real browser, while another that holds it gives it at little more
 * than the rate of the film; and curl and wget, that read there what is not there yet.
 */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { HOUR_MS } from '../src/base/units.ts'
import { OWNER } from '../src/gateway/http/caller.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import { ownCertificate } from '../src/gateway/http/web-certificate.ts'
import { WebServer } from '../src/gateway/http/web-server.ts'

const CHROMIUM = '/usr/bin/chromium'
const CHROMIUM_FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync']
]
const FILM_SECONDS = 20
const SEEK_SECONDS = 16
/** What is run in the page. */
const FIRST_PICTURE = `(async () => {
  const video = document.querySelector('video')
  await new Promise((resolve, reject) => {
    if (video.readyState >= 2) resolve()
    video.addEventListener('loadeddata', resolve)
    video.addEventListener('error', () => reject(new Error(video.error?.message)))
  })
  return { width: video.videoWidth, seconds: video.duration }
})()`
const SEEK = `(async () => {
  const video = document.querySelector('video')
  const sought = new Promise(resolve => video.addEventListener('seeked', resolve, { once: true }))
  video.currentTime = ${SEEK_SECONDS}
  await sought
  const soughtAt = video.currentTime
  await video.play()
  while (video.currentTime < soughtAt + 0.2) await new Promise(resolve => setTimeout(resolve, 20))
  return { soughtAt, frames: video.getVideoPlaybackQuality().totalVideoFrames }
})()`
const org = new OrgInProcess()
const other = randomBytes(6_000_000)
const film = join(org.folder, 'source', 'film.mp4')
let nas: Running
let laptop: Running
let server: WebServer
let tokens: TokenBook
let origin: string
let bearer: string
const certificate = join(org.folder, 'cert.pem')

before(async () => {
  mkdirSync(join(org.folder, 'source'))
  writeFileSync(join(org.folder, 'source', 'other.bin'), other)
  if (skipWithout('ffmpeg', '-version') === false) makeFilm()
  nas = await org.found('nas')
  laptop = await org.join(nas, 'laptop', { site: 'berlin' })
  await org.settled()
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const order = { path: join(org.folder, 'source'), name: 'films', dataClass: 'internal' } as const
  const { version } = await nas.service.publish(order, task)
  await eventually('the laptop knows of it', () => laptop.node.keeper.state().publishedAs.has(version))
  await serve()
})
after(async () => {
  await server.close()
  await tokens.close()
  await org.stop()
})

/** The laptop answers, as with peerage up --api. */
async function serve(): Promise<void> {
  const { service, node } = laptop
  tokens = new TokenBook(node.home)
  const own = await ownCertificate(node.home, { names: [], nowMs: Date.now() })
  writeFileSync(certificate, own.cert)
  server = await WebServer.create({
    ...{ service, tokens, certificate: own, software: 'peerage/0', log: { error: () => undefined } },
    ...{ onCall: () => undefined, drainMs: 100 }
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  origin = `https://127.0.0.1:${port}`
  const { token } = await tokens.create({ name: 'player', scopes: ['content'], lifeMs: HOUR_MS }, OWNER)
  bearer = `Bearer ${token}`
}

/** Only where the package is missing outside of CI. */
function skipWithout(program: string, flag = '--version'): string | false {
  if (spawnSync(program, [flag]).status === 0) return false
  assert.ok(process.env.CI !== 'true', `${program} is installed in CI`)
  return `${program} is not installed`
}

/** Noise, so that it has the rate that a film has: 12 Mbit/s. */
function makeFilm(): void {
  const picture = `testsrc2=size=640x360:rate=25:duration=${FILM_SECONDS}`
  const rate = ['-b:v', '12M', '-minrate', '12M', '-maxrate', '12M', '-bufsize', '12M']
  const args = ['-loglevel', 'error', '-f', 'lavfi', '-i', picture, '-vf', 'noise=alls=60:allf=t', ...rate]
  const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25']
  const { status, stderr } = spawnSync('ffmpeg', [...args, ...coding, '-movflags', '+faststart', film])
  assert.equal(status, 0, String(stderr))
}

function cachedBytes(): number {
  return laptop.node.store.cache.usage().usedBytes
}

test('curl reads ranges of what is not here, and wget goes on with it', async t => {
  const skip = skipWithout('curl') || skipWithout('wget')
  if (skip) return t.skip(skip)
  const url = `${origin}/content/films/other.bin`
  const header = `Authorization: ${bearer}`
  assert.equal(cachedBytes(), 0)
  const part = await output(
    'curl',
    '-sSf',
    '--cacert',
    certificate,
    '-H',
    header,
    '-r',
    '5000000-5000999',
    url
  )
  assert.ok(part.equals(other.subarray(5_000_000, 5_001_000)))
  const cached = cachedBytes()
  assert.ok(cached > 0 && cached < other.length, `${cached} B for a short range`)
  const target = join(org.folder, 'other.bin')
  writeFileSync(target, other.subarray(0, 1_234_567))
  await output('wget', '-q', '-c', `--ca-certificate=${certificate}`, `--header=${header}`, '-O', target, url)
  assert.ok(readFileSync(target).equals(other))
})

test('a browser shows the first picture of a film, and one that it seeks, before the film is here', async t => {
  const isMissing = !existsSync(CHROMIUM) || !existsSync(film)
  assert.ok(!isMissing || process.env.CI !== 'true', 'chromium and ffmpeg are installed in CI')
  if (isMissing) return t.skip('chromium or ffmpeg is not installed')
  const filmBytes = statSync(film).size
  const cap = { id: null, direction: 'up', link: 'all', dataClass: 'all', hours: null } as const
  await nas.service.limits.setLimits([{ ...cap, bytesPerSecond: 1_000_000 }])
  const before = cachedBytes()
  const launch = { executablePath: CHROMIUM, args: CHROMIUM_FLAGS, chromiumSandbox: false }
  const context = await chromium.launchPersistentContext(join(org.folder, 'profile'), {
    ...{ ...launch, ignoreHTTPSErrors: true, extraHTTPHeaders: { authorization: bearer } }
  })
  try {
    const page = context.pages()[0] ?? (await context.newPage())
    // A page of this origin, as others may not show what is stored here.
    const body = '<video muted preload="auto" src="/content/films/film.mp4"></video>'
    await page.route('**/play', route => route.fulfill({ contentType: 'text/html', body }))
    await page.goto(`${origin}/play`)
    const shown = await page.evaluate<{ width: number; seconds: number }>(FIRST_PICTURE)
    const atFirst = cachedBytes() - before
    assert.deepEqual([shown.width, Math.round(shown.seconds)], [640, FILM_SECONDS])
    assert.ok(atFirst < filmBytes / 2, `${atFirst} of ${filmBytes} B when the first picture shows`)
    const played = await page.evaluate<{ soughtAt: number; frames: number }>(SEEK)
    const atSeek = cachedBytes() - before
    assert.equal(played.soughtAt, SEEK_SECONDS)
    assert.ok(played.frames > 0)
    assert.ok(atSeek < filmBytes, `${atSeek} of ${filmBytes} B when the one that was sought plays`)
    t.diagnostic(`first picture with ${share(atFirst, filmBytes)}, sought with ${share(atSeek, filmBytes)}`)
  } finally {
    await context.close()
  }
})

function share(bytes: number, of: number): string {
  return `${((100 * bytes) / of).toFixed(0)} %`
}

async function output(program: string, ...args: string[]): Promise<Buffer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', chunk => chunks.push(chunk))
  const [exitCode] = await once(child, 'close')
  assert.equal(exitCode, 0, program)
  return Buffer.concat(chunks)
}
