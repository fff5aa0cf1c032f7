/**
 * The command lines that a page of Markdown shows: those in fenced blocks, which a reader types as they stand, and
 * those in `code`, which may leave out what the sentence does not speak of. Read as a shell would: quotes, comments,
 * continued lines, pipes.
 */

export interface FencedBlock {
  /** What stands after the fence, such as `sh`. */
  readonly info: string
  /** The number of its first line in the page, from 1. */
  readonly line: number
  readonly lines: readonly string[]
}

export interface DocCommand {
  /** Without the name of the program. */
  readonly argv: readonly string[]
  readonly line: number
  readonly isFenced: boolean
}

const FENCE = /^\s*```(.*)$/
const CODE = /`([^`]+)`/g
const PROMPT = /^\s*(\$ |ExecStart=)?/
/** A line that is typed, or that systemd runs. */
const TYPED =
  /^\s*(\$ |ExecStart=)?([A-Z_]+=\S* |sudo |npm run -s |source <\(|\/usr\/bin\/)*peerage\b|&& peerage|\$\(peerage/
/** What stands before the bytes that are signed, such as `peerage beacon v1`, is no command. */
const DOMAIN = / v\d+$/
/** What ends one command of a line. */
const SEPARATOR = /^(\|\|?|&&?|;|\)|\d?>>?(&\d)?|<)/

export function fencedBlocks(page: string): FencedBlock[] {
  const blocks: FencedBlock[] = []
  let open: { info: string; line: number; lines: string[] } | undefined
  page.split('\n').forEach((text, index) => {
    const fence = FENCE.exec(text)
    if (fence === null) open?.lines.push(text)
    else if (open === undefined) open = { info: (fence[1] ?? '').trim(), line: index + 2, lines: [] }
    else {
      blocks.push(open)
      open = undefined
    }
  })
  return blocks
}

/** The words of each command of a line of shell. */
export function shellCommands(text: string): string[][] {
  const commands: string[][] = [[]]
  let word: string | undefined
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at)
    const quoted = /^'([^']*)'|^"((?:[^"\\]|\\.)*)"/.exec(rest)
    const separator = word === undefined || /^[|&;)>]/.test(rest) ? SEPARATOR.exec(rest) : null
    if (quoted !== null) {
      word = (word ?? '') + (quoted[1] ?? (quoted[2] ?? '').replaceAll(/\\(.)/g, '$1'))
      at += quoted[0].length
    } else if (word === undefined && rest.startsWith('#')) break
    else if (separator !== null) {
      endWord()
      commands.push([])
      at += separator[0].length
    } else if (/^\s/.test(rest)) {
      endWord()
      at++
    } else {
      word = (word ?? '') + rest.charAt(0)
      at++
    }
  }
  endWord()
  return commands.filter(words => words.length > 0)
}

/** Also below `$(`, after `sudo`, and in a checkout's `npm run -s peerage --`. */
function argvOf(words: readonly string[]): string[] | undefined {
  const at = words.findIndex(word => /^(\$\(|<\(|\/usr\/bin\/)?peerage$/.test(word))
  if (at < 0) return undefined
  return words.slice(at + (words[at + 1] === '--' ? 2 : 1))
}

export function commandsOf(page: string): DocCommand[] {
  const found: DocCommand[] = []
  const add = (text: string, line: number, isFenced: boolean): void => {
    for (const words of shellCommands(text)) {
      const argv = argvOf(words)
      if (argv !== undefined) found.push({ argv, line, isFenced })
    }
  }
  for (const { lines, line } of fencedBlocks(page)) {
    lines.forEach((text, index) => {
      if (lines[index - 1]?.endsWith('\\')) return
      const continued = /^(?:.*\\\n)*.*/.exec(lines.slice(index).join('\n'))?.[0] ?? text
      // Output that speaks of a command is no command line.
      if (TYPED.test(text)) add(continued.replaceAll('\\\n', ' ').replace(PROMPT, ''), line + index, true)
    })
  }
  // A fence becomes as many empty lines, so that numbers of lines stay.
  const prose = page.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, block => block.replaceAll(/[^\n]/g, ''))
  for (const match of prose.matchAll(CODE)) {
    const code = (match[1] ?? '').replaceAll('\n', ' ')
    if (/^(npm run -s )?peerage [a-z-]/.test(code) && !DOMAIN.test(code))
      add(code, prose.slice(0, match.index).split('\n').length, false)
  }
  return found
}
