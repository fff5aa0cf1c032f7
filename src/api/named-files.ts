/** Which inputs of a route name a file or folder of the node's machine. */

import { z } from 'zod'
import { absolutePath } from './field.ts'
import { ROUTES, type RouteName } from './routes.ts'

/** Keys of the input; those whose value may be left out or null among them. */
export function fileKeys(name: RouteName): readonly string[] {
  const shape: Readonly<Record<string, unknown>> = ROUTES[name].input.shape
  return Object.keys(shape).filter(key => isPath(shape[key]))
}

function isPath(schema: unknown): boolean {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional)
    return isPath(schema.unwrap())
  return schema === absolutePath
}
