/**
 * A value that fits a JSON schema (draft 2020-12, as zod writes it), for the examples of the API's description: the
 * examples that the schema itself names, and what follows from them.
 */

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

const NESTED_MAX = 16

export function exampleOf(schema: JsonSchema, defs: Readonly<Record<string, JsonSchema>> = {}): unknown {
  return example(schema, defs, 0)
}

function example(schema: JsonSchema, defs: Readonly<Record<string, JsonSchema>>, depth: number): unknown {
  const named = { ...defs, ...((schema.$defs as Record<string, JsonSchema> | undefined) ?? {}) }
  const inside = (of: unknown): unknown => example((of ?? {}) as JsonSchema, named, depth + 1)
  if (depth > NESTED_MAX) return null
  if (typeof schema.$ref === 'string') return inside(named[schema.$ref.split('/').at(-1) ?? ''])
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const either = schema.anyOf ?? schema.oneOf
  if (Array.isArray(either)) return inside(either.find(({ type }) => type !== 'null') ?? either[0])
  if (Array.isArray(schema.allOf)) return Object.assign({}, ...schema.allOf.map(inside))
  switch (schema.type) {
    case 'object':
      return objectExample(schema, inside)
    case 'array':
      if (Array.isArray(schema.prefixItems)) return schema.prefixItems.map(inside)
      return Array.from({ length: Math.max(1, Number(schema.minItems ?? 1)) }, () => inside(schema.items))
    case 'string':
      return 'text'
    case 'integer':
    case 'number':
      return numberExample(schema)
    case 'boolean':
      return false
    default:
      return null
  }
}

function objectExample(schema: JsonSchema, inside: (of: unknown) => unknown): Record<string, unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, unknown>)
  const values = properties.map(([key, of]): [string, unknown] => [key, inside(of)])
  return Object.fromEntries(values)
}

function numberExample({ minimum, exclusiveMinimum, maximum }: JsonSchema): number {
  const least = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : Number(minimum ?? 0)
  const usual = Math.max(least, 1)
  return typeof maximum === 'number' ? Math.min(usual, maximum) : usual
}
