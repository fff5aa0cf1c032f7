/** Text in a page: whatever somebody typed is shown, and is never markup. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Marks that turn the direction of a line round: a file that is called so reads as if it were of another type. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const MARK = '\ufffd'

export function escaped(text: string): string {
  return text.replace(TURNING, MARK).replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
}
