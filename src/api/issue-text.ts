/**
 * What is wrong with an input, in words of ours: the one place where issues of zod become sentences. A schema that has
 * a message of its own keeps it.
 */

import type { z } from 'zod'

type RawIssue = z.core.$ZodRawIssue

const CHOICES_MAX = 24

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null'
}

/** The part after "name: "; for `safeParse(value, {error: issueText})`. */
export function issueText(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `write ${WORDS[issue.expected] ?? `a value of type ${issue.expected}`}`
    case 'invalid_value':
      return `write ${choices(issue.values.map(shown))}`
    case 'too_small':
      return sizeText(issue, { bound: issue.minimum, direction: 'least' })
    case 'too_big':
      return sizeText(issue, { bound: issue.maximum, direction: 'most' })
    case 'not_multiple_of':
      return `write a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return `${issue.keys.map(shown).join(', ')} ${issue.keys.length === 1 ? 'is' : 'are'} not known here`
    case 'invalid_format':
      return formatText(issue)
    case 'invalid_union':
      return unionText(issue)
    case 'invalid_key':
      return 'the name of an entry is not one that may be there'
    case 'invalid_element':
      return 'an entry is not one that may be there'
    default:
      return 'this is not what is asked for'
  }
}

/** An issue with where it is, in the input that it was found in: "kind: write …", "name is missing: write …". */
export function issueSentence({ path, message }: z.core.$ZodIssue, input: unknown): string {
  if (path.length === 0) return message
  const where = path.map(String).join('.')
  return valueAt(input, path) === undefined ? `${where} is missing: ${message}` : `${where}: ${message}`
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

function sizeText(
  issue: RawIssue & { readonly origin: string; readonly inclusive?: boolean | undefined },
  { bound, direction }: { readonly bound: number | bigint; readonly direction: 'least' | 'most' }
): string {
  const isExact = 'exact' in issue && issue.exact === true
  const amount = isExact ? `exactly ${bound}` : `at ${direction} ${bound}`
  const one = Number(bound) === 1
  if (issue.origin === 'string') return `write ${amount} ${one ? 'character' : 'characters'}`
  if (issue.origin === 'array' || issue.origin === 'set') return `give ${amount} ${one ? 'entry' : 'entries'}`
  if (issue.inclusive === false) return `write a number ${direction === 'least' ? 'above' : 'below'} ${bound}`
  return `write a number of ${amount}`
}

function formatText(issue: Extract<RawIssue, { code: 'invalid_format' }>): string {
  if (issue.format === 'starts_with' && typeof issue.prefix === 'string')
    return `write what begins with ${shown(issue.prefix)}`
  if (issue.format === 'ends_with' && typeof issue.suffix === 'string')
    return `write what ends with ${shown(issue.suffix)}`
  if (issue.format === 'includes' && typeof issue.includes === 'string')
    return `write what contains ${shown(issue.includes)}`
  return issue.format === 'regex'
    ? 'it is not written in the form that is asked for'
    : `it is not written as ${issue.format}`
}

function unionText({ errors, options }: Extract<RawIssue, { code: 'invalid_union' }>): string {
  if (Array.isArray(options) && options.length > 0) return `write ${choices(options.map(shown))}`
  const each = new Set(errors.flatMap(issues => issues.map(({ message }) => message)))
  return each.size === 0 ? 'this is none of what may be here' : [...each].join(', or ')
}

function choices(texts: readonly string[]): string {
  if (texts.length === 1) return texts.join('')
  const some = texts.slice(0, CHOICES_MAX)
  if (some.length < texts.length) return `one of ${some.join(', ')} and others`
  return `${some.length > 2 ? 'one of ' : ''}${some.slice(0, -1).join(', ')} or ${some.at(-1)}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
