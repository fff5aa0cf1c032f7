/** Texts as they are written in fields. */

/** Without the white space around it; null where nothing is written. */
export function writtenOrNull(text: string): string | null {
  return text.trim() || null
}
