/** What people type, or a word that means none of it. */

import { z } from 'zod'

/** Null for a word that means none, else what the schema takes. */
export function orWord<T>(word: string, schema: z.ZodType<T, string>) {
  return z.string().transform((text, context): T | null => {
    if (text === word) return null
    const parsed = schema.safeParse(text)
    if (parsed.success) return parsed.data
    for (const { message } of parsed.error.issues)
      context.addIssue({ code: 'custom', message: `${message}, or ${word}` })
    return z.NEVER
  })
}
