/** A line of the log, one JSON object, as people read it on a terminal. */

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error'
}

/** Control and bidirectional characters, and ends of lines: what a peer said must not steer the terminal. */
const INVISIBLE = /[\p{C}\u2028\u2029]/gu

export function readableLogLine(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: number; msg: string }
  const data = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`
  )
  const text = [new Date(time).toISOString(), (LEVELS[level] ?? '').padEnd(5), msg, ...data].join(' ')
  return text.replace(INVISIBLE, ' ')
}
