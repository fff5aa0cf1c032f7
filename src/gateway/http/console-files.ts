/**
 * The files of the web console as the build made them: which there are is read once, so that a request can name no
 * other, and what each holds is read when it is asked for. The page itself holds a place for the nonce of its styles.
 */

import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { constants, brotliCompress as zlibBrotliCompress } from 'node:zlib'
import { contentType } from './content-headers.ts'

const PAGE = 'index.html'
const ASSETS = 'assets'
const NONCE_PLACE = '__NONCE__'
const NONCE_BYTES = 18
/** More is saved by more, and it takes the first reader as much longer. */
const BROTLI_QUALITY = 6
const COMPRESSED = /^(?:text\/|application\/(?:javascript|json)|image\/svg)/

const brotliCompress = promisify(zlibBrotliCompress)

export interface ConsoleFile {
  readonly contentType: string
  readonly plain: Buffer
  /** Null for what gets no smaller. */
  readonly brotli: Buffer | null
}

export interface ConsolePage {
  readonly html: string
  readonly nonce: string
}

/** In the published package beside the code, in a checkout where `npm run build:console` puts it. */
function consoleFolder(): string {
  const built = import.meta.url.endsWith('.ts') ? '../../../console/dist' : '../../console'
  return fileURLToPath(new URL(built, import.meta.url))
}

export class ConsoleFiles {
  readonly #folder: string
  readonly #names: ReadonlySet<string>
  readonly #files = new Map<string, Promise<ConsoleFile>>()
  #page: Promise<string> | undefined

  constructor(folder = consoleFolder()) {
    this.#folder = folder
    const assets = join(folder, ASSETS)
    this.#names = new Set(this.isBuilt && existsSync(assets) ? readdirSync(assets) : [])
  }

  get isBuilt(): boolean {
    return existsSync(join(this.#folder, PAGE))
  }

  /** The page with a nonce of its own. */
  async page(): Promise<ConsolePage> {
    this.#page ??= readFile(join(this.#folder, PAGE), 'utf8')
    const nonce = randomBytes(NONCE_BYTES).toString('base64')
    return { html: (await this.#page).replaceAll(NONCE_PLACE, nonce), nonce }
  }

  asset(name: string): Promise<ConsoleFile> | undefined {
    if (!this.#names.has(name)) return undefined
    const file = this.#files.get(name) ?? this.#read(name)
    this.#files.set(name, file)
    return file
  }

  async #read(name: string): Promise<ConsoleFile> {
    const plain = await readFile(join(this.#folder, ASSETS, name))
    const type = contentType(name)
    const isCompressed = COMPRESSED.test(type)
    const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY }
    return {
      contentType: type,
      plain,
      brotli: isCompressed ? await brotliCompress(plain, { params }) : null
    }
  }
}
