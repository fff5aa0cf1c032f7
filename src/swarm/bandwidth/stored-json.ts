/** JSON that was stored with the version of its form under `v`, and may be damaged. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined for what is damaged, or of another version. */
export function readVersioned(text: string, version: number): Record<string, unknown> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isRecord(value) && value.v === version ? value : undefined
}
