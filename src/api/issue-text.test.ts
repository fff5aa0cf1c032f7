import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { issueSentence, issueText } from './issue-text.ts'
import { ROUTES } from './routes.ts'

function sentences(schema: z.ZodType, input: unknown): string[] {
  const parsed = schema.safeParse(input, { error: issueText })
  return parsed.success ? [] : parsed.error.issues.map(issue => issueSentence(issue, input))
}

const CASES: readonly (readonly [z.ZodType, unknown, string])[] = [
  [z.string(), 7, 'a: write text'],
  [z.string(), undefined, 'a is missing: write text'],
  [z.int(), 'x', 'a: write a number'],
  [z.int(), 1.5, 'a: write a whole number'],
  [z.boolean(), 'yes', 'a: write true or false'],
  [z.array(z.string()), 'x', 'a: write a list'],
  [z.array(z.string()), ['x', 3], 'a.1: write text'],
  [z.object({}), 'x', 'a: write an object'],
  [z.record(z.string(), z.int()), 3, 'a: write an object'],
  [z.null(), 3, 'a: write null'],
  [z.enum(['one', 'two', 'three']), 'four', 'a: write one of "one", "two" or "three"'],
  [z.enum(['one', 'two']), undefined, 'a is missing: write "one" or "two"'],
  [z.literal('one'), 'two', 'a: write "one"'],
  [z.string().min(1), '', 'a: write at least 1 character'],
  [z.string().max(2), 'abc', 'a: write at most 2 characters'],
  [z.string().length(2), 'abc', 'a: write exactly 2 characters'],
  [z.array(z.int()).min(1), [], 'a: give at least 1 entry'],
  [z.array(z.int()).max(2), [1, 2, 3], 'a: give at most 2 entries'],
  [z.int().nonnegative(), -1, 'a: write a number of at least 0'],
  [z.int().max(5), 6, 'a: write a number of at most 5'],
  [z.number().positive(), 0, 'a: write a number above 0'],
  [z.number().lt(1), 1, 'a: write a number below 1'],
  [z.number().multipleOf(5), 3, 'a: write a multiple of 5'],
  [z.string().regex(/^x$/), 'y', 'a: it is not written in the form that is asked for'],
  [z.string().startsWith('x'), 'y', 'a: write what begins with "x"'],
  [z.string().endsWith('x'), 'y', 'a: write what ends with "x"'],
  [z.string().includes('x'), 'y', 'a: write what contains "x"'],
  [z.email(), 'y', 'a: it is not written as email'],
  [z.union([z.string(), z.null()]), 3, 'a: write text, or write null'],
  [z.string().min(1, 'write a reason'), '', 'a: write a reason']
]

test('every kind of issue is said in words of ours', () => {
  for (const [schema, given, says] of CASES)
    assert.equal(sentences(z.object({ a: schema }), { a: given }).join('; '), says)
  assert.deepEqual(sentences(z.strictObject({}), { b: 1 }), ['"b" is not known here'])
  assert.deepEqual(sentences(z.strictObject({}), { b: 1, c: 2 }), ['"b", "c" are not known here'])
  const kinds = [z.object({ kind: z.literal('all') }), z.object({ kind: z.literal('one') })] as const
  assert.deepEqual(sentences(z.discriminatedUnion('kind', kinds), { kind: 'x' }), [
    'kind: write "all" or "one"'
  ])
  assert.deepEqual(sentences(z.record(z.string().max(1), z.int()), { bc: 1 }), [
    'bc: the name of an entry is not one that may be there'
  ])
  const sets = z.map(z.string(), z.set(z.int()))
  assert.deepEqual(sentences(sets, new Map([[{}, new Set([1])]])), [
    'the name of an entry is not one that may be there'
  ])
})

test('no route answers in the words of zod, whatever its fields are given', () => {
  for (const [name, { input }] of Object.entries(ROUTES))
    for (const wrong of [
      undefined,
      null,
      -1,
      0.5,
      '',
      'x',
      'x'.repeat(20_000),
      true,
      [],
      {},
      [{}],
      { kind: 'x' }
    ])
      for (const given of [
        wrong,
        Object.fromEntries(Object.keys(input.shape ?? {}).map(key => [key, wrong]))
      ])
        for (const sentence of sentences(input, given))
          assert.doesNotMatch(sentence, /Invalid|expected|, received|Too (small|big)|Unrecognized|NaN/, name)
})
