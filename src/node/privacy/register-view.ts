/** What every register of privacy begins with: the ledger, the notes of the org, and who data is about. */

import type { DeviceId } from '../../base/ids.ts'
import type { DatasetVersion } from '../../ledger/fold/state.ts'
import type { PrivacyStore } from '../../store/privacy-store.ts'
import type { Node } from '../node.ts'
import { NotesBook } from './notes-book.ts'
import { Places } from './places.ts'
import type { RegisterHead } from './privacy-terms.ts'
import type { RegisterView } from './processing-record.ts'

export type RegisteringNode = Pick<Node, 'keeper' | 'identity' | 'catalogue' | 'subjects' | 'software'>

export function registerView(node: RegisteringNode, store: PrivacyStore, nowMs: number): RegisterView {
  const [state, notes] = [node.keeper.state(), new NotesBook(store).all()]
  const nameOf = (device: DeviceId) => node.catalogue.nameOf(device)
  const places = new Places({ state, notes, siteOf: device => nameOf(device).site })
  return { state, notes, places, nameOf, nowMs }
}

export function registerHead(
  { identity, software, catalogue }: RegisteringNode,
  { notes: { controller, territory }, nowMs: atMs }: RegisterView
): RegisterHead {
  return {
    org: { id: identity.org, name: identity.orgName },
    device: catalogue.nameOf(identity.device),
    ...{ software, atMs, controller, territory }
  }
}

/**
 * The persons whom publications that are meant are about, by the dataset; ids as the directory of this device has
 * them.
 */
export function personsByDataset(
  { subjects }: RegisteringNode,
  isMeant: (published: DatasetVersion) => boolean
): Map<string, Set<string>> {
  const persons = new Map<string, Set<string>>()
  for (const id of subjects.directory.ids())
    for (const { dataset } of subjects.about(subjects.directory.keysOf(id), isMeant)) {
      const known = persons.get(dataset.name) ?? new Set()
      persons.set(dataset.name, known.add(id))
    }
  return persons
}
