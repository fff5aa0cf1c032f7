/**
 * The house style as a test. What a formatter or a type checker can not see: sizes of files, names of files,
 * words that hide unfinished work, and pages that speak of anything but the project.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { exit } from 'node:process'

const FILE_LINES_MAX = 500
const TEST_FILE_LINES_MAX = 900
const LINE_COLUMNS_MAX = 120

const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|conformance|fuzz|config|module|d))?\.(tsx?|py|css)$/
const VAGUE_NAME = /\b(utils?|helpers?|common|misc|manager)\b/
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, 'hides unfinished work: finish it or write it down where users see it'],
  [/@ts-(ignore|nocheck|expect-error)/, 'silences the type checker'],
  [/\bas any\b|: any\b/, 'gives up on types'],
  [/\.(only|todo)\(/, 'leaves a test focused or unwritten'],
  [/\bconst enum\b|\benum [A-Z]|\bnamespace [A-Z]/, 'is not erasable syntax']
]

function tidyCode(file: string, text: string): string[] {
  const problems: string[] = []
  const lines = text.split('\n')
  const limit = /\.test\.ts$|^test\//.test(file) ? TEST_FILE_LINES_MAX : FILE_LINES_MAX
  if (lines.length > limit)
    problems.push(`${file}: ${lines.length} lines, at most ${limit}: a file is one idea`)
  const name = basename(file)
  if (!FILE_NAME.test(name)) problems.push(`${file}: the name is not kebab-case`)
  if (VAGUE_NAME.test(name.replaceAll('-', ' ')))
    problems.push(`${file}: the name says nothing; name the noun`)
  if (file === 'scripts/tidy.ts') return problems
  lines.forEach((line, index) => {
    const at = `${file}:${index + 1}`
    if (line.length > LINE_COLUMNS_MAX && !/https?:|['"`][^'"`]{60,}/.test(line))
      problems.push(`${at}: ${line.length} columns, at most ${LINE_COLUMNS_MAX}`)
    for (const [pattern, why] of BANNED) if (pattern.test(line)) problems.push(`${at}: ${why}`)
  })
  return problems
}

function tidyText(file: string, text: string): string[] {
  const problems: string[] = []
  text.split('\n').forEach((line, index) => {
    if (/[ \t]+$/.test(line)) problems.push(`${file}:${index + 1}: trailing white space`)
    if (line.includes('\t') && /\.(tsx?|css|json|md|ya?ml)$/.test(file))
      problems.push(`${file}:${index + 1}: a tab`)
  })
  if (text.length > 0 && !text.endsWith('\n')) problems.push(`${file}: does not end with a line feed`)
  return problems
}

function main(): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8'
  })
  const problems: string[] = []
  for (const file of listed.split('\0')) {
    if (!/\.(tsx?|css|py|md|json|ya?ml|sh)$/.test(file) || file === 'package-lock.json') continue
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      continue // deleted in the working tree, still in the index
    }
    problems.push(...tidyText(file, text))
    if (/\.(tsx?|css|py)$/.test(file)) problems.push(...tidyCode(file, text))
  }
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) exit(1)
  console.log('tidy: ok')
}

main()
