/** `verify`: hashes again what this device holds. */

import { z } from 'zod'
import type { Verified, VerifiedCopy } from '../../api/dataset.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import { command } from '../command.ts'
import { datasetReference, referenceText } from '../dataset-reference.ts'
import { verifyLine } from '../progress.ts'
import { type Paint, plural, printable } from '../text.ts'

function renderCopy(copy: VerifiedCopy, paint: Paint): string[] {
  const part = copy.selected === null ? '' : `, of ${plural(copy.selected.files, 'file')} that were asked for`
  const checked = `${plural(copy.piecesChecked, 'piece')}, ${formatBytes(copy.bytesChecked)}${part}`
  if (copy.intact) return [`${paint('green', 'intact')}  ${printable(copy.path)}  ${checked}`]
  const unlisted = copy.damagedFileCount - copy.damagedFiles.length
  return [
    `${paint('red', 'damaged')}  ${printable(copy.path)}  ${plural(copy.piecesBad, 'bad piece')} of ${checked}`,
    ...copy.damagedFiles.map(({ path, missing }) => `  ${missing ? 'missing' : 'bad'}  ${printable(path)}`),
    ...(unlisted > 0 ? [`  and ${plural(unlisted, 'more file')}`] : [])
  ]
}

export const verify = command({
  usage: 'verify <dataset>',
  summary: 'hash again what this device holds of a version, and list what is bad',
  description:
    'Bad pieces are no longer served; fetch them again with peerage get into the same destination.',
  examples: ['peerage verify os-image', 'peerage verify os-image@3 --json'],
  input: z.object({ dataset: datasetReference }),
  streams: true,
  run: async (invocation, { dataset }) => {
    const { client, context } = invocation
    const verified: Verified = await client.stream('verify', dataset, {
      signal: context.catchInterrupt(),
      onProgress: progress => invocation.progress(progress, () => verifyLine(progress))
    })
    if (verified.copies.length === 0)
      throw new AppError(
        'DATASET_UNKNOWN',
        `this device holds nothing of ${referenceText(dataset)}; fetch it with peerage get`,
        { details: { name: dataset.name, version: dataset.version } }
      )
    invocation.streamResult(verified, paint => verified.copies.flatMap(copy => renderCopy(copy, paint)))
    return verified.copies.every(copy => copy.intact) ? 0 : ERROR_CODES.VERIFY_FAILED.exitCode
  }
})
