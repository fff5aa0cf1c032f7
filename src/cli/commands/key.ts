/** `key`: key files, for keys of the org that live apart from any device. None of these needs a node or a home. */

import { resolve } from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import { command, type Invocation } from '../command.ts'
import { passphraseOption, readKeyPassphrase, readPassphrase } from '../passphrase.ts'
import { renderFields } from '../text.ts'

const NEW_PASSPHRASE_OPTION = '--new-passphrase-file'

const file = z.string().min(1, 'name a file')

function pathOf(invocation: Invocation, given: string): string {
  return resolve(invocation.context.workingFolder, given)
}

export const createKey = command({
  usage: 'create <file>',
  summary: 'make a key and keep it in a file under a passphrase',
  description:
    'The file is never written over. Whoever loses the passphrase loses the key: nobody can recover either.',
  examples: ['peerage key create /media/usb/admin.key'],
  options: [passphraseOption()],
  input: z.object({ file, passphraseFile: z.string().optional() }),
  run: async (invocation, input) => {
    const path = pathOf(invocation, input.file)
    const passphrase = await readKeyPassphrase(invocation.context, {
      file: input.passphraseFile,
      prompt: 'new passphrase',
      repeat: true
    })
    const { keys } = await invocation.context.loadDaemon()
    const key = await keys.create(path, passphrase)
    invocation.result({ path, key }, paint =>
      renderFields(
        [
          ['key', key],
          ['file', path]
        ],
        paint
      )
    )
  }
})

export const showKey = command({
  usage: 'show <file>',
  summary: 'show whose key a file holds; needs no passphrase',
  examples: ['peerage key show admin.key'],
  input: z.object({ file }),
  run: async (invocation, input) => {
    const path = pathOf(invocation, input.file)
    const { keys } = await invocation.context.loadDaemon()
    const { key, n, r, p } = await keys.show(path)
    invocation.result({ path, key, kdf: { name: 'scrypt', n, r, p } }, paint =>
      renderFields(
        [
          ['key', key],
          ['passphrase', `scrypt, N ${n}, r ${r}, p ${p}`],
          ['file', path]
        ],
        paint
      )
    )
  }
})

export const changeKeyPassphrase = command({
  usage: 'passphrase <file>',
  summary: 'change the passphrase of a key file',
  description: 'Copies of the file keep the old one.',
  examples: ['peerage key passphrase admin.key'],
  options: [
    passphraseOption(),
    new Option(`${NEW_PASSPHRASE_OPTION} <file>`, 'read the new passphrase from this file (default: ask)')
  ],
  input: z.object({
    file,
    passphraseFile: z.string().optional(),
    newPassphraseFile: z.string().optional()
  }),
  run: async (invocation, input) => {
    const { context } = invocation
    const path = pathOf(invocation, input.file)
    const from = await readKeyPassphrase(context, { file: input.passphraseFile })
    const to = await readPassphrase(context, {
      file: input.newPassphraseFile,
      option: NEW_PASSPHRASE_OPTION,
      environment: false,
      prompt: 'new passphrase',
      repeat: true
    })
    const { keys } = await context.loadDaemon()
    const key = await keys.changePassphrase(path, { from, to })
    invocation.result({ path, key }, () => [`the passphrase of ${path} is changed`])
  }
})
