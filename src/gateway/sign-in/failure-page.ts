/** What a person sees whose sign-in failed: a page, as it is a browser that comes back. Without scripts or styles. */

import type { AppError } from '../../base/errors.ts'
import { escaped } from '../../base/html.ts'

export function failurePage({ code, message }: AppError): string {
  return [
    '<!doctype html>',
    '<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    '<title>Not signed in</title>',
    '<h1>Not signed in</h1>',
    `<p>${escaped(message)} (${code})</p>`,
    '<p><a href="/sign-in/begin">Sign in again</a></p>',
    '</html>',
    ''
  ].join('\n')
}
