/** What waits for admins, in words: what it leads to, how far it is, and what is written by who approves it. */

import type { Answer } from '../api/routes.ts'
import { counted, shortId } from './words.ts'

export type Line = Answer<'operations'>['operations'][number]
export type Entry = Answer<'operation'>

/** What operations do once they are in force, where that is grave; by their types. */
export const CONSEQUENCES = {
  'content.quarantine':
    'Every device stops reading and serving it as soon as it hears of this. Copies stay; it can be released.',
  'content.recall':
    'Every device stops reading and serving it and deletes its copies. This can not be undone.',
  'content.erase':
    'Every device stops reading it, destroys its keys, deletes its copies and confirms that by its signature. It can not ' +
    'come back, and a hold or too few admins delay it.',
  'device.suspend': 'Every device cuts its links with it until it is readmitted.',
  'device.revoke':
    'Its key never counts again: the machine can only join anew, as another device. This can not be undone.',
  'role.revoke':
    'What it did by that role until now stays; from now on nothing that takes the role counts from it.',
  'hold.lift':
    'What is to be erased, or is over, is deleted again from then on, as far as no other hold stands.'
} as const

export function consequenceOf(type: string): string | null {
  return Object.hasOwn(CONSEQUENCES, type) ? CONSEQUENCES[type as keyof typeof CONSEQUENCES] : null
}

type Signed = Pick<Entry, 'type' | 'fields'>

/** The role that is given by it; null for operations of other types. */
export function roleGiven(entry: Signed): string | null {
  return entry.type === 'role.grant' ? textOf(entry, 'role') : null
}

/** The class whose keeping it changes; null for operations of other types. */
export function classChanged(entry: Signed): string | null {
  return entry.type === 'class.policy' ? textOf(entry, 'class') : null
}

function textOf({ fields }: Signed, key: string): string | null {
  const value = fields?.[key]
  return typeof value === 'string' ? value : null
}

/** What is to be written by who means to approve it: the one thing that it is about, or the beginning of its id. */
export function nameToWrite(entry: Pick<Entry, 'concerns' | 'operation' | 'type' | 'fields'>): string {
  const { concerns, operation } = entry
  const named = [...concerns.datasets, ...concerns.devices].map(({ name }) => name)
  const names = new Set([...named, classChanged(entry)].filter(name => name !== null))
  const [name] = names
  return names.size === 1 && name !== undefined ? name : shortId(operation)
}

/** Whether a device agrees already: as its author, or by an approval. */
export function agrees(entry: Pick<Entry, 'author' | 'approvals'>, device: string): boolean {
  return [entry, ...entry.approvals].some(({ author }) => author.device === device)
}

/** How far the approvals are, the author counted where an admin. */
export function approvalsText({ approvals, approvalsNeeded, detail, inForce }: Entry): string {
  if (approvalsNeeded <= 1) return 'its type needs no more than its author'
  const given = `${counted(approvals.length, 'approval')} besides its author; ${approvalsNeeded} admins are needed`
  return inForce || detail === null ? given : `${given}: ${detail}`
}
