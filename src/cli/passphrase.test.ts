import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { CliContext, Terminal } from './context.ts'
import { readHiddenLine } from './hidden-line.ts'
import { type PassphraseSource, readPassphrase } from './passphrase.ts'

class FakeTerminal extends EventEmitter {
  raw = false
  readonly modes: boolean[] = []

  setRawMode(raw: boolean): void {
    this.raw = raw
    this.modes.push(raw)
  }

  resume(): void {}
  pause(): void {}
}

function screen(): Terminal & { text: string } {
  return {
    text: '',
    write(data) {
      this.text += String(data)
    },
    isTty: true,
    columns: 80
  }
}

async function typed(...chunks: readonly (string | Uint8Array)[]) {
  const input = new FakeTerminal()
  const output = screen()
  const { write } = output
  output.write = function (data) {
    assert.equal(input.raw, data === 'passphrase: ', 'nothing can be typed visibly once it is asked for')
    write.call(this, data)
  }
  const line = readHiddenLine({ input, output, prompt: 'passphrase: ' })
  assert.equal(input.raw, true)
  for (const chunk of chunks) input.emit('data', typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  if (chunks.length === 0) input.emit('end')
  const outcome = await line.catch((thrown: unknown) => thrown as { code: string })
  assert.deepEqual(input.modes, [true, false], 'the terminal is as it was, whatever happened')
  assert.equal(input.listenerCount('data') + input.listenerCount('end'), 0)
  assert.equal(output.text, 'passphrase: \n', 'nothing of it is shown')
  return typeof outcome === 'string' ? outcome : outcome.code
}

describe('a hidden line', () => {
  it('is what was typed, with the keys that mend a line', async () => {
    const umlaut = Buffer.from('ü')
    const cases: readonly (readonly [readonly (string | Uint8Array)[], string])[] = [
      [['secret\r'], 'secret'],
      [['sec', 'ret', '\n'], 'secret'],
      [['secrex\u007ft\r'], 'secret'],
      [['x\u007f\u007f\u007fsecret\b\r'], 'secre'],
      [['wrong\u0015secret\r'], 'secret'],
      [['a\u0001\u001b b\r'], 'a b'],
      [['gr', umlaut.subarray(0, 1), umlaut.subarray(1), 'n\r'], 'grün'],
      [['🔑x\u007f\u007fy\r'], 'y'],
      [['\r'], ''],
      [['abc\u0003'], 'INTERRUPTED'],
      [['abc\u0004'], 'PASSPHRASE_MISSING'],
      [[], 'PASSPHRASE_MISSING']
    ]
    for (const [chunks, expected] of cases) assert.equal(await typed(...chunks), expected)
  })
})

describe('a passphrase', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-passphrase-'))
  after(() => rmSync(folder, { recursive: true }))
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return name
  }

  async function read(
    source: Partial<PassphraseSource>,
    { env = {}, answers }: { env?: Record<string, string>; answers?: string[] } = {}
  ): Promise<string> {
    const context = {
      env,
      workingFolder: folder,
      readHiddenLine: answers && (async () => answers.shift() ?? assert.fail('asked once too often'))
    }
    return await readPassphrase(context as unknown as CliContext, {
      file: undefined,
      option: '--passphrase-file',
      environment: true,
      prompt: 'passphrase',
      repeat: false,
      ...source
    })
  }

  it('comes from the file of the option, then of the environment, then from the terminal', async () => {
    const env = { PEERAGE_PASSPHRASE_FILE: write('of-environment', 'two\r\n') }
    const answers = ['three']
    assert.equal(await read({ file: write('of-option', 'one\n') }, { env, answers }), 'one')
    assert.equal(await read({}, { env, answers }), 'two')
    assert.equal(await read({ environment: false }, { env, answers }), 'three')
    assert.equal(await read({ file: write('spaces', ' a b ') }), ' a b ')
  })

  it('that is new is asked for twice', async () => {
    assert.equal(await read({ repeat: true }, { answers: ['same', 'same'] }), 'same')
    await assert.rejects(read({ repeat: true }, { answers: ['same', 'sane'] }), { code: 'USAGE' })
  })

  it('that can not be had is said to be missing, with the way out', async () => {
    await assert.rejects(read({}), { code: 'PASSPHRASE_MISSING', message: /--passphrase-file or PEERAGE_/ })
    for (const file of ['none', '.', write('lines', 'a\nb\n'), write('long', 'x'.repeat(5000))])
      await assert.rejects(read({ file }), { code: 'PASSPHRASE_MISSING' }, file)
  })
})
